import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { AdminApiParts } from '../src/admin/admin-api.ts'
import { HeavyReads } from '../src/admin/http/heavy-reads.ts'
import { historyFile } from '../src/admin/members/history-file.ts'
import { seriesAnswer } from '../src/admin/members/series-answers.ts'
import { customerId, memberId, planId, priceId } from '../src/core/ids.ts'
import { seatMember } from '../src/core/commands.ts'
import type { GateParts } from '../src/operations/parts.ts'
import { UsageReadings } from '../src/operations/usage-readings.ts'
import type { MemberScope } from '../src/storage/storage.ts'
import type { Clock } from '../src/system/clock.ts'
import { createSystemClock } from '../src/system/system-clock.ts'
import { benchFolder } from './bench-folder.ts'
import { onePair, openParts, openWithMoney, seatAll } from './journal.ts'

/**
 * What do people who read much cost those who are served meanwhile? One customer has months of requests; its files are
 * read, and its charts drawn for the first time, while members of others do one authorize and settle after another.
 * The longest time in which nobody had a turn stands beside.
 */
const callers = 16
const writers = 64
const daysOfHistory = 90
const readMs = 5000
const dayMs = 24 * 60 * 60 * 1000
const price = priceId('bench')
const big = customerId('big')

type Reading = { readonly how: string; readonly read: (parts: AdminApiParts) => Promise<void> }

const readings: readonly Reading[] = [
  { how: 'alone', read: async () => await new Promise((end) => setTimeout(end, readMs)) },
  { how: '10 files (JSON)', read: (parts) => exportFiles(parts, 'json') },
  { how: '10 files (CSV)', read: (parts) => exportFiles(parts, 'csv') },
  { how: '4 charts, cold', read: drawCharts },
]

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const requests = values.quick === true ? 10_000 : 100_000
  const folder = benchFolder()
  try {
    const scopes = await fill(join(folder, 'data'), requests)
    const parts = await openParts(join(folder, 'data'))
    const rows: Row[] = []
    for (const reading of readings) rows.push(await measure(parts, scopes, reading))
    await parts.storage.close()
    const report = { bench: 'heavy-reads', requests, rows }
    console.log(values.json === true ? JSON.stringify(report, null, 2) : toText(requests, rows))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Months of requests of one customer, at moments that go with their number. */
async function fill(dataFolder: string, requests: number): Promise<readonly MemberScope[]> {
  let done = 0
  const real = createSystemClock()
  const spanMs = daysOfHistory * dayMs
  const aheadMs = (): number => Math.floor((Math.min(done, requests) / requests) * spanMs)
  const clock: Clock = {
    wallMs: () => real.wallMs() - spanMs + aheadMs(),
    elapsedMs: () => real.elapsedMs() + aheadMs(),
    after: (delayMs, callback) => real.after(delayMs, callback),
  }
  const parts = { ...(await openParts(dataFolder, { clock })), holdMaxMs: spanMs }
  const scopes = await seatAll(parts.storage, callers)
  const members = Array.from({ length: writers }, (_, index) => memberId(`big_${index}`))
  const seats = members.map((id) => ({ customerId: big, memberId: id }))
  for (const [index, scope] of seats.entries()) {
    if (index === 0) await openWithMoney(parts.storage, scope)
    await parts.storage.update(scope, (account, context) => ({
      answer: undefined,
      entries: [
        { ...seatMember(account, { planId: planId('roomy') }, context), memberId: scope.memberId },
      ],
    }))
  }
  await Promise.all(
    seats.map(async (scope) => {
      for (; done < requests; done += 1) await onePair(parts, scope, price)
    }),
  )
  await parts.storage.close()
  return scopes
}

/** Ten files of the customer are asked for; those that get a place are read for a while. */
async function exportFiles(parts: AdminApiParts, format: 'csv' | 'json'): Promise<void> {
  const untilMs = performance.now() + readMs
  const files = Array.from({ length: 10 }, () => openFile(parts, format))
  await Promise.all(
    files.map(async (file) => {
      for await (const _chunk of file ?? []) if (performance.now() > untilMs) return
    }),
  )
}

function openFile(parts: AdminApiParts, format: 'csv' | 'json'): ReadableStream | undefined {
  try {
    return historyFile(parts, { customerId: big, filter: {}, reader: 'owner' }, format)
  } catch {
    return undefined
  }
}

/** The whole customer's, and three of its members'. */
async function drawCharts(parts: AdminApiParts): Promise<void> {
  const fromMs = parts.storage.recordNowMs() - daysOfHistory * dayMs
  const members = ['big_0', 'big_1', 'big_2'].map((id) => ({ memberId: memberId(id) }))
  await Promise.all(
    [{}, ...members].map(async (member) => {
      const query = { step: 'day', fromMs, zone: 'UTC' } as const
      let isWhole = false
      while (!isWhole) {
        const answer = await seriesAnswer(parts, { customerId: big, ...member }, query)
        isWhole = answer.wholeSinceMs === null
      }
    }),
  )
}

type Row = {
  readonly how: string
  readonly p50: number
  readonly p95: number
  readonly stallMs: number
  readonly seconds: number
}

async function measure(
  parts: GateParts,
  scopes: readonly MemberScope[],
  { how, read }: Reading,
): Promise<Row> {
  const { storage, clock } = parts
  const usageReadings = new UsageReadings({ storage, clock })
  const about = { version: 'bench', currencySymbol: '$' }
  const heavyReads = new HeavyReads({ clock })
  const desk = { ...parts, usageReadings, heavyReads, about } as unknown as AdminApiParts
  const delays = monitorEventLoopDelay({ resolution: 1 })
  const pairMs: number[] = []
  let isOver = false
  const beganMs = performance.now()
  delays.enable()
  const reading = read(desk).finally(() => (isOver = true))
  await Promise.all(
    scopes.map(async (scope) => {
      while (!isOver) {
        const pairBeganMs = performance.now()
        await onePair(parts, scope, price)
        pairMs.push(performance.now() - pairBeganMs)
      }
    }),
  )
  await reading
  delays.disable()
  const seconds = (performance.now() - beganMs) / 1000
  const sorted = pairMs.toSorted((left, right) => left - right)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN
  return { how, p50: at(0.5), p95: at(0.95), stallMs: delays.max / 1e6, seconds }
}

const toText = (requests: number, rows: readonly Row[]): string =>
  [
    `Authorize + settle of ${callers} callers, in ms, beside reads of ${requests} requests`,
    '',
    'beside                   p50      p95    stall  seconds',
    ...rows.map(({ how, p50, p95, stallMs, seconds }) =>
      [
        how.padEnd(20),
        p50.toFixed(1).padStart(7),
        p95.toFixed(1).padStart(8),
        stallMs.toFixed(0).padStart(8),
        seconds.toFixed(1).padStart(8),
      ].join(' '),
    ),
  ].join('\n')
