import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { memoryFolder } from '../faults/memory-folder.ts'
import {
  corruptAll,
  corruptSeals,
  keepStored,
  kindsOfCorruption,
  type Corrupted,
} from './corruptions.ts'
import { customerOf } from './founding-customer.ts'
import {
  askLast,
  begin,
  goOn,
  openWorld,
  publishAll,
  type FoundingWorld,
} from './founding-world.ts'

/**
 * The founding failure, many times over: customers whose stored sums are all wrong, each in some way, who then ask.
 * Once their own requests meet the corruption first, and once the audit does.
 */
export type FoundingOptions = {
  readonly customers: number
  readonly seed: number
  /** In memory where it is left out. */
  readonly folder?: string
  readonly onProgress: (what: string, done: number, total: number) => void
}

export type FoundingOutcome = {
  readonly customers: number
  readonly seed: number
  readonly folders: number
  readonly entries: number
  readonly derivations: number
  readonly kinds: readonly KindOutcome[]
  /** Of both rounds, and of the one after seals were changed. */
  readonly requests: number
  readonly falseDenials: readonly string[]
  readonly falseAllows: readonly string[]
  readonly falseFigures: readonly string[]
  /** Reported as wrong although they were not. */
  readonly falseAlarms: readonly string[]
  /** Wrong, and reported by nobody. */
  readonly missed: readonly string[]
  /** Still wrong after they were healed, or faults that nobody made. */
  readonly unhealed: readonly string[]
  readonly seals: { readonly changed: number; readonly named: number }
  readonly times: Times
}

export type KindOutcome = {
  readonly what: string
  readonly expected: 'found' | 'true'
  readonly corrupted: number
  readonly foundByRequests: number
  readonly foundByAudit: number
}

type Times = {
  readonly firstRequestMs: { readonly median: number; readonly p99: number; readonly most: number }
  /** All requests of the first round, which found and healed what they met. */
  readonly requestsSeconds: number
  /** Reading everything, to find. */
  readonly findSeconds: number
  /** The same, and making anew what was wrong. */
  readonly healSeconds: number
}

/** What one account's fold costs grows with its journal, so many customers have several, one after another. */
const customersPerFolder = 10_000
const atOnceUsual = 64
const sealsMax = 40

export async function runFounding(options: FoundingOptions): Promise<FoundingOutcome> {
  const outcomes: FolderOutcome[] = []
  for (let first = 0; first < options.customers; first += customersPerFolder) {
    const end = Math.min(first + customersPerFolder, options.customers)
    const root = join(options.folder ?? memoryFolder('founding'), `from-${first}`)
    mkdirSync(root, { recursive: true })
    const files = { folder: join(root, 'data'), copy: join(root, 'earlier.db') }
    try {
      outcomes.push(await new FoundingRun(options, files, { first, end }).all())
    } finally {
      if (options.folder === undefined) rmSync(join(root, '..'), { recursive: true, force: true })
    }
  }
  return addUp(options, outcomes)
}

