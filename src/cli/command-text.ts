import { resolve } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { declarations } from '../config/settings.ts'
import { quoted } from '../health/shell-word.ts'

/** How this program is called from a checkout. */
export const programName = 'npm run plimsoll --'

/**
 * A command to paste, as a hint: it goes to the installation that answered, so it names the data folder
 * or the address wherever they are not the ones that are found without being named.
 */
export function commandText(
  { dataFolder, adminUrl }: Pick<Settings, 'dataFolder' | 'adminUrl'>,
  words: string,
): string {
  const isElsewhere = resolve(dataFolder) !== resolve(declarations.dataFolder.default)
  const folder = isElsewhere ? ` --data-folder ${quoted(dataFolder)}` : ''
  const url = adminUrl === null ? '' : ` --admin-url ${quoted(adminUrl)}`
  return `${programName} ${words}${folder}${url}`
}
