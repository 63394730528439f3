import type { CoreMutant } from './core-mutants.ts'
import type { Explained } from './explained.ts'
import type { Outcome } from './try-core-mutants.ts'

/** How many mutants were noticed, by file and in all, and which were not. */
export type Score = { readonly killed: number; readonly total: number; readonly score: string }

export type Survivor = {
  readonly mutant: CoreMutant
  readonly outcome: Outcome
  readonly why: string | undefined
}

export type Report = Score & {
  readonly files: readonly (Score & { readonly file: string })[]
  /** How many of the killed made a loop endless or ended the process, in the place of failing a test. */
  readonly endless: number
  readonly survivors: readonly Survivor[]
}

export function reportOf(outcomes: ReadonlyMap<CoreMutant, Outcome>, explained: Explained): Report {
  const all = [...outcomes].map(([mutant, outcome]) => ({ mutant, outcome }))
  const files = [...new Set(all.map(({ mutant }) => mutant.file))].toSorted()
  return {
    ...scoreOf(all),
    files: files.map((file) => ({
      file,
      ...scoreOf(all.filter(({ mutant }) => mutant.file === file)),
    })),
    endless: all.filter(({ outcome }) => outcome.kind === 'killed' && outcome.how !== 'failed')
      .length,
    survivors: all
      .filter(({ outcome }) => outcome.kind !== 'killed')
      .map(({ mutant, outcome }) => ({ mutant, outcome, why: explained.get(mutant.key) })),
  }
}

function scoreOf(outcomes: readonly { readonly outcome: Outcome }[]): Score {
  const total = outcomes.length
  const killed = outcomes.filter(({ outcome }) => outcome.kind === 'killed').length
  // Cut, not rounded: a score that is shown was reached.
  const score = total === 0 ? '0.0' : (Math.floor((killed * 1000) / total) / 10).toFixed(1)
  return { killed, total, score }
}
