import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MutantTree } from './mutant-tree.ts'
import { MutantError, type Mutant } from './mutant.ts'
import { tryTests, type Verdict } from './try-tests.ts'

/** What became of a mutant: killed by a test, or not, and then why. */
export type Outcome = {
  readonly mutant: Mutant
  readonly isKilled: boolean
  readonly verdict: Verdict
}

export type Trial = {
  readonly mutants: readonly Mutant[]
  readonly jobs: number
  /** Which test files are tried on a mutant. */
  readonly killersOf: (mutant: Mutant) => readonly string[]
  readonly onOutcome: (outcome: Outcome, done: number) => void
  readonly killersMaxMs: number
}

/**
 * Tries each mutant in a copy of the project, after its killers were seen to pass in a copy without any; one that fails
 * there, and once more, is left out. The
 * copies lie in one temporary folder that is gone afterwards.
 */
export async function tryMutants(trial: Trial): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'))
  const clean = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.once('exit', clean)
  try {
    const count = Math.max(1, Math.min(trial.jobs, trial.mutants.length))
    const trees = Array.from({ length: count }, (_, index) => {
      return new MutantTree(join(folder, String(index)))
    })
    return await tryAll(trial, { trees, failing: await failingKillers(trial, trees) })
  } finally {
    clean()
    process.removeListener('exit', clean)
  }
}

/** Files that fail twice without any mutant: their failing with one would prove nothing. */
async function failingKillers(
  trial: Trial,
  trees: readonly MutantTree[],
): Promise<ReadonlySet<string>> {
  const files = [...new Set(trial.mutants.flatMap((mutant) => trial.killersOf(mutant)))].sort()
  const failing = new Set<string>()
  await Promise.all(
    trees.map(async (tree) => {
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        const isPassing = async (path: string): Promise<boolean> =>
          (await tryTests(tree, [path], trial.killersMaxMs)).kind === 'passed'
        if (!(await isPassing(file)) && !(await isPassing(file))) failing.add(file)
      }
    }),
  )
  return failing
}

type Ground = { readonly trees: readonly MutantTree[]; readonly failing: ReadonlySet<string> }

async function tryAll(trial: Trial, { trees, failing }: Ground): Promise<readonly Outcome[]> {
  const waiting = [...trial.mutants]
  const outcomes: Outcome[] = []
  await Promise.all(
    trees.map(async (tree) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const files = trial.killersOf(mutant)
        const verdict = await tryOne(tree, mutant, {
          files: files.filter((file) => !failing.has(file)),
          maxMs: trial.killersMaxMs,
        })
        const outcome = { mutant, verdict, isKilled: verdict.kind === 'failed' }
        outcomes.push(outcome)
        trial.onOutcome(outcome, outcomes.length)
      }
    }),
  )
  return outcomes
}

async function tryOne(
  tree: MutantTree,
  mutant: Mutant,
  { files, maxMs }: { readonly files: readonly string[]; readonly maxMs: number },
): Promise<Verdict> {
  const broken = { kind: 'broken', file: '', seconds: 0 } as const
  if (files.length === 0) return { ...broken, what: 'its tests fail without it, too' }
  try {
    return await tree.with(mutant, () => tryTests(tree, files, maxMs))
  } catch (error) {
    if (!(error instanceof MutantError)) throw error
    return { ...broken, what: error.message }
  }
}
