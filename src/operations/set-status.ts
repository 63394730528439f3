import { setStatus as draft } from '../core/commands.ts'
import { changeSetting, type Setting } from './change-setting.ts'
import type { Parts } from './parts.ts'

/** Pauses or resumes a customer or a member. Requests that run finish under the settle rule. */
export function setStatus(
  parts: Parts,
  command: Setting & { readonly isActive: boolean },
): Promise<void> {
  const { isActive } = command
  return changeSetting(parts, command, {
    content: { isActive },
    draft: (scope, context) => draft({ scope, isActive }, context),
  })
}
