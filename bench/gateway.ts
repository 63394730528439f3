import { fork, type ChildProcess } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { benchFolder } from './bench-folder.ts'
import { runLoad, type LoadResult } from './gateway-load.ts'

/**
 * What does Plimsoll cost on the path of a request? Direct to the upstream, through a bare Node
 * pass-through proxy (the floor), and through Plimsoll with its journal on disk and every hold durable
 * before the upstream is contacted. Rounds of the three are interleaved, so that a noisy machine is noisy
 * for all of them; what counts are the ratios within one run.
 */
const targets = ['direct', 'floor', 'plimsoll'] as const
type Target = (typeof targets)[number]

type Scenario = { readonly isStream: boolean; readonly connections: number }

type Row = Scenario & {
  readonly [T in Target]: Figures
} & {
  /** Plimsoll's throughput as a share of the floor's. */
  readonly ofFloor: number
  /** Processor time of the whole process per request, all threads: steadier than a clock on a busy machine. */
  readonly cpuMicros: { readonly floor: number; readonly plimsoll: number }
  readonly addedP50Ms: number
  readonly addedP99Ms: number
}

type Figures = Pick<LoadResult, 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'failures'>

type Pace = { readonly warmUpMs: number; readonly rounds: number; readonly durationMs: number }
const fullPace: Pace = { warmUpMs: 10_000, rounds: 5, durationMs: 2000 }
const quickPace: Pace = { warmUpMs: 1500, rounds: 1, durationMs: 400 }
const warmUpConnections = 50
const connectionCounts = [1, 10, 50, 200]

export type GatewayReport = {
  readonly bench: 'gateway'
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly pace: Pace
  /** What one durable commit of one row takes on this disk, for comparison with what is added. */
  readonly commitP50Ms: number
  readonly rows: readonly Row[]
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const report = await measure(values.quick === true ? quickPace : fullPace)
  console.log(values.json === true ? JSON.stringify(report, null, 2) : toText(report))
}

async function measure(pace: Pace): Promise<GatewayReport> {
  const upstream = await start('gateway-upstream.ts', [])
  const floor = await start('gateway-floor.ts', [upstream.url])
  const plimsoll = await start('gateway-plimsoll.ts', [upstream.url])
  const bed: Bed = { targets: { direct: upstream, floor, plimsoll }, keys: plimsoll.keys, pace }
  try {
    const rows: Row[] = []
    for (const isStream of [false, true]) {
      await warmUp(bed, isStream)
      for (const connections of connectionCounts) {
        rows.push(await measureScenario({ isStream, connections }, bed))
      }
    }
    const [cpu] = cpus()
    const gib = Math.round(totalmem() / 2 ** 30)
    return {
      bench: 'gateway',
      machine: `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${gib} GiB, ${process.platform}`,
      versions: { node: process.version, undici: undiciVersion() },
      pace,
      commitP50Ms: measureCommit(),
      rows,
    }
  } finally {
    for (const { child } of [plimsoll, floor, upstream]) child.disconnect()
  }
}

type Bed = {
  readonly targets: Readonly<Record<Target, Started>>
  readonly keys: readonly string[]
  readonly pace: Pace
}

/** What counts is a server that has been running for a while, not one whose code is still being compiled. */
async function warmUp({ targets: all, keys, pace }: Bed, isStream: boolean): Promise<void> {
  for (const target of targets) {
    const { url } = all[target]
    const load = { isStream, connections: warmUpConnections, url, keys }
    await runLoad({ ...load, durationMs: pace.warmUpMs })
  }
}

async function measureScenario(scenario: Scenario, bed: Bed): Promise<Row> {
  const { durationMs, rounds } = bed.pace
  const results: Record<Target, Measured[]> = { direct: [], floor: [], plimsoll: [] }
  for (let round = 0; round < rounds; round++) {
    for (const target of targets) {
      const started = bed.targets[target]
      const before = await cpuMicrosOf(started)
      const result = await runLoad({ ...scenario, url: started.url, keys: bed.keys, durationMs })
      const cpuMicros = ((await cpuMicrosOf(started)) - before) / result.requests
      results[target].push({ ...result, cpuMicros })
    }
  }
  const direct = mediansOf(results.direct)
  const floor = mediansOf(results.floor)
  const plimsoll = mediansOf(results.plimsoll)
  return {
    ...scenario,
    direct,
    floor,
    plimsoll,
    ofFloor: plimsoll.requestsPerSecond / floor.requestsPerSecond,
    cpuMicros: {
      floor: medianOf(results.floor, (one) => one.cpuMicros),
      plimsoll: medianOf(results.plimsoll, (one) => one.cpuMicros),
    },
    addedP50Ms: plimsoll.p50Ms - floor.p50Ms,
    addedP99Ms: plimsoll.p99Ms - floor.p99Ms,
  }
}

