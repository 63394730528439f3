import fc from 'fast-check'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { collected, type CollectedTest } from './collected-tests.ts'
import type { Asked, Measured, Order, Told } from './worker-messages.ts'

/**
 * One process that holds the instrumented core with its tests, and tries one mutant after another: mutants are switched
 * on by a global variable, so nothing is loaded again. A mutant of what is computed while modules load needs a worker of
 * its own, which is told so by its environment (`__STRYKER_ACTIVE_MUTANT__`).
 */
type Switches = {
  activeMutant?: string | undefined
  isMeasuring: boolean
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: {
    static: Record<string, number>
    perTest: Record<string, Record<string, number>>
  }
}

// Also while modules load: which mutants work then is told by the same counters.
const switches: Switches = { isMeasuring: true }
Reflect.set(globalThis, '__stryker__', switches)

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test'
      ? { url: new URL('collected-tests.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})

// A fixed seed makes outcomes repeatable, and a smaller counterexample of a mutant helps nobody.
const seed = 20_261_128
fc.configureGlobal({ seed, endOnFailure: true })

type Law = { readonly name: string; readonly property: fc.IRawProperty<unknown, false> }

type Loaded = {
  readonly tests: readonly CollectedTest[]
  readonly unloaded: readonly string[]
  readonly failure: string
}

/** Each file by itself: one that a mutant keeps from loading hides no test of the others. */
async function load({ tree, files, lawRuns }: Order): Promise<Loaded> {
  const tests: CollectedTest[] = []
  const unloaded: string[] = []
  let failure = ''
  const lawFile = 'test/model/laws.ts'
  for (const file of [...files, lawFile]) {
    try {
      collected.length = 0
      const url = pathToFileURL(join(tree, file)).href
      const { laws = [] }: { readonly laws?: readonly Law[] } = await import(url)
      tests.push(...collected.map(({ name, run }) => ({ name: `${file}: ${name}`, run })))
      if (file === lawFile) tests.push(...lawRuns.flatMap((numRuns) => toTests(laws, numRuns)))
    } catch (error) {
      unloaded.push(file)
      failure ||= `${file}: ${messageOf(error)}`
    }
  }
  return { tests, unloaded, failure }
}

const toTests = (laws: readonly Law[], numRuns: number): readonly CollectedTest[] =>
  laws.map(({ name, property }) => ({
    name: `test/model/laws.ts: ${name} (${numRuns} stories)`,
    run: () => fc.assert(property, { numRuns, seed }),
  }))

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200) ?? ''

/** What the test throws, in a few words; undefined when it passes. */
async function failureOf(test: CollectedTest): Promise<string | undefined> {
  try {
    await test.run()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Runs all tests without any mutant: they have to pass, and say which mutants they reach. */
async function measure(tests: readonly CollectedTest[]): Promise<Measured> {
  const durations: Record<string, number> = {}
  switches.isMeasuring = true
  for (const test of tests) {
    switches.currentTestId = test.name
    const since = performance.now()
    const failure = await failureOf(test)
    if (failure !== undefined) throw new Error(`${test.name} fails without a mutant: ${failure}`)
    durations[test.name] = performance.now() - since
  }
  switches.currentTestId = undefined
  switches.isMeasuring = false
  const { mutantCoverage = { static: {}, perTest: {} } } = switches
  return {
    durations,
    whileLoading: Object.keys(mutantCoverage.static),
    perTest: mutantCoverage.perTest,
  }
}

async function attempt(tests: readonly CollectedTest[], asked: Asked): Promise<Told> {
  const byName = new Map(tests.map((test) => [test.name, test]))
  switches.activeMutant = asked.mutantId
  for (const name of asked.tests) {
    const test = byName.get(name)
    // A list that tests are made from, one for each, may be what the mutant has emptied.
    if (test === undefined && asked.isAlone) continue
    if (test === undefined) throw new Error(`There is no test "${name}"`)
    switches.hitCount = 0
    switches.hitLimit = asked.hitMax
    const failure = await failureOf(test)
    if (failure === undefined) continue
    switches.activeMutant = undefined
    // By the count, not by the message: a law puts the error into one of its own.
    const isEndless = (switches.hitCount ?? 0) > asked.hitMax
    // What a mutant left behind in a cache of a module would fail every later test, too.
    const isSpoilt = !asked.isAlone && (await failureOf(test)) !== undefined
    if (isSpoilt) return { kind: 'spoilt' }
    return { kind: isEndless ? 'endless' : 'failed', test: name, failure }
  }
  switches.activeMutant = undefined
  return { kind: 'passed' }
}

const tell = (told: Told): void => void process.send?.(told)

let tests: readonly CollectedTest[] = []

async function obey(order: Order | Asked | { readonly kind: 'measure' }): Promise<void> {
  if (order.kind === 'load') {
    const loaded = await load(order)
    tests = loaded.tests
    switches.isMeasuring = false
    tell({ kind: 'loaded', unloaded: loaded.unloaded, failure: loaded.failure })
  } else if (order.kind === 'measure') tell({ kind: 'measured', measured: await measure(tests) })
  else tell(await attempt(tests, order))
}

process.on('message', (order: Order | Asked | { readonly kind: 'measure' }) => {
  obey(order).catch((error: unknown) => tell({ kind: 'broken', failure: messageOf(error) }))
})
process.once('disconnect', () => process.exit())
