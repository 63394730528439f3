/** What the program and its workers tell each other. */

export type Order = {
  readonly kind: 'load'
  /** The folder with the instrumented sources and the tests. */
  readonly tree: string
  readonly files: readonly string[]
  /** How many stories each law of the model is tried with, in turn. */
  readonly lawRuns: readonly number[]
}

export type Asked = {
  readonly kind: 'try'
  readonly mutantId: string
  /** In the order in which they run, up to the first that fails. */
  readonly tests: readonly string[]
  /** How often the mutant's place may be passed within one test before it counts as endless. */
  readonly hitMax: number
  /** The worker ends after this mutant, so that what it leaves behind does not matter. */
  readonly isAlone: boolean
}

export type Measured = {
  readonly durations: Readonly<Record<string, number>>
  /** Mutants of what is computed while modules load. */
  readonly whileLoading: readonly string[]
  /** How often each test passes the place of each mutant. */
  readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export type Told =
  /** Files that threw while they were loaded; their tests are not there. */
  | { readonly kind: 'loaded'; readonly unloaded: readonly string[]; readonly failure: string }
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed' | 'endless'; readonly test: string; readonly failure: string }
  /** The test fails without the mutant as well, since something of it was left behind. */
  | { readonly kind: 'spoilt' }
  | { readonly kind: 'broken'; readonly failure: string }
