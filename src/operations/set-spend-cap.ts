import type { SpendCap } from '../core/account.ts'
import { setSpendCap as draft } from '../core/commands.ts'
import { changeSetting, type Setting } from './change-setting.ts'
import type { Parts } from './parts.ts'

/** The most extra usage that may be charged in a calendar month; it counts for the very next decision (D9). */
export function setSpendCap(
  parts: Parts,
  command: Setting & { readonly cap: SpendCap },
): Promise<void> {
  const { cap } = command
  return changeSetting(parts, command, {
    content: { cap },
    draft: (scope, context) => draft({ scope, cap }, context),
  })
}
