import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { grant, seatMember } from '../src/core/commands.ts'
import { customerId, grantId, memberId, planId, priceId } from '../src/core/ids.ts'
import { getFigures } from '../src/operations/figures.ts'
import { history } from '../src/operations/history.ts'
import { listMembers } from '../src/operations/list-members.ts'
import type { GateParts } from '../src/operations/parts.ts'
import type { MemberScope, Storage } from '../src/storage/storage.ts'
import { benchFolder } from './bench-folder.ts'
import { onePair, openParts, openWithMoney, publishBenchPlans } from './journal.ts'

/**
 * Does a customer of many members cost more per request than many customers? The same callers work on one customer of
 * ten thousand members, on ten thousand customers of one, and on one customer of one member; rounds are
 * interleaved, and what counts are the ratios within one run. Beside it: reads, what stands still, and
 * what grants cost that are used up.
 */
type Size = {
  readonly members: number
  readonly callers: number
  readonly rounds: number
  readonly roundMs: number
  readonly grants: number
}
const fullSize: Size = { members: 10_000, callers: 256, rounds: 5, roundMs: 2000, grants: 10_000 }
const quickSize: Size = { members: 500, callers: 64, rounds: 1, roundMs: 400, grants: 500 }

type Shape = { readonly name: string; readonly customers: number; readonly members: number }

type Bed = {
  readonly shape: Shape
  readonly folder: string
  readonly parts: GateParts
  readonly scopes: readonly MemberScope[]
  readonly heapPerMember: number
}

type Row = {
  readonly shape: string
  readonly pairsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly heapBytesPerMember: number
  readonly figuresMs: number
  readonly membersListMs: number
  readonly historyPageMs: number
  readonly reopenMs: number
  /** Of one core, while nobody asks. */
  readonly idlePercent: number
}