function addUp(
  { customers, seed }: FoundingOptions,
  outcomes: readonly FolderOutcome[],
): FoundingOutcome {
  const sum = (part: (outcome: FolderOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + part(outcome), 0)
  const all = <Part>(part: (outcome: FolderOutcome) => readonly Part[]): readonly Part[] =>
    outcomes.flatMap(part)
  return {
    customers,
    seed,
    folders: outcomes.length,
    entries: sum(({ entries }) => entries),
    derivations: sum(({ derivations }) => derivations),
    kinds: kindsOfCorruption.map(({ what, expected }, index) => ({
      what,
      expected,
      corrupted: sum(({ kinds }) => kinds[index]?.corrupted ?? 0),
      foundByRequests: sum(({ kinds }) => kinds[index]?.foundByRequests ?? 0),
      foundByAudit: sum(({ kinds }) => kinds[index]?.foundByAudit ?? 0),
    })),
    requests: sum(({ requests }) => requests),
    falseDenials: all(({ falseDenials }) => falseDenials),
    falseAllows: all(({ falseAllows }) => falseAllows),
    falseFigures: all(({ falseFigures }) => falseFigures),
    falseAlarms: all(({ falseAlarms }) => falseAlarms),
    missed: all(({ missed: owners }) => owners),
    unhealed: all(({ unhealed }) => unhealed),
    seals: {
      changed: sum(({ seals }) => seals.changed),
      named: sum(({ seals }) => seals.named),
    },
    times: {
      firstRequestMs: spread(all(({ firstRequestMs }) => firstRequestMs)),
      requestsSeconds: sum(({ seconds }) => seconds.requests),
      findSeconds: sum(({ seconds }) => seconds.find),
      healSeconds: sum(({ seconds }) => seconds.heal),
    },
  }
}

type Files = { readonly folder: string; readonly copy: string }
type FolderOutcome = Omit<FoundingOutcome, 'customers' | 'seed' | 'folders' | 'times'> & {
  readonly firstRequestMs: readonly number[]
  readonly seconds: { readonly requests: number; readonly find: number; readonly heal: number }
}
type Asking = {
  readonly what: string
  readonly atOnce?: number
  readonly isAsking?: (index: number) => boolean
}
type Span = { readonly first: number; readonly end: number }
type Round = { readonly corrupted: Corrupted; readonly found: ReadonlySet<string> }

class FoundingRun {
  readonly #options: FoundingOptions
  readonly #files: Files
  readonly #span: Span
  readonly #told = {
    falseDenials: [] as string[],
    falseAllows: [] as string[],
    falseFigures: [] as string[],
  }
  readonly #unhealed: string[] = []
  #requests = 0
  /** Of the journal as it was closed last: what is found from its next opening on stands behind it. */
  #position = 0

  constructor(options: FoundingOptions, files: Files, span: Span) {
    this.#options = options
    this.#files = files
    this.#span = span
  }

  async all(): Promise<FolderOutcome> {
    await this.#furnish()
    const first = await this.#requestsFirst()
    const second = await this.#auditFirst()
    const seals = await this.#changeSeals()
    const rounds = [first, second]
    return {
      entries: second.entries,
      derivations: first.corrupted.size,
      kinds: kindsOfCorruption.map(({ what, expected }) => ({
        what,
        expected,
        corrupted: countOf(first, what).corrupted + countOf(second, what).corrupted,
        foundByRequests: countOf(first, what).found,
        foundByAudit: countOf(second, what).found,
      })),
      requests: this.#requests,
      ...this.#told,
      falseAlarms: rounds.flatMap(falseAlarms),
      missed: rounds.flatMap(missed),
      unhealed: this.#unhealed,
      seals,
      firstRequestMs: first.firstRequestMs,
      seconds: { requests: first.seconds, find: second.findSeconds, heal: second.healSeconds },
    }
  }

  /** Stored sums are looked at twice on the way, so that there are older ones. */
  async #furnish(): Promise<void> {
    await this.#within(async (world) => {
      await publishAll(world)
      await this.#each({ what: 'customers begin' }, (index) => begin(world, this.#customer(index)))
    })
    keepStored(this.#files.folder, this.#files.copy)
    await this.#within((world) =>
      this.#each({ what: 'customers go on' }, (index) => goOn(world, this.#customer(index))),
    )
  }

  async #requestsFirst() {
    const corrupted = this.#corrupt(1)
    const from = this.#position
    return this.#within(async (world) => {
      const startedMs = performance.now()
      const times = await this.#askAll(world, { what: 'requests meet what is wrong', atOnce: 1 })
      const seconds = (performance.now() - startedMs) / 1000
      await this.#expectClean(world, 'after the requests')
      const found = await driftsBetween(world, {
        from,
        until: world.storage.durablePosition,
      })
      return { corrupted, found, seconds, firstRequestMs: times }
    })
  }

  async #auditFirst() {
    const corrupted = this.#corrupt(2)
    const from = this.#position
    const times = await this.#within(async (world) => ({
      findSeconds: await this.#verify(world, false),
      healSeconds: await this.#verify(world, true),
    }))
    const until = this.#position
    // What was made anew is what the next start reads.
    return this.#within(async (world) => {
      const found = await driftsBetween(world, { from, until })
      await this.#askAll(world, { what: 'requests after the audit' })
      await this.#expectClean(world, 'after the audit')
      return { corrupted, found, ...times, entries: world.storage.durablePosition }
    })
  }

  /** The journal's own rows, which nothing heals: named as faults, and nobody is told anything false. */
  async #changeSeals(): Promise<{ changed: number; named: number }> {
    const { seed } = this.#options
    const count = Math.min(sealsMax, this.#span.end - this.#span.first)
    const changed = corruptSeals(this.#files.folder, { count, seed })
    return this.#within(async (world) => {
      const owners = new Set(changed.map(({ customerId }) => customerId))
      await this.#askAll(world, {
        what: 'requests beside changed seals',
        isAsking: (index) => owners.has(this.#customer(index).scope.customerId),
      })
      const { faults } = await world.storage.verify({ isHealing: false, actor: 'founding' })
      const isNamed = ({ position }: { readonly position: number }): boolean =>
        faults.some((fault) => fault.startsWith(`Entry ${position} `))
      return { changed: changed.length, named: changed.filter(isNamed).length }
    })
  }

  #customer(index: number): ReturnType<typeof customerOf> {
    return customerOf(this.#options.seed, index)
  }

  #corrupt(round: number): Corrupted {
    const seed = (this.#options.seed + this.#span.first) * 31 + round
    return corruptAll(this.#files.folder, { copy: this.#files.copy, seed })
  }

  async #within<Result>(act: (world: FoundingWorld) => Promise<Result>): Promise<Result> {
    const world = await openWorld(this.#files.folder)
    try {
      return await act(world)
    } finally {
      await world.close()
      this.#position = world.storage.durablePosition
    }
  }

  async #askAll(world: FoundingWorld, round: Asking): Promise<readonly number[]> {
    const times: number[] = []
    await this.#each(round, async (index) => {
      if (round.isAsking?.(index) === false) return
      const { ms, falseDenial, falseAllow, falseFigure } = await askLast(
        world,
        this.#customer(index),
      )
      times.push(ms)
      if (falseDenial !== null) this.#told.falseDenials.push(falseDenial)
      if (falseAllow !== null) this.#told.falseAllows.push(falseAllow)
      if (falseFigure !== null) this.#told.falseFigures.push(falseFigure)
    })
    this.#requests += times.length
    return times
  }

  async #each(
    { what, atOnce = atOnceUsual }: Asking,
    act: (index: number) => Promise<void>,
  ): Promise<void> {
    const { customers, onProgress } = this.#options
    let next = this.#span.first
    const inTurn = async (): Promise<void> => {
      while (next < this.#span.end) {
        const index = next
        next += 1
        await act(index)
        if (next % 1000 === 0) onProgress(what, next, customers)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, inTurn))
  }

  async #verify({ storage }: FoundingWorld, isHealing: boolean): Promise<number> {
    const startedMs = performance.now()
    const what = isHealing ? 'audit that heals' : 'audit'
    let last = 0
    await storage.verify({
      isHealing,
      actor: 'founding',
      onProgress: (done, total) => {
        if (done - last < 50_000) return
        last = done
        this.#options.onProgress(what, done, total)
      },
    })
    return (performance.now() - startedMs) / 1000
  }

  async #expectClean({ storage }: FoundingWorld, when: string): Promise<void> {
    const { drifts, faults } = await storage.verify({ isHealing: false, actor: 'founding' })
    for (const { where, field } of drifts) this.#unhealed.push(`${where} ${field} ${when}`)
    for (const fault of faults) this.#unhealed.push(`${fault} ${when}`)
  }
}

