import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../mutants/mutant.ts'
import type { CoreMutant, CoreTree } from './core-mutants.ts'
import type { Explained } from './explained.ts'
import type { Outcome } from './try-core-mutants.ts'

/**
 * Outcomes of earlier runs, so that one that was interrupted goes on, and the next tries only what changed. What was
 * killed stays so while its own text is the same; what survived is tried again when its source or any test changed.
 */
const file = join(root, '.cache', 'core-mutants', 'outcomes.json')

type Kept = {
  readonly sourceDigest: string
  readonly testsDigest: string
  readonly outcome: Outcome
}

export class KeptOutcomes {
  readonly #tree: CoreTree
  readonly #testsDigest: string
  readonly #kept: Map<string, Kept>
  #savedMs = 0

  constructor(
    tree: CoreTree,
    { isFresh, isQuick }: { readonly isFresh: boolean; readonly isQuick: boolean },
  ) {
    this.#tree = tree
    this.#testsDigest = isQuick ? `${tree.testsDigest} quick` : tree.testsDigest
    this.#kept = new Map(isFresh ? [] : readKept())
  }

  get({ key, file: source }: CoreMutant): Outcome | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined || kept.outcome.kind === 'killed') return kept?.outcome
    const isSame =
      kept.testsDigest === this.#testsDigest &&
      kept.sourceDigest === this.#tree.sourceDigests.get(source)
    return isSame ? kept.outcome : undefined
  }

  /** Also where a source or a test is another one by now; what was never tried counts as survived. */
  last({ key }: CoreMutant): Outcome {
    return this.#kept.get(key)?.outcome ?? { kind: 'survived' }
  }

  /** Those without an outcome: what was never tried first, and what nobody expects to be killed last. */
  untried(mutants: readonly CoreMutant[], explained: Explained): readonly CoreMutant[] {
    const rank = ({ key }: CoreMutant): number =>
      explained.has(key) ? 2 : this.#kept.has(key) ? 1 : 0
    return mutants
      .filter((mutant) => this.get(mutant) === undefined)
      .toSorted((left, right) => rank(left) - rank(right))
  }

  set({ key, file: source }: CoreMutant, outcome: Outcome): void {
    const sourceDigest = this.#tree.sourceDigests.get(source) ?? ''
    this.#kept.set(key, { sourceDigest, testsDigest: this.#testsDigest, outcome })
    if (Date.now() - this.#savedMs > 2000) this.save()
  }

  save(): void {
    this.#savedMs = Date.now()
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, JSON.stringify([...this.#kept], null, 1))
    renameSync(`${file}.new`, file)
  }
}

function readKept(): readonly (readonly [string, Kept])[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return []
  }
}
