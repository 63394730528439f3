import type { Declaration } from './setting-kinds.ts'
import {
  declarations,
  fileVariableOf,
  flagOf,
  settingNames,
  variableOf,
  type Settings,
} from './settings.ts'

/** One setting for a reader. */
export type SettingRow = {
  readonly name: string
  readonly flag: string
  readonly variables: readonly string[]
  readonly takes: string
  readonly defaultText: string
  readonly sentence: string
}

export const settingRows: readonly SettingRow[] = settingNames.map((name) => {
  const { takes, defaultText, sentence, environmentAlias, isSecret }: Declaration<unknown> =
    declarations[name]
  const alias = environmentAlias === undefined ? [] : [environmentAlias]
  return {
    name,
    flag: flagOf(name),
    variables: [variableOf(name), ...(isSecret ? [fileVariableOf(name)] : []), ...alias],
    takes,
    defaultText,
    sentence,
  }
})

/** What `--help` prints: a flag and its sentence per setting. */
export function settingsHelp(): string {
  return settingRows
    .map(({ flag, sentence, takes, defaultText }) => {
      const plainDefault = defaultText.replaceAll('`', '')
      return `  ${flag}\n      ${sentence}\n      Takes ${takes}. Default: ${plainDefault}.`
    })
    .join('\n')
}

/** The settings as text that may be shown and logged. */
export function printableSettings(settings: Settings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    settingNames.map((name) => {
      const value = settings[name]
      const isHidden = declarations[name].isSecret && value !== null
      return [name, isHidden ? '[secret]' : String(value ?? 'none')]
    }),
  )
}
