import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareBooks } from '../running/books.ts'
import { old, unpackOld } from '../running/old-folder.ts'
import { writeRoomyPlans } from '../running/roomy-plans.ts'
import {
  endServer,
  mainOf,
  root,
  startServer,
  type Ending,
  type ServerProcess,
} from '../running/server-process.ts'
import { StreamLoad } from '../running/stream-load.ts'
import type { Campaign, CampaignOptions, CampaignOutcome, CampaignRow } from './campaign.ts'

/**
 * A server with streaming clients is stopped and started again, over and over: in order, by a second signal,
 * through its door, and at first on a journal that 0.1.0 left behind. After each stop the books are held
 * against what the clients were told.
 */
export const campaign: Campaign = {
  name: 'restarts',
  about:
    'stops and starts a server under streaming clients, in order and at once, and as an upgrade from 0.1.0; nothing may be lost',
  countDefault: 60,
  run,
}

type Kind = 'order' | 'door' | 'twice' | 'upgrade'
type Tally = { tried: number; lost: number; deniedFalsely: number; broken: number }

const kinds: Readonly<Record<Kind, string>> = {
  order: 'stops in order (SIGTERM, SIGINT or SIGHUP)',
  door: 'stops in order through the door of npm scripts',
  twice: 'stops by a second signal',
  upgrade: 'starts on a killed journal of 0.1.0, stopped in order',
}
const clients = 6
const drainMs = 150
const stopGraceMs = 15_000
/** Cycles on one data folder before a new one begins with the journal of 0.1.0. */
const cyclesPerFolder = 8

async function run({ count, seed, onProgress }: CampaignOptions): Promise<CampaignOutcome> {
  const next = numbersFrom(seed)
  const tallies = new Map<Kind, Tally>()
  const measured = { longestMs: 0, again: 0, replies: 0, cut: 0 }
  for (let done = 0; done < count;) {
    const cycles = Math.min(cyclesPerFolder, count - done)
    await playFolder({ cycles, next, tallies, measured, seen: () => onProgress((done += 1)) })
  }
  const rows = [...tallies].map(([kind, tally]): CampaignRow => ({ what: kinds[kind], ...tally }))
  return {
    rows,
    figures: [
      { name: 'replies held against the books', value: measured.replies.toLocaleString('en') },
      { name: 'of these cut by a stop, with last words', value: measured.cut.toLocaleString('en') },
      { name: 'requests asked again', value: measured.again.toLocaleString('en') },
      {
        name: `longest stop in order; allowed are ${drainMs + stopGraceMs} ms`,
        value: `${Math.round(measured.longestMs)} ms`,
      },
    ],
  }
}

type Measured = { longestMs: number; again: number; replies: number; cut: number }

type Play = {
  readonly cycles: number
  readonly next: (below: number) => number
  readonly tallies: Map<Kind, Tally>
  readonly measured: Measured
  readonly seen: () => void
}

async function playFolder(play: Play): Promise<void> {
  const { next, measured } = play
  const above = mkdtempSync(join(tmpdir(), 'plimsoll-restarts-'))
  const folder = join(above, 'data')
  unpackOld(folder)
  // Numbers of their own: how often clients ask must not change what is done to the server.
  const tokens = numbersFrom(1 + next(1_000_000))
  const load = new StreamLoad(() => 5 + tokens(120))
  load.start(clients)
  const before: Before = { expired: 0, denied: 0, wrong: 0 }
  try {
    for (let cycle = 0; cycle < play.cycles; cycle += 1) {
      const kind = cycle === 0 ? 'upgrade' : (laterKinds[next(laterKinds.length)] ?? 'order')
      const signal = signals[next(signals.length)] ?? 'SIGTERM'
      const played = await playCycle({ folder, kind, signal, load, next })
      await judge(play, { folder, kind, signal, load, before, ...played })
      play.seen()
    }
    measured.again += (await load.end()).againCount
  } finally {
    rmSync(above, { recursive: true, force: true })
  }
}

const laterKinds = ['order', 'door', 'twice'] as const
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** What was counted up to the cycle before. */
type Before = { expired: number; denied: number; wrong: number }

type Played = {
  readonly folder: string
  readonly kind: Kind
  readonly signal: NodeJS.Signals
  readonly load: StreamLoad
  readonly before: Before
  readonly ending: Ending
  readonly stopMs: number
}

async function judge({ tallies, measured }: Play, played: Played): Promise<void> {
  const { folder, kind, load, before, stopMs } = played
  const isInOrder = kind === 'order' || kind === 'door'
  const told = await load.taken()
  const toldByOld = kind === 'upgrade' ? old.told.filter(({ how }) => how === 'finished') : []
  const books = await compareBooks(
    folder,
    [...toldByOld, ...told],
    isInOrder ? 'in_order' : 'at_once',
  )
  const tally = tallies.get(kind) ?? { tried: 0, lost: 0, deniedFalsely: 0, broken: 0 }
  tallies.set(kind, tally)
  tally.tried += 1
  tally.lost += books.missing.length + books.unsound.length
  // Only a kill, that of the old version or ours, leaves holds that nobody settled.
  if (isInOrder) tally.lost += books.expiredCount - before.expired
  if (isInOrder) measured.longestMs = Math.max(measured.longestMs, stopMs)
  if (isInOrder && stopMs > drainMs + stopGraceMs) tally.broken += 1
  if (!isRightEnding(played)) tally.broken += 1
  const { denied, wrong } = load.soFar()
  tally.deniedFalsely += denied.length - before.denied
  tally.broken += wrong.length - before.wrong
  Object.assign(before, {
    expired: books.expiredCount,
    denied: denied.length,
    wrong: wrong.length,
  } satisfies Before)
  measured.replies += told.length
  measured.cut += told.filter(({ how }) => how === 'last_words').length
}

async function playCycle(play: {
  readonly folder: string
  readonly kind: Kind
  readonly signal: NodeJS.Signals
  readonly load: StreamLoad
  readonly next: (below: number) => number
}): Promise<{ readonly ending: Ending; readonly stopMs: number }> {
  const { folder, kind, signal, load, next } = play
  const flags = [...writeRoomyPlans(`${folder}-plans.json`), '--drain-ms', String(drainMs)]
  const door = [process.execPath, join(root, 'scripts', 'bootstrap.mjs'), mainOf(root)]
  const long = kind === 'twice' ? ['--stop-delay-ms', '600000'] : []
  const server = await startServer({
    folder,
    flags: [...flags, ...long],
    ...(kind === 'door' ? { through: door } : {}),
  })
  try {
    load.moveTo(server)
    await load.begun(load.beganCount + clients + next(30))
    const startedMs = performance.now()
    if (kind === 'twice') await insist(server, signal)
    else server.child.kill(signal)
    const ending = await server.ended
    return { ending, stopMs: performance.now() - startedMs }
  } finally {
    await endServer(server)
    load.moveTo(null)
  }
}

/** Again and again: the first that is no echo any more ends the server at once. */
async function insist(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  let hasEnded = false
  void server.ended.then(() => {
    hasEnded = true
  })
  while (!hasEnded) {
    server.child.kill(signal)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const isRightEnding = ({ kind, ending, signal }: Played): boolean =>
  kind === 'twice' ? ending.signal === signal : ending.code === 0

/** Small numbers that are the same again for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
