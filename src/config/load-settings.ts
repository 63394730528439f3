import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Declaration } from './setting-kinds.ts'
import { portsCollide } from './listen-trouble.ts'
import { nearestName } from './nearest-name.ts'
import { parseJson } from './read-json-file.ts'
import {
  declarations,
  fileVariableOf,
  flagOf,
  secretNames,
  settingNames,
  variableOf,
  type SettingName,
  type Settings,
} from './settings.ts'

/** Everything that is wrong with the settings, each with what to do; nothing starts before they are right. */
export class SettingsError extends Error {
  readonly code = 'settings_invalid'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export type SettingSources = {
  /** The command line after the program's name; only settings may stand there. */
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The current folder. */
  readonly folder: string
}

/** Where a value was said: for errors, and for whoever wonders where it comes from. */
type Said = {
  readonly text: string
  readonly source: SettingOrigin['source']
  readonly where: string
  readonly folder: string
}
type SaidBySource = ReadonlyMap<SettingName, Said>

/** Where a setting's value comes from, and the words for it: `--gateway-port`, `"gatewayPort" in …`. */
export type SettingOrigin = {
  readonly source: 'flag' | 'environment' | 'file'
  readonly where: string
}
/** Those that are not in it have their default. */
export type SettingOrigins = ReadonlyMap<SettingName, SettingOrigin>

/** Flag over environment over file over default. */
export function loadSettings(sources: SettingSources): Settings {
  return loadSettingsWithOrigins(sources).settings
}

/** The same, and who said each of them. */
export function loadSettingsWithOrigins(sources: SettingSources): {
  readonly settings: Settings
  readonly origins: SettingOrigins
} {
  const { settings, origins, problems } = loadWhatIsRight(sources)
  if (problems.length > 0) throw new SettingsError(problems)
  return { settings, origins }
}

/** The same for what must not be stopped by them: a setting that is wrong counts as not set, and is a problem to tell. */
export function loadWhatIsRight(sources: SettingSources): {
  readonly settings: Settings
  readonly origins: SettingOrigins
  readonly problems: readonly string[]
} {
  const problems: string[] = []
  const flags = readFlags(sources, problems)
  const environment = readEnvironment(sources, problems)
  const outside = new Map([...environment, ...flags])
  const file = readSettingsFile(locateFile(outside, sources.folder), problems)
  const said = new Map([...file, ...outside])
  const settings = Object.fromEntries(
    settingNames.map((name) => [name, valueOf(name, { said, sources, problems })]),
  ) as unknown as Settings
  if (portsCollide(settings)) {
    problems.push(
      `gatewayPort and adminPort are both ${settings.gatewayPort}; give each a port of its own.`,
    )
  }
  // Without what was said itself: it may be a secret.
  const origins = new Map([...said].map(([name, { source, where }]) => [name, { source, where }]))
  return { settings: Object.freeze(withDerived(settings)), origins, problems }
}

type Reading = {
  readonly said: SaidBySource
  readonly sources: SettingSources
  readonly problems: string[]
}

function valueOf(name: SettingName, { said, sources, problems }: Reading): unknown {
  const declaration: Declaration<unknown> = declarations[name]
  const found = said.get(name)
  const value = found === undefined ? undefined : declaration.parse(found.text, found.folder)
  if (value !== undefined) return value
  if (found !== undefined) {
    // What was given is never repeated: it may be a secret that stands in the wrong place.
    problems.push(`${found.where} takes ${declaration.takes}; what it was given is something else.`)
  }
  // A default path starts at the current folder like any other.
  return name === 'dataFolder'
    ? join(sources.folder, declarations.dataFolder.default)
    : declaration.default
}

function withDerived(settings: Settings): Settings {
  const { upstreamUrl, upstreamKey } = settings
  if (upstreamUrl !== null || upstreamKey === null) return settings
  return { ...settings, upstreamUrl: 'https://api.anthropic.com' }
}

function readFlags({ flags, folder }: SettingSources, problems: string[]): SaidBySource {
  const said = new Map<SettingName, Said>()
  const byFlag = new Map(settingNames.map((name) => [flagOf(name), name]))
  for (let index = 0; index < flags.length; index++) {
    const [flag = '', ...rest] = (flags[index] ?? '').split('=')
    const name = byFlag.get(flag)
    if (name === undefined) {
      problems.push(unknownFlag(flag, index, [...byFlag.keys()]))
      // What follows it was meant as its value.
      if (rest.length === 0 && flags[index + 1]?.startsWith('-') === false) index += 1
      continue
    }
    if (rest.length > 0) {
      said.set(name, { text: rest.join('='), source: 'flag', where: flag, folder })
      continue
    }
    const next = flags[index + 1]
    const hasNext = next !== undefined && !next.startsWith('--')
    if (hasNext) index += 1
    else if (!declarations[name].isSwitch)
      problems.push(`${flag} needs a value: ${declarations[name].takes}.`)
    if (hasNext || declarations[name].isSwitch) {
      said.set(name, { text: hasNext ? next : 'true', source: 'flag', where: flag, folder })
    }
  }
  return said
}

/** Only what resembles a setting is repeated: anything else may be a value, and a value may be a secret. */
function unknownFlag(flag: string, index: number, known: readonly string[]): string {
  const nearest = nearestName(flag, known)
  return nearest === undefined
    ? `Word ${index + 1} of the command line is no setting. Settings are given as --name value; all of them: docs/settings.md`
    : `${flag} is not a setting; did you mean ${nearest}?`
}

const suggestion = (typed: string, known: readonly string[]): string => {
  const nearest = nearestName(typed, known)
  return nearest === undefined ? '. All settings: docs/settings.md' : `; did you mean ${nearest}?`
}

/** An empty variable counts as not set, as container tools pass it. */
function readEnvironment(
  { environment, folder }: SettingSources,
  problems: string[],
): SaidBySource {
  const said = new Map<SettingName, Said>()
  const known = [...settingNames.map(variableOf), ...secretNames.map(fileVariableOf)]
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith('PLIMSOLL_') && !known.includes(variable)) {
      problems.push(`${variable} is not a setting${suggestion(variable, known)}`)
    }
  }
  for (const name of settingNames) {
    const { environmentAlias }: Declaration<unknown> = declarations[name]
    for (const variable of [variableOf(name), environmentAlias]) {
      const text = variable === undefined ? '' : (environment[variable] ?? '')
      if (text === '' || said.has(name)) continue
      said.set(name, { text, source: 'environment', where: variable ?? '', folder })
    }
  }
  for (const name of secretNames) {
    const variable = fileVariableOf(name)
    const path = environment[variable] ?? ''
    if (path === '') continue
    if (said.get(name)?.where === variableOf(name)) {
      problems.push(`${variableOf(name)} and ${variable} are both set; set one of them.`)
    }
    const text = readSecretFile(resolve(folder, path), variable, problems)
    if (text === undefined) continue
    said.set(name, { text, source: 'environment', where: `the file of ${variable}`, folder })
  }
  return said
}

