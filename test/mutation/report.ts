import type { CoreMutant } from './core-mutants.ts'
import type { Explained } from './explained.ts'
import type { How, Outcome } from './try-core-mutants.ts'

/** How many mutants were noticed, by file and in all, and which were not. */
export type Score = { readonly killed: number; readonly total: number; readonly score: string }

export type Survivor = {
  readonly mutant: CoreMutant
  readonly outcome: Outcome
  readonly why: string | undefined
}

export type Report = Score & {
  readonly files: readonly (Score & { readonly file: string })[]
  /** How many of the killed were noticed in which way. */
  readonly ways: Readonly<Record<How, number>>
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
    ways: waysOf(all.map(({ outcome }) => outcome)),
    survivors: all
      .filter(({ outcome }) => outcome.kind !== 'killed')
      .map(({ mutant, outcome }) => ({ mutant, outcome, why: explained.get(mutant.key) })),
  }
}

function waysOf(outcomes: readonly Outcome[]): Report['ways'] {
  const ways = { failed: 0, endless: 0, too_long: 0, died: 0, not_loaded: 0 }
  for (const { how } of outcomes) if (how !== undefined) ways[how] += 1
  return ways
}

function scoreOf(outcomes: readonly { readonly outcome: Outcome }[]): Score {
  const total = outcomes.length
  const killed = outcomes.filter(({ outcome }) => outcome.kind === 'killed').length
  // Cut, not rounded: a score that is shown was reached.
  const score = total === 0 ? '0.0' : (Math.floor((killed * 1000) / total) / 10).toFixed(1)
  return { killed, total, score }
}
