import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '../../src/core/entry.ts'
import { customerId, systemCustomerId } from '../../src/core/ids.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { memoryFolder } from '../faults/memory-folder.ts'
import { seededDraw } from '../faults/seeded-draw.ts'
import { endServer, startServer, type ServerProcess } from '../running/server-process.ts'
import { checkHistory } from './check-history.ts'
import { historyFrom, type Journal, type Lives } from './from-journal.ts'
import {
  HistoryClients,
  issueKey,
  post,
  type Draw,
  type Seat,
  type Where,
} from './history-clients.ts'
import { HistoryRecorder } from './history-recorder.ts'

/** Clients and administrators of a few customers at a real server that is killed again and again, and what they were told. */
export type HistoryRun = {
  readonly kills: number
  readonly customers: number
  readonly seed: number
  /** About so many answers of each customer before the next kill. */
  readonly answersPerLife: number
}

export type HistoryRunOutcome = {
  readonly operations: number
  readonly kills: number
  readonly denied: number
  readonly unknown: number
  /** How many operations of each kind; requests by keys that were revoked are one of their own. */
  readonly kinds: Readonly<Record<string, number>>
  /** Bad windows, as lines for a person. */
  readonly bad: readonly string[]
  /** Histories that the search could not decide. */
  readonly undecided: readonly string[]
}

/** Limits and money that are met again and again: a request costs about a million nanos. */
function writePlans(path: string): readonly string[] {
  const window = { kind: 'session', hours: 100 }
  const terms = { runningMax: 20, outputTokensExpected: 100 }
  const planOf = (name: string, money: string): object => ({
    name,
    limits: { session: { money, window } },
    ...terms,
  })
  const plans = { some: planOf('Some', '0.004'), none: planOf('None', '0') }
  writeFileSync(path, JSON.stringify({ plans }))
  const flags = ['--plans-file', path, '--burst-per-minute', '0', '--wait-max-ms', '20']
  return [...flags, '--is-demo-paced', 'false', '--snapshot-every', '8']
}

type Cast = {
  readonly customer: string
  readonly recorder: HistoryRecorder
  readonly clients: HistoryClients
  readonly seats: readonly Seat[]
  readonly beginPosition: number
}

export async function runHistory(run: HistoryRun): Promise<HistoryRunOutcome> {
  const root = memoryFolder('history')
  const folder = join(root, 'data')
  const flags = writePlans(join(root, 'plans.json'))
  const draw = seededDraw(run.seed)
  let server: ServerProcess | undefined
  try {
    server = await startServer({ folder, flags })
    const casts: Cast[] = []
    for (let index = 0; index < run.customers; index += 1) {
      casts.push(await openCast(whereIs(server, folder), `c${index}`, draw))
    }
    const loops = casts.map((cast) => play(cast))
    const ends: Lives['ends'][number][] = []
    for (let kill = 0; kill <= run.kills; kill += 1) {
      const where = whereIs(server, folder)
      for (const { clients } of casts) clients.moveTo(where)
      const goals = casts.map(({ clients }) =>
        clients.until(clients.answered + 1 + draw(2 * run.answersPerLife)),
      )
      await Promise.all(goals)
      if (kill === run.kills) break
      const killedAt = performance.now()
      await endServer(server)
      const diedAt = performance.now()
      for (const { clients } of casts) clients.moveTo(null)
      server = await startServer({ folder, flags })
      ends.push({ killedAt, diedAt, readyAt: performance.now() })
      for (const { recorder } of casts) recorder.boot += 1
    }
    for (const { clients } of casts) clients.stop()
    await Promise.all(loops)
    server.child.kill('SIGTERM')
    await server.ended
    return await judge({ folder, casts, ends, stoppedAt: performance.now() })
  } finally {
    if (server !== undefined) await endServer(server)
    rmSync(root, { recursive: true, force: true })
  }
}

const whereIs = ({ gatewayUrl, adminUrl }: ServerProcess, folder: string): Where => ({
  gatewayUrl,
  adminUrl,
  operatorToken: readFileSync(join(folder, 'operator-token'), 'utf8').trim(),
})

/** What the wallet has at first, and how it helps itself. */
const money = [
  ['top-ups', { amountNanos: '3000000' }],
  ['standing-order', { monthMaxNanos: '20000000' }],
  [
    'auto-reload',
    { kind: 'on', thresholdNanos: '2000000', amountNanos: '2500000', monthMaxNanos: '10000000' },
  ],
] as const

