import type { CoreMutant, CoreTree } from './core-mutants.ts'
import type { Measured } from './worker-messages.ts'
import { Worker, type Answer } from './workers.ts'

/** What became of a mutant, in the words of the page. */
export type Outcome = {
  /** `unreached`: no test comes to its place; counts as survived. */
  readonly kind: 'killed' | 'survived' | 'unreached'
  /** The test that noticed, or how its process ended. */
  readonly by?: string
  readonly how?: How
}

/**
 * A test failed; one passed a mutant's place without end, by count; a process was silent far beyond its time, or died,
 * and again when it was tried once more; no test that loads fails, and some file of tests does not load.
 */
export type How = 'failed' | 'endless' | 'too_long' | 'died' | 'not_loaded'

/** Stories for each law of the model: a few for everybody, and more for those that got past these and all else. */
const lawRuns = { first: 15, second: 30 }
const isSecond = (test: string): boolean => test.endsWith(` (${lawRuns.second} stories)`)

export type Trial = {
  readonly mutants: readonly CoreMutant[]
  readonly jobs: number
  /** Leaves the second round out: soon done, and some survive that more stories would have noticed. */
  readonly isQuick: boolean
  readonly onOutcome: (mutant: CoreMutant, outcome: Outcome) => void
}

/**
 * Tries each mutant on the tests that reach it, quickest first, up to the first that fails. They share a worker, but for
 * those that work while a module loads, and those of files that remember what they worked out: an answer from before
 * would hide such a mutant, or outlive it.
 */
export async function tryCoreMutants(tree: CoreTree, trial: Trial): Promise<void> {
  const load = { lawRuns: [lawRuns.first, ...(trial.isQuick ? [] : [lawRuns.second])] }
  const { worker, loaded } = await Worker.start(tree, load)
  if (loaded.kind !== 'loaded' || loaded.unloaded.length > 0) {
    worker.end()
    const failure = loaded.kind === 'loaded' ? loaded.failure : loaded.kind
    throw new Error(`The tests do not load without a mutant: ${failure}`)
  }
  const ground = { tree, load, measured: await worker.measure(), kills: new Map<string, number>() }
  worker.end()
  const waiting = [...trial.mutants]
  const work = async (): Promise<void> => {
    const bench = new Bench(ground)
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      trial.onOutcome(mutant, await bench.outcomeOf(mutant))
    }
    bench.close()
  }
  await Promise.all(Array.from({ length: trial.jobs }, work))
}

type Ground = {
  readonly tree: CoreTree
  readonly load: { readonly lawRuns: readonly number[] }
  readonly measured: Measured
  /** How many mutants each test has noticed. */
  readonly kills: Map<string, number>
}

class Bench {
  readonly #ground: Ground
  #shared: Worker | undefined

  constructor(ground: Ground) {
    this.#ground = ground
  }

