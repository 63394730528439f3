import type { AutoReload } from '../core/account.ts'
import { setAutoReload as draft } from '../core/commands.ts'
import type { CustomerId } from '../core/ids.ts'
import { changeSetting } from './change-setting.ts'
import type { Command } from './command.ts'
import type { Parts } from './parts.ts'

export class InvalidAutoReloadError extends Error {
  readonly code = 'invalid_auto_reload'
}

/** Turns auto-reload on with its terms, or off. Nothing else ever turns it on, off or up (O9). */
export async function setAutoReload(
  parts: Parts,
  command: Command & { readonly customerId: CustomerId; readonly setting: AutoReload },
): Promise<void> {
  const { setting } = command
  if (setting.kind === 'on') check(setting)
  await changeSetting(
    parts,
    { ...command, memberId: null },
    {
      content: { autoReload: setting },
      draft: (_scope, context) => draft({ setting }, context),
    },
  )
}

function check(setting: Extract<AutoReload, { kind: 'on' }>): void {
  const { thresholdNanos, amountNanos, monthMaxNanos } = setting
  if (thresholdNanos <= 0n) {
    throw new InvalidAutoReloadError(
      'The threshold has to be above zero: less than nothing is never available',
    )
  }
  // Else one need would fire several reloads in a row.
  if (amountNanos < thresholdNanos) {
    throw new InvalidAutoReloadError(
      'The amount has to be at least the threshold, so that one reload is enough',
    )
  }
  if (monthMaxNanos < amountNanos) {
    throw new InvalidAutoReloadError(
      "The month's maximum has to be at least the amount: it would never reload",
    )
  }
}
