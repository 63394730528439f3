/**
 * What every client of the simulated world did and heard, in the order in which it happened: one `invoke`, then at
 * most one of `ok` (this is the answer), `fail` (surely not carried out) and `unknown`.
 */
export type HistoryEvent = {
  readonly index: number
  readonly call: number
  readonly process: string
  readonly kind: 'invoke' | 'ok' | 'fail' | 'unknown'
  readonly atMs: number
  readonly facts: Readonly<Record<string, unknown>>
}

export type Call = {
  ok(facts: Readonly<Record<string, unknown>>): void
  fail(facts: Readonly<Record<string, unknown>>): void
  unknown(): void
}

export class HistoryLog {
  readonly #nowMs: () => number
  readonly #onEvent: (event: HistoryEvent) => void
  #events = 0
  #calls = 0

  constructor(nowMs: () => number, onEvent: (event: HistoryEvent) => void = () => {}) {
    this.#nowMs = nowMs
    this.#onEvent = onEvent
  }

  /** Another place in the order of events, at which nobody says anything. */
  next(): number {
    return (this.#events += 1)
  }

  invoke(process: string, facts: Readonly<Record<string, unknown>>): Call {
    const call = (this.#calls += 1)
    const tell = (kind: HistoryEvent['kind'], told: HistoryEvent['facts']): void => {
      const index = this.next()
      this.#onEvent({ index, call, process, kind, atMs: this.#nowMs(), facts: told })
    }
    tell('invoke', facts)
    return {
      ok: (told) => tell('ok', told),
      fail: (told) => tell('fail', told),
      unknown: () => tell('unknown', {}),
    }
  }
}