  async outcomeOf(mutant: CoreMutant): Promise<Outcome> {
    const { tree, measured } = this.#ground
    const isLoaded = measured.whileLoading.includes(mutant.id)
    const isAlone = isLoaded || tree.remembering.has(mutant.file)
    // What a module remembers is worked out by the first test that asks: any other may be the one that would notice.
    const places = tree.remembering.has(mutant.file)
      ? tree.mutants.filter(({ file }) => file === mutant.file)
      : [mutant]
    const reached = this.#inOrder().filter(
      (name) => isLoaded || places.some(({ id }) => (measured.perTest[name]?.[id] ?? 0) > 0),
    )
    if (reached.length === 0) return { kind: 'unreached' }
    const rounds = [false, true].map((second) =>
      reached.filter((name) => isSecond(name) === second),
    )
    if (isAlone) return await this.#tryAlone(mutant, rounds.flat())
    for (const tests of rounds) {
      const outcome = await this.#tryShared(mutant, tests)
      if (outcome.kind === 'killed') return this.#counted(outcome)
    }
    return { kind: 'survived' }
  }

  /** Those that notice much in little time first. */
  #inOrder(): readonly string[] {
    const { measured, kills, load } = this.#ground
    const total = Object.values(measured.durations).reduce((sum, ms) => sum + ms, 0)
    const isSlow = (ms: number): boolean => load.lawRuns.length === 1 && ms > total / 60
    return Object.entries(measured.durations)
      .filter(([name, ms]) => name.includes('/laws.ts') || !isSlow(ms))
      .map(([name, ms]) => ({ name, rank: ms / (1 + (kills.get(name) ?? 0)) }))
      .toSorted((left, right) => left.rank - right.rank)
      .map(({ name }) => name)
  }

  async #tryShared(mutant: CoreMutant, tests: readonly string[]): Promise<Outcome> {
    const { tree, measured, load } = this.#ground
    this.#shared ??= (await Worker.start(tree, load)).worker
    const { id: mutantId } = mutant
    const terms = { mutantId, tests, hitMax: hitMax(measured, mutantId), isAlone: false }
    const answer = await this.#shared.try(terms, answerMaxMs(measured, tests))
    if (answer.kind !== 'passed' && !isTold(answer)) this.close()
    if (answer.kind === 'passed' || isTold(answer)) return outcomeOf(answer)
    // Something was left behind, or the machine was busy: in a process of its own it has its own time.
    return await this.#tryAlone(mutant, tests)
  }

  /** Twice when its process did not answer: a busy machine is no kill. */
  async #tryAlone(mutant: CoreMutant, tests: readonly string[]): Promise<Outcome> {
    const first = await this.#tryOnce(mutant, tests, 1)
    const isSilent = first.how === 'too_long' || first.how === 'died'
    return isSilent ? await this.#tryOnce(mutant, tests, 3) : first
  }

  async #tryOnce(
    { id: mutantId }: CoreMutant,
    tests: readonly string[],
    patience: number,
  ): Promise<Outcome> {
    const { tree, measured, load } = this.#ground
    const { worker, loaded } = await Worker.start(tree, { ...load, mutantId })
    try {
      if (loaded.kind !== 'loaded') return outcomeOf(loaded)
      const there = tests.filter((name) => !loaded.unloaded.some((file) => name.startsWith(file)))
      const terms = { mutantId, tests: there, hitMax: hitMax(measured, mutantId), isAlone: true }
      const answer = await worker.try(terms, patience * answerMaxMs(measured, there))
      if (answer.kind !== 'passed') return outcomeOf(answer)
      const how = 'not_loaded'
      const { unloaded, failure: by } = loaded
      return unloaded.length > 0 ? { kind: 'killed', how, by } : { kind: 'survived' }
    } finally {
      worker.end()
    }
  }

  #counted(outcome: Outcome): Outcome {
    const { kills } = this.#ground
    if (outcome.by !== undefined && outcome.how !== 'not_loaded')
      kills.set(outcome.by, (kills.get(outcome.by) ?? 0) + 1)
    return outcome
  }

  close(): void {
    this.#shared?.end()
    this.#shared = undefined
  }
}

/** A test has noticed, in a process that goes on. */
const isTold = ({ kind }: Answer): boolean => kind === 'failed' || kind === 'endless'

function outcomeOf(answer: Answer): Outcome {
  switch (answer.kind) {
    case 'failed':
    case 'endless':
      return { kind: 'killed', how: answer.kind, by: answer.test }
    case 'too_long':
    case 'died':
      return { kind: 'killed', how: answer.kind }
    case 'passed':
      return { kind: 'survived' }
    default:
      throw new Error(`A worker answered ${JSON.stringify(answer)}`)
  }
}

/** A mutant's place is passed at most so often by one test: far more than without it, so it is an endless loop. */
function hitMax({ perTest }: Measured, id: string): number {
  const hits = Object.values(perTest).map((counts) => counts[id] ?? 0)
  return 10 * Math.max(...hits) + 10_000
}

/** A worker that is silent for much longer than its tests take hangs where no mutant is passed. */
function answerMaxMs({ durations }: Measured, tests: readonly string[]): number {
  return tests.reduce((sum, name) => sum + 10 * (durations[name] ?? 0), 30_000)
}
