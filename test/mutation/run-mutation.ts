import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../mutants/mutant.ts'
import { plantMutants, type CoreMutant, type CoreTree } from './core-mutants.ts'
import { readExplained, type Explained } from './explained.ts'
import { KeptOutcomes } from './kept-outcomes.ts'
import { writePage } from './mutation-page.ts'
import { reportOf, type Report } from './report.ts'
import { tryCoreMutants, type Outcome } from './try-core-mutants.ts'

/** `npm run mutants:core`: changes the core in every small way, one at a time, and sees whether a test notices. */
const usage = `Usage: npm run mutants:core -- [options]

  --file <name>    only the mutants of this source of src/core/ (--file money.ts)
  --least <n>      the score below which it ends with 1, in per cent (97)
  --jobs <n>       how many at once (2)
  --quick          leaves out slow tests and most stories: a lower score, in a third of the time
  --kept           tries nothing: reports what earlier runs found; what was never tried counts as survived
  --fresh          tries all again, also those whose source and tests are the same as last time
  --json           one object with every mutant and its outcome
  --write          writes docs/mutation-core.md (of all files only)

Outcomes are kept in .cache/, so a run that was interrupted goes on, and the next tries what changed: mutants of changed
lines, and those that survived when a source or a test changed. Ends with 1 below the score, or when a survivor's explanation
fits nothing any more; with 2 when it was asked for something else.`

type Options = {
  readonly file: string | undefined
  readonly least: number
  readonly jobs: number
  readonly isQuick: boolean
  readonly isKept: boolean
  readonly isFresh: boolean
  readonly isJson: boolean
  readonly isWriting: boolean
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      least: { type: 'string', default: '97' },
      jobs: { type: 'string', default: '2' },
      quick: { type: 'boolean', default: false },
      kept: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const least = Number(values.least)
  const jobs = Number(values.jobs)
  if (!(least >= 0 && least <= 100)) throw new Error('--least is a number from 0 to 100')
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 16)
    throw new Error('--jobs is a number from 1 to 16')
  const { file, quick: isQuick, kept: isKept, fresh: isFresh } = values
  const { json: isJson, write: isWriting } = values
  if (isWriting && file !== undefined)
    throw new Error('--write writes the page of all files; leave --file out')
  return { file, least, jobs, isQuick, isKept, isFresh, isJson, isWriting }
}

/** Everything that people read beside the result itself goes to stderr. */
const say = (line: string): void => void process.stderr.write(`${line}\n`)

function chosen(tree: CoreTree, file: string | undefined): readonly CoreMutant[] {
  if (file === undefined) return tree.mutants
  const name = file.startsWith('src/') ? file : `src/core/${file}`
  const mutants = tree.mutants.filter((mutant) => mutant.file === name)
  if (mutants.length === 0) throw new Error(`There is no mutant in "${name}"`)
  return mutants
}

async function outcomesOf(
  tree: CoreTree,
  mutants: readonly CoreMutant[],
  options: Options & { readonly explained: Explained },
): Promise<ReadonlyMap<CoreMutant, Outcome>> {
  const { jobs, isQuick, isKept, explained } = options
  const kept = new KeptOutcomes(tree, options)
  const untried = isKept ? [] : kept.untried(mutants, explained)
  say(`▶ ${mutants.length} mutants, of which ${untried.length} are to be tried`)
  let done = 0
  const onOutcome = (mutant: CoreMutant, outcome: Outcome): void => {
    kept.set(mutant, outcome)
    done += 1
    if (done % 50 === 0 || done === untried.length) say(`  ${done}/${untried.length} tried`)
  }
  // An interrupted run keeps what it has.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      kept.save()
      process.exit(130)
    })
  }
  const trial = { mutants: untried, jobs, isQuick, onOutcome }
  try {
    if (untried.length > 0) await tryCoreMutants(tree, trial)
  } finally {
    kept.save()
  }
  return new Map(mutants.map((mutant) => [mutant, kept.last(mutant)]))
}

function print(report: Report, { isJson }: Options): void {
  if (isJson) return console.log(JSON.stringify(report, null, 2))
  for (const { mutant, outcome, why } of report.survivors) {
    console.log(`${mutant.file}:${mutant.line} ${mutant.mutator} (${outcome.kind})`)
    console.log(`    ${mutant.was}  →  ${mutant.becomes === '' ? '(nothing)' : mutant.becomes}`)
    console.log(
      `    ${why ?? 'NOT EXPLAINED: write a test, or say in test/mutation/explained.json why none can tell'}`,
    )
  }
  for (const { file, killed, total, score } of report.files) {
    console.log(
      `${file.padEnd(32)} ${String(killed).padStart(5)} of ${String(total).padStart(5)}  ${score} %`,
    )
  }
  console.log(`${report.killed} of ${report.total} were killed: ${report.score} %`)
}

async function main(options: Options): Promise<void> {
  const tree = await plantMutants(join(root, '.cache', 'core-mutants', 'tree'))
  const mutants = chosen(tree, options.file)
  const explained = readExplained()
  const outcomes = await outcomesOf(tree, mutants, { ...options, explained })
  const report = reportOf(outcomes, explained)
  print(report, options)
  if (options.isWriting) writePage(report, options)
  const known = new Set(tree.mutants.map(({ key }) => key))
  const stale = [...explained.keys()].filter((key) => !known.has(key))
  for (const key of stale) say(`✖ explained, and not there any more: ${key}`)
  const isEnough = report.killed >= (options.least / 100) * report.total
  if (!isEnough) say(`✖ less than ${options.least} %`)
  if (!isEnough || stale.length > 0) process.exitCode = 1
}

try {
  const options = readOptions()
  if (options === undefined) console.log(usage)
  else await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(`\n${usage}`)
  // Not the code alone: workers that still try something would keep the process alive.
  process.exit(2)
}
