import { resolve } from 'node:path'
import { declarations, type Settings } from './settings.ts'
import { shellWord } from './shell-word.ts'

type Place = Pick<Settings, 'dataFolder' | 'adminUrl'>

/** The words that lead a command to this installation, where it is not found without them. */
export function installationWords({ dataFolder, adminUrl }: Place): string {
  const isElsewhere = resolve(dataFolder) !== resolve(declarations.dataFolder.default)
  const folder = isElsewhere ? ` --data-folder ${shellWord(dataFolder)}` : ''
  const url = adminUrl === null ? '' : ` --admin-url ${shellWord(adminUrl)}`
  return `${folder}${url}`
}

/** A command of a cure as it is pasted: one of ours is told which installation is meant. */
export function pastedCommand(run: string, place: Place): string {
  const words = /^plimsoll (.*)$/.exec(run)?.[1]
  return words === undefined ? run : `npm run plimsoll -- ${words}${installationWords(place)}`
}

const commandPattern = /npm run plimsoll -- ([a-z][a-z-]*(?: [a-z][a-z-]*)?)(?=[.),;:]|$| \()/g

/** The same text, whose commands go to this installation. */
export function withInstallation(text: string, place: Place): string {
  const words = installationWords(place)
  if (words === '') return text
  const start = installationWords({ ...place, adminUrl: null })
  return text
    .replaceAll(commandPattern, (_command, named: string) => `npm run plimsoll -- ${named}${words}`)
    .replaceAll(/\bnpm start\b(?! --)/g, start === '' ? 'npm start' : `npm start --${start}`)
}
