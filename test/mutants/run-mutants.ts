import { globSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readMutants, root, type Mutant } from './mutant.ts'
import { writePage } from './mutants-page.ts'
import { tryMutants, type Outcome } from './try-mutants.ts'

/** `npm run mutants`: puts known bugs into a copy of the sources, one at a time, and sees the tests fail. */
const usage = `Usage: npm run mutants [-- options]

  --only <word>   those whose name contains it, or whose row is it (--only D6, --only D)
  --all-tests     tries every test file, not only those that a mutant names (hours)
  --jobs <n>      how many at once (2)
  --write         writes docs/mutants.md
  --list          says what there is and runs nothing

Ends with 1 when a mutant survives or does not apply any more, with 2 when it was asked for something else.`

type Options = {
  readonly mutants: readonly Mutant[]
  readonly all: readonly Mutant[]
  readonly jobs: number
  readonly isAllTests: boolean
  readonly isWriting: boolean
}

function readOptions(): Options | string {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      'all-tests': { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return usage
  const all = readMutants()
  const { only } = values
  const mutants = all.filter(
    ({ id, row }) => only === undefined || id.includes(only) || row === only || row[0] === only,
  )
  if (values.list)
    return mutants.map(({ id, row, bug }) => `${row.padEnd(4)} ${id}: ${bug}`).join('\n')
  const jobs = Number(values.jobs)
  if (mutants.length === 0)
    throw new Error(`No mutant is named "${only}"; --list says which there are.`)
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64)
    throw new Error('--jobs is a number from 1 to 64')
  return { mutants, all, jobs, isAllTests: values['all-tests'], isWriting: values.write }
}

function print({ mutant, verdict, isKilled }: Outcome, count: string): void {
  const seconds = `${verdict.seconds.toFixed(1)} s`
  const what = {
    failed: `killed in ${seconds} by ${verdict.file}: ${verdict.what}`,
    passed: `SURVIVED ${verdict.what} (${seconds}): ${mutant.bug}`,
    broken: `BROKEN: ${verdict.file} ${verdict.what}`,
    too_long: `NOT KILLED within ${seconds}: ${mutant.bug}`,
  }[verdict.kind]
  console.log(`${isKilled ? '✔' : '✖'} ${count} ${mutant.id} (${mutant.row}) ${what}`)
}

async function main(options: Options): Promise<void> {
  const { mutants, jobs, isAllTests } = options
  const allTests = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root })
    .filter((file) => !file.startsWith('test/mutants/'))
    .sort()
  console.log(`▶ ${mutants.length} mutants; first their tests without any of them`)
  const outcomes = await tryMutants({
    mutants,
    jobs,
    killersOf: (mutant) => (isAllTests ? allTests : mutant.killers),
    killersMaxMs: isAllTests ? 40 * 60_000 : 5 * 60_000,
    onOutcome: (outcome, done) => print(outcome, `${done}/${mutants.length}`),
  })
  const left = outcomes.filter(({ isKilled }) => !isKilled)
  if (options.isWriting) writePage(options.all, outcomes)
  if (left.length === 0) return console.log(`✔ all ${outcomes.length} were killed`)
  console.log(`✖ ${left.length} of ${outcomes.length} were not killed:`)
  for (const { mutant } of left) console.log(`  npm run mutants -- --only ${mutant.id}`)
  process.exitCode = 1
}

// An interrupted run cleans up as one that ended by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  const options = readOptions()
  if (typeof options === 'string') console.log(options)
  else await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(`\n${usage}`)
  process.exitCode = 2
}