type Measured = LoadResult & { readonly cpuMicros: number }

function cpuMicrosOf({ child }: Started): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', ({ user, system }: NodeJS.CpuUsage) => resolve(user + system))
    child.send('cpu')
  })
}

function medianOf<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  const sorted = items.map(pick).toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function mediansOf(results: readonly LoadResult[]): Figures {
  return {
    requestsPerSecond: medianOf(results, (result) => result.requestsPerSecond),
    p50Ms: medianOf(results, (result) => result.p50Ms),
    p99Ms: medianOf(results, (result) => result.p99Ms),
    failures: results.reduce((sum, result) => sum + result.failures, 0),
  }
}

const commitCount = 400

/** One row and one commit, in the journal's own mode: write-ahead log, synced in full. */
function measureCommit(): number {
  const folder = benchFolder()
  const db = new DatabaseSync(join(folder, 'commit.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (text TEXT)')
  const insert = db.prepare('INSERT INTO row (text) VALUES (?)')
  const times: number[] = []
  for (let i = 0; i < commitCount; i++) {
    const startMs = performance.now()
    insert.run('x'.repeat(600))
    times.push(performance.now() - startMs)
  }
  db.close()
  rmSync(folder, { recursive: true })
  return medianOf(times, (time) => time)
}

function undiciVersion(): string {
  const path = join(import.meta.dirname, '..', 'node_modules', 'undici', 'package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }
  return version
}

type Started = {
  readonly child: ChildProcess
  readonly url: string
  readonly keys: readonly string[]
}

function start(file: string, args: readonly string[]): Promise<Started> {
  const child = fork(join(import.meta.dirname, file), [...args])
  return new Promise((resolve, reject) => {
    child.once('message', (ready: { readonly url: string; readonly keys?: readonly string[] }) =>
      resolve({ child, url: ready.url, keys: ready.keys ?? ['none'] }),
    )
    child.once('exit', (code) =>
      reject(new Error(`${file} ended with ${code} before it was ready`)),
    )
  })
}

function toText(report: GatewayReport): string {
  const lines = [
    `Gateway, ${report.machine}`,
    Object.entries(report.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `medians of ${report.pace.rounds} interleaved rounds of ${report.pace.durationMs} ms; req/s (p50/p99 ms)`,
    `one durable commit takes ${report.commitP50Ms.toFixed(2)} ms here (p50)`,
    '',
    row('', 'conn', ...targets, 'of floor', 'added p50', 'CPU us floor/plimsoll'),
  ]
  for (const one of report.rows) {
    const cells = targets.map((target) => cell(one[target]))
    const added = `${one.addedP50Ms.toFixed(2)} ms`
    const mode = one.isStream ? 'stream, 20 events' : 'message'
    const cpu = `${Math.round(one.cpuMicros.floor)}/${Math.round(one.cpuMicros.plimsoll)}`
    lines.push(row(mode, String(one.connections), ...cells, one.ofFloor.toFixed(2), added, cpu))
  }
  const failures = report.rows.flatMap((one) => targets.map((target) => one[target].failures))
  const failed = failures.reduce((sum, count) => sum + count, 0)
  lines.push('', failed === 0 ? 'every reply was a 200' : `${failed} replies failed`)
  return lines.join('\n')
}

function cell({ requestsPerSecond, p50Ms, p99Ms }: Figures): string {
  return `${Math.round(requestsPerSecond)} (${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)})`
}

function row(...cells: readonly string[]): string {
  const widths = [18, 5, 22, 22, 22, 9, 10, 20]
  return cells.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' ')
}

if (import.meta.main) await run(process.argv.slice(2))
