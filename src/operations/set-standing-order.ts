import { setStandingOrder as draft } from '../core/commands.ts'
import type { CustomerId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { changeSetting } from './change-setting.ts'
import type { Command } from './command.ts'
import type { Parts } from './parts.ts'

/** What the operator pays for in a customer's month without being asked; zero ends it. It reloads nothing by itself. */
export function setStandingOrder(
  parts: Parts,
  command: Command & { readonly customerId: CustomerId; readonly monthMaxNanos: Nanos },
): Promise<void> {
  const { monthMaxNanos } = command
  return changeSetting(
    parts,
    { ...command, memberId: null },
    {
      content: { standingOrder: monthMaxNanos },
      draft: (_scope, context) => draft({ monthMaxNanos }, context),
    },
  )
}
