import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { priceId } from '../src/core/ids.ts'
import type { GateParts } from '../src/operations/parts.ts'
import type { JournalWriter } from '../src/storage/sqlite-log/journal-writer.ts'
import { startWriterThread } from '../src/storage/sqlite-log/writer-thread.ts'
import type { MemberScope } from '../src/storage/storage.ts'
import { benchFolder } from './bench-folder.ts'
import { openParts, round, seatAll } from './journal.ts'
import { startSelfCopyingWriter } from './log-in-commits.ts'

/**
 * What is it worth that no commit copies the write-ahead log? Both ways run in turn, on a journal each; a commit's
 * time is what the serving thread waits for it. What counts are the ratios of one run.
 */
const callerCounts = [1, 16, 256]
const ways = ['within commits', 'beside them'] as const
type Way = (typeof ways)[number]

type Measured = { readonly commitMs: number[]; readonly pairsPerSecond: number[] }
type Running = Measured & { readonly parts: GateParts; readonly scopes: readonly MemberScope[] }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const pace =
    values.quick === true ? { rounds: 2, durationMs: 500 } : { rounds: 6, durationMs: 2500 }
  const rows = []
  for (const callers of callerCounts) rows.push(...(await compare(callers, pace)))
  console.log(
    values.json === true ? JSON.stringify({ bench: 'log', pace, rows }, null, 2) : toText(rows),
  )
}

type Row = {
  readonly callers: number
  readonly way: Way
  readonly commits: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly most: number
  readonly pairsPerSecond: number
}

async function compare(
  callers: number,
  pace: { readonly rounds: number; readonly durationMs: number },
): Promise<readonly Row[]> {
  const folder = benchFolder()
  const running = new Map<Way, Running>()
  try {
    for (const way of ways)
      running.set(way, await begin(join(folder, way.replace(' ', '-')), way, callers))
    for (let count = 0; count < pace.rounds; count += 1) {
      for (const one of running.values()) await measure(one, pace.durationMs)
    }
    for (const { parts } of running.values()) await parts.storage.close()
    return [...running].map(([way, measured]) => rowOf(callers, way, measured))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function begin(folder: string, way: Way, callers: number): Promise<Running> {
  const commitMs: number[] = []
  const idle = { pages: 0, copiedPages: 0, isBlocked: false }
  const timed = (writer: JournalWriter): JournalWriter => ({
    ...writer,
    commit: async (batch) => {
      const startMs = performance.now()
      await writer.commit(batch)
      commitMs.push(performance.now() - startMs)
    },
  })
  const parts = await openParts(
    folder,
    way === 'beside them'
      ? { startWriter: (path) => timed(startWriterThread(path)) }
      : {
          startWriter: (path) =>
            timed({ ...startSelfCopyingWriter(path), tendLog: async () => idle }),
          startCopier: () => ({ work: async () => idle, close: () => Promise.resolve() }),
        },
  )
  const scopes = await seatAll(parts.storage, callers)
  await round(parts, { scopes, price: priceId('bench'), durationMs: 500 })
  commitMs.length = 0
  return { parts, scopes, commitMs, pairsPerSecond: [] }
}

async function measure(
  { parts, scopes, pairsPerSecond }: Running,
  durationMs: number,
): Promise<void> {
  const measured = await round(parts, { scopes, price: priceId('bench'), durationMs })
  pairsPerSecond.push(measured.pairsPerSecond)
}

function rowOf(callers: number, way: Way, { commitMs, pairsPerSecond }: Measured): Row {
  const sorted = commitMs.toSorted((left, right) => left - right)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN
  const pairs = pairsPerSecond.toSorted((left, right) => left - right)
  return {
    callers,
    way,
    commits: sorted.length,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    most: sorted.at(-1) ?? NaN,
    pairsPerSecond: Math.round(pairs[Math.floor(pairs.length / 2)] ?? NaN),
  }
}

function toText(rows: readonly Row[]): string {
  const lines = [
    'The time of a commit in ms, with the log copied within commits (every 1,000 pages) and beside them',
    '',
    'callers   the log is copied   commits      p50      p99    p99.9     most   pairs/s',
  ]
  for (const { callers, way, commits, p50, p99, p999, most, pairsPerSecond } of rows) {
    lines.push(
      [
        String(callers).padStart(7),
        way.padStart(19),
        String(commits).padStart(9),
        ...[p50, p99, p999, most].map((ms) => ms.toFixed(2).padStart(8)),
        String(pairsPerSecond).padStart(9),
      ].join(' '),
    )
  }
  return lines.join('\n')
}
