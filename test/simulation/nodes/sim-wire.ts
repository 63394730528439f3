import { StorageUnavailableError } from '../../../src/storage/storage.ts'
import type { Chance } from '../engine/chance.ts'
import type { Life } from '../engine/life.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Wire } from './database-types.ts'

/** Whoever got no answer for so long does not know what came of it. */
const answerMaxMs = 5000

/** What the network between the nodes and their database is like at the moment. */
export type WireWeather = {
  latencyMs: number
  /** In how many of a hundred cases a question or its answer is lost. */
  lostPercent: number
  /** So many of the next commits have an outcome that their node does not hear. */
  doubtfulCommits: number
  /** Told of each of them: it may come long after it was meant. */
  onDoubtfulCommit: () => void
  /** In how many of a hundred cases a question arrives twice, the second time late. */
  doubledPercent: number
  /** Nobody answers at the database's address. */
  isAway: boolean
}

/** One node's connection to the database: questions and answers take their time, and get lost. */
export class SimWire implements Wire {
  readonly #timeline: Timeline
  readonly #life: Life
  readonly #chance: Chance
  readonly #weather: WireWeather
  readonly #name: string

  constructor(options: {
    readonly timeline: Timeline
    readonly life: Life
    readonly chance: Chance
    readonly weather: WireWeather
    readonly name: string
  }) {
    this.#timeline = options.timeline
    this.#life = options.life
    this.#chance = options.chance
    this.#weather = options.weather
    this.#name = options.name
  }

  ask<Answer>(name: string, act: () => Answer | Promise<Answer>): Promise<Answer> {
    const sentMs = this.#timeline.nowMs
    const answer = Promise.withResolvers<Answer>()
    const cancel = this.#life.after(answerMaxMs, this.#event(name, 'timer'), () =>
      answer.reject(silent('does not answer')),
    )
    const done = (settle: () => void): void => {
      this.#later(name, () => {
        cancel()
        // A node that stood still meanwhile cannot say that this is true now.
        if (this.#timeline.nowMs - sentMs > answerMaxMs) answer.reject(silent('answered too late'))
        else settle()
      })
    }
    const { doubledPercent, latencyMs } = this.#weather
    const lost = this.#fateOf(name)
    // The connection breaks where it is lost, and mostly somebody says so.
    const broken = (): void => {
      if (this.#chance.percent(60)) done(() => answer.reject(silent('has broken off')))
    }
    this.#arrive(name, this.#chance.wait(latencyMs), async () => {
      if (lost === 'question') return broken()
      if (this.#weather.isAway) return done(() => answer.reject(silent('is away')))
      try {
        const told = await act()
        if (lost === 'answer') broken()
        else done(() => answer.resolve(told))
      } catch (error) {
        done(() => answer.reject(error))
      }
    })
    if (this.#chance.percent(doubledPercent)) {
      this.#arrive(name, this.#chance.wait(latencyMs * 20), async () => {
        if (!this.#weather.isAway) await act()
      })
    }
    return answer.promise
  }

  /** The database says something by itself. */
  tell(name: string, hear: () => void): void {
    this.#later(name, hear)
  }

  #fateOf(name: string): 'question' | 'answer' | null {
    const weather = this.#weather
    const isDoubtful = name === 'commit' && weather.doubtfulCommits > 0
    if (isDoubtful) {
      weather.doubtfulCommits -= 1
      weather.onDoubtfulCommit()
    }
    if (!isDoubtful && !this.#chance.percent(weather.lostPercent)) return null
    return this.#chance.percent(isDoubtful ? 30 : 50) ? 'question' : 'answer'
  }

  /** What was sent is on its way, whatever becomes of its sender. */
  #arrive(name: string, inMs: number, act: () => Promise<void>): void {
    this.#timeline.after(inMs, this.#event(name, 'network'), () => {
      act().catch(() => undefined)
    })
  }

  #later(name: string, act: () => void): void {
    const inMs = this.#chance.wait(this.#weather.latencyMs)
    this.#life.after(inMs, this.#event(`${name} back`, 'network'), act)
  }

  #event(name: string, kind: 'network' | 'timer') {
    const isRound = rounds.has(name.replace(/ back$/, ''))
    return { kind: isRound ? ('housekeeping' as const) : kind, name: `${this.#name} ${name}` }
  }
}

/** What a node asks each second, whoever is there: a quiet night is not a million steps. */
const rounds: ReadonlySet<string> = new Set(['renew', 'left holds', 'holds'])

const silent = (how: string): StorageUnavailableError =>
  new StorageUnavailableError(
    `Limits cannot be checked right now, because the database ${how}. Try again shortly.`,
  )
