import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkLeftBehind } from './check-left-behind.ts'
import type { Files, Moment, Recording } from './crash-recording.ts'
import { memoryFolder } from './memory-folder.ts'
import type { Findings } from './promises.ts'

type Draw = (below: number) => number

/** What a crash left of the files, and how many promises must be found in them. */
type Image = {
  readonly what: string
  readonly db: Buffer
  /** Undefined: the file is gone. */
  readonly wal: Buffer | undefined
  readonly shm: Buffer | undefined
  readonly promised: number
}

const sector = 512
const frame = 4096 + 24

/** One way in which files can be left behind; undefined where it does not fit the moment. */
type Maker = (moment: Moment, draw: Draw) => Omit<Image, 'what' | 'shm'> | undefined

const makers: Readonly<Record<string, Maker>> = {
  'the log is cut at any byte of the last commit': (moment, draw) => {
    const wal = cutWal(moment, draw)
    return wal && { db: moment.before.db, wal, promised: moment.promisedBefore }
  },
  'the log ends whole, and its commit was told': ({ kind, before, after, promisedAfter }) =>
    kind === 'commit' ? { db: before.db, wal: after.wal, promised: promisedAfter } : undefined,
  'the log is cut and ends in garbage': (moment, draw) => {
    const cut = cutWal(moment, draw)
    if (cut === undefined) return undefined
    const tail = Buffer.from(Array.from({ length: 1 + draw(2 * frame) }, () => draw(256)))
    const wal = Buffer.concat([cut, tail])
    return { db: moment.before.db, wal, promised: moment.promisedBefore }
  },
  'the log is cut and ends in zeros': (moment, draw) => {
    const cut = cutWal(moment, draw)
    if (cut === undefined) return undefined
    const wal = Buffer.concat([cut, Buffer.alloc(1 + draw(3 * frame))])
    return { db: moment.before.db, wal, promised: moment.promisedBefore }
  },
  'sectors of the last commit were never written': (moment, draw) => {
    const { kind, before, after, promisedBefore } = moment
    if (kind !== 'commit') return undefined
    return { db: before.db, wal: mixed(before.wal, after.wal, draw), promised: promisedBefore }
  },
  'frames of an older log follow the cut': (moment, draw) => {
    const { staleWal } = moment
    const cut = cutWal(moment, draw)
    if (cut === undefined || staleWal.length <= cut.length) return undefined
    const wal = Buffer.concat([cut, staleWal.subarray(cut.length)])
    return { db: moment.before.db, wal, promised: moment.promisedBefore }
  },
  'a checkpoint wrote some sectors of the journal file': (
    { kind, before, after, promisedAfter },
    draw,
  ) =>
    kind === 'checkpoint'
      ? { db: mixed(before.db, after.db, draw), wal: before.wal, promised: promisedAfter }
      : undefined,
  'a checkpoint was done and the log is empty': ({ kind, after, promisedAfter }) =>
    kind === 'checkpoint' && after.wal.length === 0
      ? { db: after.db, wal: Buffer.alloc(0), promised: promisedAfter }
      : undefined,
  'a checkpoint was done and the log is gone': ({ kind, after, promisedAfter }) =>
    kind === 'checkpoint' && after.wal.length === 0
      ? { db: after.db, wal: undefined, promised: promisedAfter }
      : undefined,
}

export const imageKinds: readonly string[] = Object.keys(makers)

/** A log that grew is cut; one that is overwritten is so up to the cut, and the old bytes follow. */
function cutWal({ kind, before, after }: Moment, draw: Draw): Buffer | undefined {
  if (kind !== 'commit') return undefined
  const first = firstDifference(before.wal, after.wal)
  const cut = first + draw(after.wal.length - first)
  return Buffer.concat([after.wal.subarray(0, cut), before.wal.subarray(cut)])
}

function firstDifference(before: Buffer, after: Buffer): number {
  const shared = Math.min(before.length, after.length)
  let at = 0
  while (at < shared && before.subarray(at, at + sector).equals(after.subarray(at, at + sector))) {
    at += sector
  }
  while (at < shared && before[at] === after[at]) at += 1
  return Math.min(at, shared)
}

/** Each sector as it was, or as it became. */
function mixed(before: Buffer, after: Buffer, draw: Draw): Buffer {
  const result = Buffer.alloc(after.length)
  before.copy(result, 0, 0, Math.min(before.length, after.length))
  for (let from = 0; from < after.length; from += sector) {
    if (draw(2) === 1) after.copy(result, from, from, from + sector)
  }
  return result
}

export type ImageOutcome = Findings & { readonly what: string }

/** Makes an image of this kind and opens it as the next process would; undefined when no moment fits. */
export async function tryImage(
  recording: Recording,
  what: string,
  draw: Draw,
): Promise<ImageOutcome | undefined> {
  const make = makers[what]
  const { moments } = recording
  const first = draw(moments.length)
  for (let step = 0; step < moments.length; step += 1) {
    const moment = moments[(first + step) % moments.length]
    const image = moment && make?.(moment, draw)
    if (moment === undefined || image === undefined) continue
    const shm = shmOf(moment.before, draw)
    const findings = await openImage(recording, moment, { what, ...image, shm })
    return { what, ...findings }
  }
  return undefined
}

async function openImage(recording: Recording, moment: Moment, image: Image): Promise<Findings> {
  const root = memoryFolder('image')
  try {
    const folder = join(root, 'data')
    mkdirSync(folder, { mode: 0o700 })
    writeImage(folder, image)
    const promises = recording.promises.slice(0, image.promised)
    return await checkLeftBehind(folder, { promises, positions: moment.positions })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The index of the log is lost, left as it was, or nonsense: it is made anew in each case. */
function shmOf({ shm }: Files, draw: Draw): Buffer | undefined {
  const how = draw(3)
  if (how === 0) return undefined
  return how === 1 ? shm : Buffer.from(shm.map(() => draw(256)))
}

function writeImage(folder: string, { db, wal, shm }: Image): void {
  writeFileSync(join(folder, 'journal.db'), db)
  if (wal !== undefined) writeFileSync(join(folder, 'journal.db-wal'), wal)
  if (shm !== undefined) writeFileSync(join(folder, 'journal.db-shm'), shm)
}