/** A secret as containers and systemd hand it on: the content of a file, whose last line break is not part of it. */
function readSecretFile(path: string, variable: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    problems.push(`The file that ${variable} names cannot be read: ${(error as Error).message}`)
    return undefined
  }
}

type FilePlace = { readonly path: string; readonly isNamed: boolean }

/** The file that `config` names, else the one in the data folder, which may be missing. */
function locateFile(outside: SaidBySource, folder: string): FilePlace {
  const named = outside.get('config')
  if (named !== undefined) {
    return { path: declarations.config.parse(named.text, folder) ?? '', isNamed: true }
  }
  const dataFolder = outside.get('dataFolder')?.text ?? declarations.dataFolder.default
  const parsed = declarations.dataFolder.parse(dataFolder, folder) ?? folder
  return { path: join(parsed, 'plimsoll.json'), isNamed: false }
}

/** What keeps the file in the data folder from being looked for is the folder's trouble. */
const folderProblems: Readonly<Record<string, (folder: string) => string>> = {
  ENOTDIR: (folder) =>
    `The data folder ${folder} is a file, or lies in one. Name a folder with --data-folder.`,
  ENAMETOOLONG: (folder) =>
    `The name of the data folder ${folder} is too long for its disk. Name a shorter one with --data-folder.`,
}

function readSettingsFile({ path, isNamed }: FilePlace, problems: string[]): SaidBySource {
  const said = new Map<SettingName, Said>()
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const ofFolder = isNamed ? undefined : folderProblems[code ?? '']
    if (ofFolder !== undefined) problems.push(ofFolder(dirname(path)))
    else if (isNamed || code !== 'ENOENT') {
      problems.push(`The settings file ${path} cannot be read: ${message}`)
    }
    return said
  }
  for (const [key, value] of Object.entries(parseObject(content, path, problems))) {
    const name = settingNames.find((known) => known === key)
    const where = `"${key}" in ${path}`
    if (name === undefined) {
      problems.push(`${where} is not a setting${suggestion(key, settingNames)}`)
    } else if (name === 'config' || (name === 'dataFolder' && !isNamed)) {
      problems.push(`${where} cannot be set there: it decides where the file is looked for.`)
    } else if (
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean'
    ) {
      said.set(name, { text: String(value), source: 'file', where, folder: dirname(path) })
    } else {
      problems.push(`${where} takes ${declarations[name].takes}.`)
    }
  }
  return said
}

function parseObject(content: string, path: string, problems: string[]): Record<string, unknown> {
  try {
    const parsed = parseJson(content)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>
    }
    problems.push(`The settings file ${path} has to be one JSON object.`)
  } catch (error) {
    problems.push(`The settings file ${path}: ${(error as Error).message}`)
  }
  return {}
}
