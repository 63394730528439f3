import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { SeedRow } from './run-seeds.ts'

/**
 * `npm run simulate:page -- rows.jsonl ...`: what `npm run simulate -- --json` said of many worlds, as a table in
 * docs/simulation-campaign.md. Nothing is written when a seed is missing, stands twice, or found something.
 */
const usage = 'Usage: npm run simulate:page -- <file of npm run simulate -- --json> ...'
const root = join(import.meta.dirname, '..', '..')
const page = join(root, 'docs', 'simulation-campaign.md')
const worldsPerRow = 100
const hourMs = 3_600_000

type Total = { readonly seconds: number; readonly worlds: number }

class RowsError extends Error {}

function readFiles(files: readonly string[]): {
  readonly rows: readonly SeedRow[]
  readonly seconds: number
} {
  const rows: SeedRow[] = []
  let seconds = 0
  for (const line of files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))) {
    const said = JSON.parse(line) as SeedRow | Total
    if ('seed' in said) rows.push(said)
    else seconds += said.seconds
  }
  rows.sort((left, right) => left.seed - right.seed)
  return { rows, seconds }
}

function check(rows: readonly SeedRow[]): void {
  if (rows.length === 0) throw new RowsError('There are no worlds in these files.')
  rows.forEach((row, index) => {
    const before = rows[index - 1]
    if (before !== undefined && row.seed !== before.seed + 1) {
      throw new RowsError(`After seed ${before.seed} comes ${row.seed}.`)
    }
    const [why] = row.violations
    if (why !== undefined) throw new RowsError(`Seed ${row.seed} found something: ${why}`)
  })
}

const sum = (rows: readonly SeedRow[], of: (row: SeedRow) => number): number =>
  rows.reduce((total, row) => total + of(row), 0)
const thousands = (count: number): string => Math.round(count).toLocaleString('en')

function cellsOf(name: string, rows: readonly SeedRow[]): string {
  const [steps, seconds] = [sum(rows, (row) => row.steps), sum(rows, ({ realMs }) => realMs / 1000)]
  const hours = sum(rows, ({ simulatedMs }) => simulatedMs / hourMs)
  const cells = [
    name,
    thousands(rows.length),
    thousands(steps),
    thousands(hours),
    thousands(seconds),
    thousands(steps / seconds),
    (hours / seconds).toFixed(1),
    thousands(sum(rows, ({ seen }) => seen.entries)),
    thousands(sum(rows, ({ seen }) => seen.answersChecked)),
    thousands(sum(rows, ({ seen }) => seen.serverLives)),
    thousands(sum(rows, ({ seen }) => sumOf(seen.faults))),
    thousands(sum(rows, ({ violations }) => violations.length)),
  ]
  return `| ${cells.join(' | ')} |`
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Each name with its sum over all worlds, the most frequent first. */
function totals(
  rows: readonly SeedRow[],
  of: (row: SeedRow) => Readonly<Record<string, number>>,
): string {
  const sums = new Map<string, number>()
  for (const row of rows) {
    for (const [name, count] of Object.entries(of(row))) {
      sums.set(name, (sums.get(name) ?? 0) + count)
    }
  }
  const sorted = [...sums].toSorted(([, left], [, right]) => right - left)
  return sorted.map(([name, count]) => `| ${name} | ${thousands(count)} |`).join('\n')
}

function text(rows: readonly SeedRow[], seconds: number): string {
  const chunks = new Map<number, SeedRow[]>()
  for (const row of rows) {
    const first = row.seed - ((row.seed - 1) % worldsPerRow)
    chunks.set(first, [...(chunks.get(first) ?? []), row])
  }
  const table = [...chunks].map(([first, some]) =>
    cellsOf(`${first} to ${some.at(-1)?.seed}`, some),
  )
  const digest = createHash('sha256')
  for (const row of rows) digest.update(`${row.seed} ${row.digest}\n`)
  const commit = git('rev-parse', '--short', 'HEAD')
  const [first, last] = [rows[0], rows.at(-1)]
  const [, cpu = 'a processor'] = /^(.*)$/.exec(cpus()[0]?.model.trim() ?? '') ?? []
  return `# The campaign of the simulation

Written by \`npm run simulate:page\` from what \`npm run simulate -- --json\` said; [simulation.md](simulation.md) says what a world, a step and
a fault are. Sources: commit ${commit}, Node ${process.versions.node}, ${cpus().length} × ${cpu}, ${new Date().toISOString().slice(0, 10)}.

**${thousands(rows.length)} worlds, ${thousands(sum(rows, ({ steps }) => steps))} steps, ${thousands(sum(rows, ({ simulatedMs }) => simulatedMs / hourMs))} simulated hours, ${thousands(sum(rows, ({ violations }) => violations.length))} violations**, in ${thousands(seconds / 60)} minutes.
SHA-256 of all digests, a line of seed and digest for each world: \`${digest.digest('hex')}\`. The same again:

\`\`\`sh
npm run simulate -- --seeds ${first?.seed}..${last?.seed} --steps ${first?.asked} --json
\`\`\`

Seconds are those of one process, and two ran at once; steps and hours a second are those of one process, too.

| seeds | worlds | steps | simulated hours | seconds | steps/s | hours/s | entries | answers checked | lives of servers | faults | violations |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${table.join('\n')}
${cellsOf('**all**', rows)}

## Faults

| fault | times |
| --- | --- |
${totals(rows, ({ seen }) => seen.faults)}

${thousands(sum(rows, ({ seen }) => seen.answersInQuarantine))} answers went to customers in quarantine.

## Steps by kind

| kind | steps |
| --- | --- |
${totals(rows, ({ counts }) => counts)}
`
}

function git(...words: readonly string[]): string {
  return spawnSync('git', words, { cwd: root, encoding: 'utf8' }).stdout.trim()
}

try {
  const files = process.argv.slice(2)
  if (files.length === 0) throw new RowsError(usage)
  const { rows, seconds } = readFiles(files)
  check(rows)
  writeFileSync(page, text(rows, seconds))
  console.log(`✔ docs/simulation-campaign.md has ${thousands(rows.length)} worlds`)
} catch (error) {
  if (!(error instanceof RowsError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
