import { formatMoney } from '../core/money.ts'
import type { SettingOrigin, SettingOrigins } from './load-settings.ts'
import type { Declaration } from './setting-kinds.ts'
import {
  declarations,
  fileVariableOf,
  flagOf,
  settingNames,
  variableOf,
  type SettingName,
  type Settings,
} from './settings.ts'

/** One setting for a reader. */
export type SettingRow = {
  readonly name: SettingName
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

/** One setting as a running server has it. */
export type SettingInForce = SettingRow & {
  readonly value: string
  /** `derived` where no one said it and other settings decide. */
  readonly source: SettingOrigin['source'] | 'default' | 'derived'
  /** The flag, the variable or the line of a file that says it; null for a default. */
  readonly where: string | null
}

export function settingsInForce(
  settings: Settings,
  origins: SettingOrigins,
): readonly SettingInForce[] {
  const values = printableSettings(settings)
  return settingRows.map((row) => {
    const { source, where } = origins.get(row.name) ?? { source: 'default' as const, where: null }
    const isDerived =
      row.name === 'upstreamUrl' && source === 'default' && settings.upstreamUrl !== null
    const value = settings[row.name]
    const text = typeof value === 'bigint' ? formatMoney(value, '') : (values[row.name] ?? '')
    return { ...row, value: text, source: isDerived ? 'derived' : source, where }
  })
}
