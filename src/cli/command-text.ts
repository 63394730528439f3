import { installationWords } from '../config/installation-words.ts'
import type { Settings } from '../config/settings.ts'

/** How this program is called from a checkout. */
export const programName = 'npm run plimsoll --'

/**
 * A command to paste, as a hint: it goes to the installation that answered, so it names the data folder
 * or the address wherever they are not the ones that are found without being named.
 */
export const commandText = (
  settings: Pick<Settings, 'dataFolder' | 'adminUrl'>,
  words: string,
): string => `${programName} ${words}${installationWords(settings)}`
