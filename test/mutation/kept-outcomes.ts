import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../mutants/mutant.ts'
import type { CoreMutant, CoreTree } from './core-mutants.ts'
import type { Outcome } from './try-core-mutants.ts'

/**
 * Outcomes of earlier runs, so that one that was interrupted goes on, and the next tries only what changed. An outcome
 * holds while its source is the same; one that survived, only while all tests are the same as well.
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
    if (kept === undefined || kept.sourceDigest !== this.#tree.sourceDigests.get(source))
      return undefined
    const isSame = kept.outcome.kind === 'killed' || kept.testsDigest === this.#testsDigest
    return isSame ? kept.outcome : undefined
  }

  /** Those without an outcome; what was never tried as it stands comes before what survived other tests. */
  untried(mutants: readonly CoreMutant[]): readonly CoreMutant[] {
    const untried = mutants.filter((mutant) => this.get(mutant) === undefined)
    const isNew = ({ key, file: source }: CoreMutant): boolean =>
      this.#kept.get(key)?.sourceDigest !== this.#tree.sourceDigests.get(source)
    return [...untried.filter((one) => isNew(one)), ...untried.filter((one) => !isNew(one))]
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