/** The deciding thread's own work, without what the disk takes. */
type GrantRow = { readonly grants: string; readonly cpuMs: number }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const size = values.quick === true ? quickSize : fullSize
  const folder = benchFolder()
  try {
    const rows = await measureShapes(folder, size)
    const grantRows = await measureGrants(join(folder, 'grants'), size)
    const report = { bench: 'hot-customer', node: process.version, size, rows, grantRows }
    console.log(
      values.json === true ? JSON.stringify(report, null, 2) : toText(size, rows, grantRows),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureShapes(folder: string, size: Size): Promise<readonly Row[]> {
  const shapes: readonly Shape[] = [
    { name: 'one customer, many members', customers: 1, members: size.members },
    { name: 'many customers of one', customers: size.members, members: 1 },
    { name: 'one customer of one', customers: 1, members: 1 },
  ]
  const beds: Bed[] = []
  for (const shape of shapes) beds.push(await furnish(join(folder, `bed-${beds.length}`), shape))
  const rounds = beds.map((): Round[] => [])
  for (let count = 0; count <= size.rounds; count += 1) {
    for (const [index, bed] of beds.entries()) {
      const round = await workOn(bed, size)
      // The first one warms up.
      if (count > 0) rounds[index]?.push(round)
    }
  }
  const rows: Row[] = []
  for (const [index, bed] of beds.entries()) rows.push(await describe(bed, rounds[index] ?? []))
  return rows
}

async function furnish(folder: string, shape: Shape): Promise<Bed> {
  const parts = await openParts(folder)
  await publishBenchPlans(parts.storage)
  const scopes = Array.from({ length: shape.customers * shape.members }, (_unused, index) => ({
    customerId: customerId(`customer_${index % shape.customers}`),
    memberId: memberId(`member_${index}`),
  }))
  const before = heapBytes()
  await atOnce(scopes.slice(0, shape.customers), (scope) => openWithMoney(parts.storage, scope))
  await atOnce(scopes, (scope, index) => seat(parts.storage, scope, index))
  const heapPerMember = (heapBytes() - before) / scopes.length
  return { shape, folder, parts, scopes, heapPerMember }
}

const seat = (storage: Storage, scope: MemberScope, index: number): Promise<void> =>
  storage.update(scope, (account, context) => {
    const plan = planId(index % 4 === 3 ? 'spent' : 'roomy')
    const draft = seatMember(account, { planId: plan }, context)
    return { answer: undefined, entries: [{ ...draft, memberId: scope.memberId }] }
  })

/** Some hundred at a time, as many callers would. */
async function atOnce<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  const width = 256
  for (let from = 0; from < items.length; from += width) {
    await Promise.all(items.slice(from, from + width).map((item, i) => work(item, from + i)))
  }
}

type Round = { readonly pairsPerSecond: number; readonly tookMs: readonly number[] }

/** Callers that work one request after another, each time for the next member in turn. */
async function workOn({ parts, scopes }: Bed, { callers, roundMs }: Size): Promise<Round> {
  const tookMs: number[] = []
  const startMs = performance.now()
  let turn = 0
  const caller = async (): Promise<void> => {
    while (performance.now() - startMs < roundMs) {
      // A step that shares no factor with the count comes by everybody.
      const scope = scopes[(turn++ * 7919) % scopes.length]
      if (scope === undefined) return
      const beganMs = performance.now()
      await onePair(parts, scope, priceId('bench'))
      tookMs.push(performance.now() - beganMs)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { pairsPerSecond: (tookMs.length * 1000) / (performance.now() - startMs), tookMs }
}

async function describe(bed: Bed, rounds: readonly Round[]): Promise<Row> {
  const { parts, scopes, shape } = bed
  const [scope] = scopes
  if (scope === undefined) throw new Error('A bed has a member')
  const took = rounds.flatMap((round) => round.tookMs).toSorted((left, right) => left - right)
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? NaN
  const figuresMs = await timed(() => getFigures(parts, scope), 200)
  const page = { customerId: scope.customerId, afterMemberId: null, rowsMax: 100 }
  const membersListMs = await timed(() => listMembers(parts, page), 10)
  const historyPageMs = await timed(
    () => history(parts, { customerId: scope.customerId, rowsMax: 50 }),
    20,
  )
  const cpuBefore = process.cpuUsage()
  const idleMs = 3000
  await sleep(idleMs)
  const { user, system } = process.cpuUsage(cpuBefore)
  await parts.storage.close()
  const beganMs = performance.now()
  const reopened = await openParts(bed.folder)
  const reopenMs = performance.now() - beganMs
  await reopened.storage.close()
  return {
    shape: shape.name,
    pairsPerSecond: Math.round(median(rounds.map((round) => round.pairsPerSecond))),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    heapBytesPerMember: Math.round(bed.heapPerMember),
    figuresMs,
    membersListMs,
    historyPageMs,
    reopenMs,
    idlePercent: (user + system) / idleMs / 10,
  }
}

/** One caller on the wallet, beside so many grants that are used up, or that are not. */
async function measureGrants(folder: string, size: Size): Promise<readonly GrantRow[]> {
  const rows: GrantRow[] = []
  for (const [count, isUsed] of [
    [0, true],
    [size.grants, true],
    [size.grants, false],
  ] as const) {
    const parts = await openParts(join(folder, `${count}-${isUsed}`))
    await publishBenchPlans(parts.storage)
    const scope = { customerId: customerId('acme'), memberId: memberId('ada') }
    await openWithMoney(parts.storage, scope)
    await seat(parts.storage, scope, 3)
    const numbers = Array.from({ length: count }, (_unused, index) => index)
    await atOnce(numbers, (index) => giveGrant(parts.storage, { scope, index, isUsed }))
    const cpuMs = await cpuPerPair(parts, scope)
    rows.push({ grants: `${count} ${isUsed ? 'used up' : 'with money left'}`, cpuMs })
    await parts.storage.close()
  }
  return rows
}

/** One that is used up was given and taken back at once. */
const giveGrant = (
  storage: Storage,
  given: { readonly scope: MemberScope; readonly index: number; readonly isUsed: boolean },
): Promise<void> =>
  storage.updateCustomer(given.scope.customerId, ({ customer }, context) => {
    const id = grantId(`many_${given.index}`)
    const amountNanos = 1_000_000_000n
    const terms = { grantId: id, origin: 'gift', priority: 20, expiresAtMs: null } as const
    const draft = grant(customer, { ...terms, amountNanos }, context)
    const back = {
      atMs: context.nowMs,
      body: { kind: 'refunded', grantId: id },
      legs: [{ from: `grant:${id}:available`, to: `grant:${id}:refunded`, amount: amountNanos }],
    } as const
    return { answer: undefined, entries: given.isUsed ? [draft, back] : [draft] }
  })

async function cpuPerPair(parts: GateParts, scope: MemberScope): Promise<number> {
  const times = 300
  const work = async (): Promise<void> => {
    for (let count = 0; count < times; count += 1) await onePair(parts, scope, priceId('bench'))
  }
  await work()
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000 / times
}

async function timed(work: () => Promise<unknown>, times: number): Promise<number> {
  await work()
  const beganMs = performance.now()
  for (let count = 0; count < times; count += 1) await work()
  return (performance.now() - beganMs) / times
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

function toText(size: Size, rows: readonly Row[], grantRows: readonly GrantRow[]): string {
  const last = rows.at(-1)?.pairsPerSecond ?? NaN
  const lines = [
    `${size.members} members, ${size.callers} callers, medians of ${size.rounds} rounds of ${size.roundMs} ms; Node ${process.version}`,
    '',
    'shape                        pairs/s   of last   p50 ms   p99 ms   heap B/member   figures ms   list ms   history ms   reopen ms   idle %',
  ]
  for (const row of rows) {
    lines.push(
      [
        row.shape.padEnd(28),
        String(row.pairsPerSecond).padStart(7),
        (row.pairsPerSecond / last).toFixed(2).padStart(9),
        row.p50Ms.toFixed(1).padStart(8),
        row.p99Ms.toFixed(1).padStart(8),
        String(row.heapBytesPerMember).padStart(15),
        row.figuresMs.toFixed(3).padStart(12),
        row.membersListMs.toFixed(1).padStart(9),
        row.historyPageMs.toFixed(2).padStart(12),
        row.reopenMs.toFixed(0).padStart(11),
        row.idlePercent.toFixed(2).padStart(8),
      ].join(' '),
    )
  }
  lines.push('', 'one caller on the wallet, beside             CPU ms/pair')
  for (const { grants, cpuMs } of grantRows) {
    lines.push(`${`${grants} grants`.padEnd(44)} ${cpuMs.toFixed(3).padStart(10)}`)
  }
  return lines.join('\n')
}
