import { parseArgs } from 'node:util'
import { runSeeds, type SeedRow } from './run-seeds.ts'

const usage = `Usage: npm run simulate [-- options]

Runs the real server in simulated worlds, one per seed: clock, chance, network, disk, upstream and callers all come
from the seed. The same seed and steps do the same again, to the byte.

  --seed <n>        one world (1)
  --seeds <a..b>    worlds one after another, on all processes
  --steps <n>       how long each world lasts, in steps (10000)
  --for <time>      new seeds until the time is over, such as 30s, 10m or 2h; from --seed on, or those of --seeds
  --nodes <n>       so many nodes with one database; else as the seed has it
  --jobs <n>        processes (2)
  --first           ends with the first world in which something happened that must not
  --histories       judges by what people were told alone, and by no other check
  --json            one line of JSON per world, and one for all of them
  --help            this

Ends with 1 when something happened that must not, with the command that shows it again; with 2 when it was asked
for something that it does not know. docs/simulation.md says what is simulated.`

type Wanted = {
  readonly seeds: Iterable<number>
  readonly count: number | null
  readonly steps: number
  readonly nodes: number | null
  readonly untilMs: number
  readonly jobs: number
  readonly isFirstOnly: boolean
  readonly isByHistoriesOnly: boolean
  readonly isJson: boolean
}

function readWanted(): Wanted | string {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      steps: { type: 'string', default: '10000' },
      for: { type: 'string' },
      nodes: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      first: { type: 'boolean', default: false },
      histories: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return usage
  const { from, to } = readSeeds(values)
  const forMs = values.for === undefined ? null : readTime(values.for)
  return {
    seeds: count(from, forMs === null || values.seeds !== undefined ? to : Infinity),
    count: forMs === null ? to - from + 1 : null,
    steps: whole('--steps', values.steps, 100_000_000),
    nodes: values.nodes === undefined ? null : whole('--nodes', values.nodes, 9),
    untilMs: forMs === null ? Infinity : performance.now() + forMs,
    jobs: whole('--jobs', values.jobs, 64),
    isFirstOnly: values.first,
    isByHistoriesOnly: values.histories,
    isJson: values.json,
  }
}

function* count(from: number, to: number): Generator<number> {
  for (let seed = from; seed <= to; seed += 1) yield seed
}

function readSeeds({ seed, seeds }: { seed?: string | undefined; seeds?: string | undefined }): {
  readonly from: number
  readonly to: number
} {
  if (seed !== undefined && seeds !== undefined)
    throw new TypeError('--seed is one world, --seeds are several: say one of them')
  if (seeds === undefined) {
    const only = whole('--seed', seed ?? '1', 2 ** 31)
    return { from: only, to: only }
  }
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(seeds) ?? []
  if (from === undefined || to === undefined || Number(from) > Number(to)) {
    throw new TypeError('--seeds is a first and a last seed, such as 1..100')
  }
  return { from: Number(from), to: Number(to) }
}

function readTime(text: string): number {
  const [, amount, unit = ''] = /^([1-9]\d*)(s|m|h)$/.exec(text) ?? []
  if (amount === undefined) throw new TypeError('--for is a time such as 30s, 10m or 2h')
  return Number(amount) * ({ s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 0)
}

function whole(name: string, text: string, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new TypeError(`${name} is a whole number from 1 to ${most}`)
  }
  return number
}

const thousands = (number: number): string => Math.round(number).toLocaleString('en')

function tellWorld(row: SeedRow): void {
  const { seed, steps, simulatedMs, realMs, digest, violations } = row
  const rate = thousands((steps / realMs) * 1000)
  const hours = (simulatedMs / 3_600_000).toFixed(1)
  const mark = violations.length === 0 ? '✔' : '✖'
  console.log(
    `${mark} seed ${seed}: ${thousands(steps)} steps, ${hours} simulated hours, ${rate} steps/s, ${digest}`,
  )
  for (const violation of violations) console.log(`    ${violation}`)
}

async function main(wanted: Wanted): Promise<void> {
  const { isJson, count: total } = wanted
  const beganMs = performance.now()
  const rows: SeedRow[] = []
  const end = (): void =>
    tellAll(rows, { ...wanted, seconds: (performance.now() - beganMs) / 1000 })
  // An interrupted run tells what it has seen, and leaves neither processes nor worlds behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      end()
      process.exit(130)
    })
  }
  const showProgress = (): void => {
    if (!process.stderr.isTTY || isJson) return
    const of = total === null ? '' : ` of ${total}`
    const steps = rows.reduce((sum, row) => sum + row.steps, 0)
    process.stderr.write(`\r  ${rows.length}${of} worlds, ${thousands(steps)} steps `)
  }
  await runSeeds(wanted, (row) => {
    rows.push(row)
    if (isJson) console.log(JSON.stringify(row))
    else if (row.violations.length > 0 || (total ?? Infinity) <= 20) tellWorld(row)
    showProgress()
  })
  if (process.stderr.isTTY && !isJson) process.stderr.write('\r')
  end()
}

function tellAll(
  rows: readonly SeedRow[],
  told: Pick<Wanted, 'isJson' | 'nodes' | 'isByHistoriesOnly'> & { readonly seconds: number },
): void {
  const { isJson, nodes, isByHistoriesOnly, seconds } = told
  const failed = rows.filter(({ violations }) => violations.length > 0)
  const sum = (of: (row: SeedRow) => number): number =>
    rows.reduce((total, row) => total + of(row), 0)
  const all = {
    worlds: rows.length,
    failed: failed.length,
    steps: sum(({ steps }) => steps),
    simulatedHours: sum(({ simulatedMs }) => simulatedMs) / 3_600_000,
    seconds,
  }
  if (isJson) console.log(JSON.stringify(all))
  else {
    console.log(
      `${thousands(all.worlds)} worlds, ${thousands(all.steps)} steps, ${thousands(all.simulatedHours)} simulated hours in ${thousands(seconds)} s: ` +
        `${thousands(all.steps / seconds)} steps and ${(all.simulatedHours / seconds).toFixed(1)} simulated hours a second`,
    )
  }
  const options = `${nodes === null ? '' : ` --nodes ${nodes}`}${isByHistoriesOnly ? ' --histories' : ''}`
  for (const { seed, asked } of failed) {
    console.error(`Again: npm run simulate -- --seed ${seed} --steps ${asked}${options}`)
  }
  if (failed.length > 0) process.exitCode = 1
}

try {
  const wanted = readWanted()
  if (typeof wanted === 'string') console.log(wanted)
  else await main(wanted)
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : error)
  process.exitCode = 2
}
