import type { Reply } from '../people/client.ts'

type Answered = Extract<Reply, { kind: 'answer' }>
type Asked = { readonly customerId: string; readonly sinceMs: number }

/** From when to when a customer may be, and surely is, in quarantine. */
export type Quarantine = {
  readonly customerId: string
  readonly mayFromMs: number
  mayUntilMs: number
  isFromMs: number
  isUntilMs: number
}

/** What a customer in quarantine is told: that limits are unavailable, and nothing that rests on a decision. */
export class Quarantines {
  readonly #nowMs: () => number
  readonly #known: Quarantine[] = []
  /** So many answers were given to customers in quarantine. */
  answers = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A rule is about to break, or to fail to. */
  begin(customerId: string): Quarantine {
    const unknown = { mayUntilMs: Infinity, isFromMs: Infinity, isUntilMs: Infinity }
    const quarantine = { customerId, mayFromMs: this.#nowMs(), ...unknown }
    this.#known.push(quarantine)
    return quarantine
  }

  isExpected(customerId: string): boolean {
    return this.#known.some((one) => one.customerId === customerId && one.mayUntilMs === Infinity)
  }

  /** What is wrong with an answer that came just now; null when nothing is. */
  faultOf({ status, headers, body }: Answered, asked: Asked): string | null {
    const isIn = this.#of(asked).some(
      ({ isFromMs, isUntilMs }) => isFromMs < asked.sinceMs && this.#nowMs() < isUntilMs,
    )
    if (!isIn) return null
    this.answers += 1
    const isOut = status === 429 && !body.includes('"too_fast"')
    return headers.has('x-plimsoll-decision') || isOut
      ? `${asked.customerId}, who asked at ${asked.sinceMs}, is answered ${status}: ${body.slice(0, 300)}`
      : null
  }

  /** Whether an answer that came just now may say that limits are unavailable. */
  excuses(asked: Asked): boolean {
    return this.#of(asked).some(
      ({ mayFromMs, mayUntilMs }) => mayFromMs <= this.#nowMs() && asked.sinceMs <= mayUntilMs,
    )
  }

  #of({ customerId }: Asked): readonly Quarantine[] {
    return this.#known.filter((one) => one.customerId === customerId)
  }
}
