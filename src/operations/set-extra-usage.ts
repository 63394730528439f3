import { setExtraUsage as draft } from '../core/commands.ts'
import { changeSetting, type Setting } from './change-setting.ts'
import type { Parts } from './parts.ts'

/** The extra-usage switch. Nothing else ever moves it: no purchase, no plan change, no restore (O4). */
export function setExtraUsage(
  parts: Parts,
  command: Setting & { readonly isOn: boolean },
): Promise<void> {
  const { isOn } = command
  return changeSetting(parts, command, {
    content: { isExtraUsageOn: isOn },
    draft: (scope, context) => draft({ scope, isOn }, context),
  })
}
