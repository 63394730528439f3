import { rmSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { priceId } from '../src/core/ids.ts'
import type { JournalWriter } from '../src/storage/sqlite-log/journal-writer.ts'
import { benchFolder } from './bench-folder.ts'
import * as asserting from './journal.ts'
import { loadWithoutAssertions } from './without-assertions.ts'

/**
 * What do the assertions of production cost (`src/core/invariants.ts`)? The same authorize and settle pairs on two copies
 * of the program in one process, of which one was loaded with assertions that look at nothing: durably, and with a
 * writer that keeps nothing. Rounds of both alternate, and what counts is the median of the ratios of neighbours. Beside
 * pairs a second stands the time that the deciding thread works for a pair, which other programs disturb less.
 */
type Pace = { readonly rounds: number; readonly durationMs: number }
const fullPace: Pace = { rounds: 20, durationMs: 500 }
const quickPace: Pace = { rounds: 3, durationMs: 100 }

type Program = Pick<typeof asserting, 'openParts' | 'seatAll' | 'onePair'>
type Way = { readonly name: string; readonly isDurable: boolean; readonly callers: number }
const ways: readonly Way[] = [
  { name: 'durable, 1 caller', isDurable: true, callers: 1 },
  { name: 'durable, 64 callers', isDurable: true, callers: 64 },
  { name: 'in memory, 64 callers', isDurable: false, callers: 64 },
]

type Row = {
  readonly way: string
  /** Medians of all rounds, with assertions and without. */
  readonly pairsPerSecond: readonly [number, number]
  readonly cpuMicrosPerPair: readonly [number, number]
  /** Medians of the ratios of neighbouring rounds, with to without, in per cent above one. */
  readonly timeMorePercent: number
  readonly cpuMorePercent: number
  /** Half of the ratios lie between these. */
  readonly cpuMoreQuartiles: readonly [number, number]
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const pace = values.quick === true ? quickPace : fullPace
  const folder = benchFolder()
  try {
    const bare: Program = await loadWithoutAssertions<typeof asserting>('./journal.ts')
    const rows: Row[] = []
    for (const way of ways) rows.push(await compare(way, { folder, pace, bare }))
    const [cpu] = cpus()
    const gib = Math.round(totalmem() / 2 ** 30)
    const machine = `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${gib} GiB, ${process.platform}`
    const report = { bench: 'assertions', machine, node: process.version, pace, rows }
    console.log(values.json === true ? JSON.stringify(report, null, 2) : toText(report))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Round = { readonly pairsPerSecond: number; readonly cpuMicros: number }

async function compare(
  way: Way,
  { folder, pace, bare }: { readonly folder: string; readonly pace: Pace; readonly bare: Program },
): Promise<Row> {
  const beds = await Promise.all(
    [asserting, bare].map((program, nth) =>
      furnish(program, { way, folder: join(folder, `${way.name}-${nth}`) }),
    ),
  )
  const rounds: Round[][] = [[], []]
  // The first ones warm up. Which of two comes first alternates as well.
  for (let count = -2; count < pace.rounds; count += 1) {
    for (const nth of count % 2 === 0 ? [0, 1] : [1, 0]) {
      const round = await beds[nth]?.work(pace.durationMs)
      if (round !== undefined && count >= 0) rounds[nth]?.push(round)
    }
  }
  for (const { close } of beds) await close()
  const [kept = [], without = []] = rounds
  const all = (of: (round: Round) => number): readonly [number, number] => [
    median(kept.map(of)),
    median(without.map(of)),
  ]
  const more = (of: (round: Round, other: Round) => number): readonly number[] =>
    kept.flatMap((round, nth) => {
      const other = without[nth]
      return other === undefined ? [] : [100 * (of(round, other) - 1)]
    })
  const cpuMore = more((round, other) => round.cpuMicros / other.cpuMicros)
  return {
    way: way.name,
    pairsPerSecond: all((round) => round.pairsPerSecond),
    cpuMicrosPerPair: all((round) => round.cpuMicros),
    timeMorePercent: median(more((round, other) => other.pairsPerSecond / round.pairsPerSecond)),
    cpuMorePercent: median(cpuMore),
    cpuMoreQuartiles: [quantile(cpuMore, 0.25), quantile(cpuMore, 0.75)],
  }
}

type Bed = {
  readonly work: (durationMs: number) => Promise<Round>
  readonly close: () => Promise<void>
}

async function furnish(
  { openParts, seatAll, onePair }: Program,
  { way, folder }: { readonly way: Way; readonly folder: string },
): Promise<Bed> {
  const parts = await openParts(folder, way.isDurable ? {} : { startWriter: keepNothing })
  const scopes = await seatAll(parts.storage, way.callers)
  const price = priceId('bench')
  const work = async (durationMs: number): Promise<Round> => {
    let pairs = 0
    const startMs = performance.now()
    const before = process.threadCpuUsage()
    const caller = async (scope: (typeof scopes)[number]): Promise<void> => {
      while (performance.now() - startMs < durationMs) {
        await onePair(parts, scope, price)
        pairs += 1
      }
    }
    await Promise.all(scopes.map(caller))
    const { user, system } = process.threadCpuUsage(before)
    return {
      pairsPerSecond: (pairs * 1000) / (performance.now() - startMs),
      cpuMicros: (user + system) / pairs,
    }
  }
  return { work, close: () => parts.storage.close() }
}

/** Takes everything for durable at once, so what is left is the deciding thread's own work. */
const keepNothing = (): JournalWriter => ({
  commit: () => Promise.resolve(),
  write: () => Promise.resolve({ rows: [], changedCount: 0 }),
  tendLog: () => Promise.resolve({ pages: 0, copiedPages: 0, isBlocked: false }),
  close: () => Promise.resolve(),
})

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? NaN
}

const median = (values: readonly number[]): number => quantile(values, 0.5)

function toText(report: {
  readonly machine: string
  readonly node: string
  readonly pace: Pace
  readonly rows: readonly Row[]
}): string {
  const { machine, node, pace, rows } = report
  const lines = [
    'Authorize + settle pairs with the assertions of production, beside the same without them',
    `${machine}; Node ${node}; medians of ${pace.rounds} rounds of ${pace.durationMs} ms each, alternating`,
    '',
    'way                      pairs/s with   without   time more %   CPU us/pair with   without   CPU more %   half of the rounds',
  ]
  for (const row of rows) {
    const [low, high] = row.cpuMoreQuartiles
    lines.push(
      [
        row.way.padEnd(24),
        row.pairsPerSecond[0].toFixed(0).padStart(12),
        row.pairsPerSecond[1].toFixed(0).padStart(9),
        row.timeMorePercent.toFixed(1).padStart(13),
        row.cpuMicrosPerPair[0].toFixed(1).padStart(18),
        row.cpuMicrosPerPair[1].toFixed(1).padStart(9),
        row.cpuMorePercent.toFixed(1).padStart(12),
        `${low.toFixed(1)} to ${high.toFixed(1)}`.padStart(20),
      ].join(' '),
    )
  }
  return lines.join('\n')
}
