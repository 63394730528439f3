import { createHash } from 'node:crypto'
import { closeSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configFolders } from '../transcript/claude-folders.ts'
import { asFields, numberOf, objectsIn, textOf } from '../transcript/json-fields.ts'
import { openRegularFile } from '../transcript/open-regular-file.ts'
import { figuresOfStatusLine } from '../transcript/rate-limit-figures.ts'
import { stateFolder, type Machine } from '../state-folder.ts'
import { isWindowFigure, type Figure } from '../verdict/evidence.ts'

/**
 * The official figures that `scripts/statusline.mjs` kept: each session's last, with the time of the answer that brought them.
 * Sessions hold their own values side by side, so of each limit the newest counts, and it says whose it is.
 */
const filesMax = 200
const bytesMax = 16 * 1024
const slackMs = 60_000
const resetSlackMs = 10 * 60_000

type Wanted = {
  readonly nowMs: number
  /** The refused one; its own figures are of the service that refused, wherever that is. */
  readonly sessionId?: string | undefined
}

export const keptStatusLines = (machine: Machine, wanted: Wanted): readonly Figure[] =>
  lookAtStatusLines(machine, wanted).figures

/** What belongs to another service or another folder of the client, and may so be another account's. */
type Foreign = 'otherService' | 'otherHome'

export type KeptStatusLines = {
  readonly figures: readonly Figure[]
  /** How many sessions' figures are left out, by why. */
  readonly leftOut: Readonly<Record<Foreign, number>>
}

export function lookAtStatusLines(machine: Machine, wanted: Wanted): KeptStatusLines {
  const folder = join(stateFolder(machine), 'statusline')
  const looking = {
    ...wanted,
    homes: new Set(configFolders(machine).map(digestOf)),
    service: digestOf(machine.environment['ANTHROPIC_BASE_URL'] ?? ''),
  }
  const all = namesIn(folder).flatMap((name) => keptIn(join(folder, name), looking) ?? [])
  const kept = all.filter((each) => typeof each === 'object')
  const count = (why: Foreign): number => all.filter((each) => each === why).length
  const newest = new Map<string, Figure>()
  for (const { figures } of ofOneAccount(kept)) {
    for (const figure of figures) {
      const other = newest.get(figure.name)
      if (other === undefined || figure.atMs > other.atMs) newest.set(figure.name, figure)
    }
  }
  const leftOut = { otherService: count('otherService'), otherHome: count('otherHome') }
  return { figures: [...newest.values()], leftOut }
}

type Kept = {
  readonly isOwn: boolean
  readonly atMs: number
  readonly weekResetsAtMs: number | undefined
  readonly figures: readonly Figure[]
}

/** A week resets at a moment of the account's own, so who tells another one while it still lies ahead is somebody else. */
function ofOneAccount(kept: readonly Kept[]): readonly Kept[] {
  const own = kept.find(({ isOwn }) => isOwn)
  const resetsAtMs = own?.weekResetsAtMs
  if (resetsAtMs === undefined) return kept
  return kept.filter(({ atMs, weekResetsAtMs }) => {
    const isComparable = weekResetsAtMs !== undefined && atMs < resetsAtMs
    return !isComparable || Math.abs(weekResetsAtMs - resetsAtMs) <= resetSlackMs
  })
}

const digestOf = (folder: string): string => createHash('sha256').update(folder).digest('hex')

function namesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder)
    return names.filter((name) => /^[\w-]{1,64}\.json$/.test(name)).slice(0, filesMax)
  } catch {
    return []
  }
}

type Looking = Wanted & { readonly homes: ReadonlySet<string>; readonly service: string }

function keptIn(
  path: string,
  { homes, service, sessionId, nowMs }: Looking,
): Kept | Foreign | undefined {
  const fields = asFields(objectsIn(readBounded(path))[0])
  const atMs = numberOf(fields, 'atMs')
  const home = textOf(fields, 'home')
  // Another folder of the client may be another account; a time that lies ahead is a clock that was set.
  if (fields === undefined || atMs === undefined || atMs > nowMs + slackMs) return undefined
  if (home !== undefined && !homes.has(home)) return 'otherHome'
  const own = textOf(fields, 'session_id')?.replaceAll(/[^\w-]/g, '') ?? ''
  const isOwn = sessionId !== undefined && own === sessionId
  if (!isOwn && textOf(fields, 'service') !== service) return 'otherService'
  const whose = isOwn ? 'of this session' : `of another session, ${own.slice(0, 8)}`
  const read = figuresOfStatusLine(fields, { atMs, what: `status line ${whose}` })
  // With its time known, a figure is worth as much as one that the service tells now.
  const isTimed = fields['isTimed'] === true
  const figures = isTimed ? read.map((figure) => ({ ...figure, sessionId: undefined })) : read
  const week = figures.filter(isWindowFigure).find(({ name }) => name === 'week')
  return { isOwn, atMs, weekResetsAtMs: week?.resetsAtMs, figures }
}

function readBounded(path: string): string {
  try {
    const { handle, bytes } = openRegularFile(path)
    try {
      return bytes > bytesMax ? '' : readFileSync(handle, 'utf8').trim()
    } finally {
      closeSync(handle)
    }
  } catch {
    return ''
  }
}
