import { fork, type ChildProcess } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
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
  readonly addedP50Ms: number
  readonly addedP99Ms: number
}

type Figures = Pick<LoadResult, 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'failures'>

type Pace = { readonly rounds: number; readonly durationMs: number }
const fullPace: Pace = { rounds: 5, durationMs: 2000 }
const quickPace: Pace = { rounds: 1, durationMs: 400 }
const connectionCounts = [1, 10, 50, 200]

export type GatewayReport = {
  readonly bench: 'gateway'
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly pace: Pace
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
  const urls = { direct: upstream.url, floor: floor.url, plimsoll: plimsoll.url }
  try {
    const rows: Row[] = []
    for (const isStream of [false, true]) {
      for (const connections of connectionCounts) {
        const scenario = { isStream, connections }
        rows.push(await measureScenario(scenario, { urls, keys: plimsoll.keys, pace }))
      }
    }
    const [cpu] = cpus()
    const gib = Math.round(totalmem() / 2 ** 30)
    return {
      bench: 'gateway',
      machine: `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${gib} GiB, ${process.platform}`,
      versions: { node: process.version, undici: process.versions['undici'] ?? '' },
      pace,
      rows,
    }
  } finally {
    for (const { child } of [plimsoll, floor, upstream]) child.disconnect()
  }
}

type Bed = {
  readonly urls: Readonly<Record<Target, string>>
  readonly keys: readonly string[]
  readonly pace: Pace
}

async function measureScenario(scenario: Scenario, bed: Bed): Promise<Row> {
  const { durationMs, rounds } = bed.pace
  const results: Record<Target, LoadResult[]> = { direct: [], floor: [], plimsoll: [] }
  for (let round = -1; round < rounds; round++) {
    for (const target of targets) {
      const url = bed.urls[target]
      // The first round only warms up.
      const plan = { ...scenario, url, keys: bed.keys }
      const result = await runLoad({ ...plan, durationMs: round < 0 ? durationMs / 2 : durationMs })
      if (round >= 0) results[target].push(result)
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
    addedP50Ms: plimsoll.p50Ms - floor.p50Ms,
    addedP99Ms: plimsoll.p99Ms - floor.p99Ms,
  }
}

function mediansOf(results: readonly LoadResult[]): Figures {
  const median = (pick: (result: LoadResult) => number): number => {
    const sorted = results.map(pick).toSorted((left, right) => left - right)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }
  return {
    requestsPerSecond: median((result) => result.requestsPerSecond),
    p50Ms: median((result) => result.p50Ms),
    p99Ms: median((result) => result.p99Ms),
    failures: results.reduce((sum, result) => sum + result.failures, 0),
  }
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
    '',
    row('', 'conn', ...targets, 'of floor', 'added p50'),
  ]
  for (const one of report.rows) {
    const cells = targets.map((target) => cell(one[target]))
    const added = `${one.addedP50Ms.toFixed(2)} ms`
    const mode = one.isStream ? 'stream, 20 events' : 'message'
    lines.push(row(mode, String(one.connections), ...cells, one.ofFloor.toFixed(2), added))
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
  const widths = [18, 5, 22, 22, 22, 9, 10]
  return cells.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' ')
}

if (import.meta.main) await run(process.argv.slice(2))