/** Ann's plan has room for some requests, bob's for none; all draw on one wallet. */
async function openCast(where: Where, customer: string, draw: Draw): Promise<Cast> {
  const zone = quietZone()
  const content = { customerId: customer, name: customer, zone, isExtraUsageOn: true }
  await insist(where, { path: '/customers', key: `open-${customer}`, body: content })
  const seats: Seat[] = []
  for (const [member, planId] of [
    [`${customer}-ann`, 'some'],
    [`${customer}-bob`, 'none'],
  ] as const) {
    const path = `/customers/${customer}/members`
    await insist(where, { path, key: member, body: { memberId: member, name: member, planId } })
    const issued = await issueKey(where, {
      path: `${path}/${member}/keys`,
      key: `key-${member}`,
      body: {},
    })
    if (issued === null) throw new Error(`${member} has no key`)
    seats.push({ member, ...issued })
  }
  for (const [what, body] of money) {
    await insist(where, {
      path: `/customers/${customer}/${what}`,
      key: `${what}-${customer}`,
      body,
    })
  }
  const recorder = new HistoryRecorder(() => performance.now())
  const clients = new HistoryClients(customer, recorder, draw)
  const beginPosition = await positionAt(where, seats[0]?.keyText ?? '')
  return { customer, recorder, clients, seats, beginPosition }
}

/** A zone in which no month ends while the run lasts. */
function quietZone(): string {
  const hourIn = (zone: string): number => Temporal.Now.zonedDateTimeISO(zone).hour
  return ['UTC', 'Asia/Tokyo'].find((zone) => hourIn(zone) >= 1 && hourIn(zone) <= 22) ?? 'UTC'
}

async function insist(where: Where, posted: Parameters<typeof post>[1]): Promise<void> {
  const status = await post(where, posted)
  if (status !== 200) throw new Error(`${posted.path} was answered with ${status}`)
}

async function positionAt({ adminUrl }: Where, keyText: string): Promise<number> {
  const headers = { authorization: `Bearer ${keyText}` }
  const response = await fetch(`${adminUrl}/api/me/usage`, { headers })
  const { figures } = (await response.json()) as { figures: { position: number } }
  return figures.position
}

function play({ clients, seats }: Cast): Promise<unknown> {
  const [ann, bob] = seats
  if (ann === undefined || bob === undefined) throw new Error('Two members are needed')
  const members = seats.map(({ member }) => member)
  return Promise.all([
    clients.requests('ann 1', ann),
    clients.requests('ann 2', ann),
    clients.requests('bob 1', bob),
    clients.requests('bob 2', bob),
    clients.spareRequests('ann spare', ann),
    clients.readings('ann reads', ann),
    clients.readings('bob reads', bob),
    clients.commands('admin 1', members),
    clients.commands('admin 2', members),
  ])
}

async function judge(
  over: Omit<Lives, 'beginPosition'> & { readonly folder: string; readonly casts: readonly Cast[] },
): Promise<HistoryRunOutcome> {
  const { folder, casts, ends, stoppedAt } = over
  const outcome = {
    operations: 0,
    kills: ends.length,
    denied: 0,
    unknown: 0,
    kinds: {} as Record<string, number>,
    bad: [] as string[],
    undecided: [] as string[],
  }
  for (const cast of casts) {
    const { beginPosition, recorder } = cast
    const journal = await readJournal(folder, cast.customer)
    const lives = { ends, stoppedAt, beginPosition }
    const history = historyFrom(journal, recorder.recorded, lives)
    const { kind, lines } = checkHistory(history)
    outcome.operations += history.operations.length
    for (const { call, answer } of history.operations) {
      const name = answer?.kind === 'unknown_key' ? answer.kind : call.kind
      outcome.kinds[name] = (outcome.kinds[name] ?? 0) + 1
    }
    outcome.denied += history.operations.filter(({ answer }) => answer?.kind === 'denied').length
    outcome.unknown += recorder.recorded.filter(({ told }) => told === 'unknown').length
    if (kind === 'not_linearizable') outcome.bad.push(...lines)
    if (kind === 'undecided') outcome.undecided.push(...lines)
  }
  return outcome
}

async function readJournal(folder: string, customer: string): Promise<Journal> {
  const storage = await openSqliteStorage({
    dataFolder: folder,
    clock: createSystemClock(),
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    version: 'test',
  })
  try {
    const own = await allEntries(storage, customer)
    return { customer, own, system: await allEntries(storage, systemCustomerId) }
  } finally {
    await storage.close()
  }
}

async function allEntries(storage: Storage, customer: string): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for (;;) {
    const afterPosition = all.at(-1)?.position ?? 0
    const page = await storage.entries({ customerId: customerId(customer), afterPosition })
    all.push(...page)
    if (page.length === 0) return all
  }
}