/** Accounts of which the journal says that their stored sums were found wrong, and made anew. */
async function driftsBetween(
  { storage }: FoundingWorld,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const query = { kind: 'drift_found', beforePosition: until + 1, rowsMax: 1000 } as const
  for (let afterPosition = from; ;) {
    const page = await storage.entries({ ...query, afterPosition })
    const drifts = page.flatMap(({ body }) => (body.kind === 'drift_found' ? body.drifts : []))
    for (const { where } of drifts) found.add(where)
    const last = page.at(-1)
    if (last === undefined) return found
    afterPosition = last.position
  }
}

function countOf({ corrupted, found }: Round, what: string): { corrupted: number; found: number } {
  const owners = [...corrupted].filter(([, kind]) => kind.what === what).map(([owner]) => owner)
  return { corrupted: owners.length, found: owners.filter((owner) => found.has(owner)).length }
}

const missed = ({ corrupted, found }: Round): string[] =>
  [...corrupted]
    .filter(([owner, { expected }]) => expected === 'found' && !found.has(owner))
    .map(([owner, { what }]) => `${owner}: ${what}`)

const falseAlarms = ({ corrupted, found }: Round): string[] =>
  [...found].filter((owner) => corrupted.get(owner)?.expected !== 'found')

function spread(times: readonly number[]): Times['firstRequestMs'] {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0
  return { median: at(0.5), p99: at(0.99), most: at(1) }
}
