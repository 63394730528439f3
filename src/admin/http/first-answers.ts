import type { Actor } from '../../core/entry.ts'
import type { OperationId } from '../../core/ids.ts'
import { digestOf, type Command } from '../../operations/command.ts'
import type { Clock } from '../../system/clock.ts'
import { AdminFailure } from '../failures.ts'
import { toJsonText } from './exchange.ts'

/** A repeat comes within seconds; what a person does again on the next day is another command. */
const keptMs = 24 * 3_600_000
/** All first answers together: an answer counts once per kilobyte that was begun. */
const keptMax = 5000
const bytesPerCount = 1024

type First = {
  readonly digest: string
  readonly answer: Promise<unknown>
  readonly untilMs: number
  count: number
}

/** The first answers of one caller, the oldest first. */
type Own = { readonly firsts: Map<OperationId, First>; count: number }

/**
 * First answers of commands that are no entries of the journal: who repeats one under its key gets the first answer,
 * also while that is on its way. They are kept in memory, so a restart forgets them.
 */
export class FirstAnswers {
  readonly #clock: Pick<Clock, 'elapsedMs'>
  readonly #isDone: (failure: unknown) => boolean
  /** Per caller: whoever sends thousands, or has the longest answers, pushes out its own, and nobody else's. */
  readonly #callers = new Map<Actor, Own>()
  #count = 0

  /** `isDone`: whether a command that failed so may have been done all the same, so that it is not done again. */
  constructor(
    { clock }: { readonly clock: Pick<Clock, 'elapsedMs'> },
    isDone: (failure: unknown) => boolean = () => false,
  ) {
    this.#clock = clock
    this.#isDone = isDone
  }

  once<Answer>(command: Command, content: object, work: () => Promise<Answer>): Promise<Answer> {
    this.#forgetOld()
    const { actor, operationId } = command
    const digest = digestOf(content)
    const known = this.#callers.get(actor)?.firsts.get(operationId)
    if (known !== undefined) {
      if (known.digest === digest) return known.answer as Promise<Answer>
      const message = 'This idempotency key was used for another command.'
      throw new AdminFailure('operation_conflict', message)
    }
    const answer = work()
    const untilMs = this.#clock.elapsedMs() + keptMs
    const first: First = { digest, answer, untilMs, count: 0 }
    const own = this.#callers.get(actor) ?? { firsts: new Map(), count: 0 }
    own.firsts.set(operationId, first)
    this.#callers.set(actor, own)
    this.#weigh(command, first, 1)
    answer.then(
      (value) => this.#weigh(command, first, countOf(value)),
      (error: unknown) => {
        if (this.#find(command) === first && !this.#isDone(error)) this.#forget(actor, operationId)
      },
    )
    return answer
  }

  #find({ actor, operationId }: Command): First | undefined {
    return this.#callers.get(actor)?.firsts.get(operationId)
  }

  /** This one counts so much from now on; the oldest make room for it. */
  #weigh(command: Command, first: First, count: number): void {
    const own = this.#callers.get(command.actor)
    if (own === undefined || this.#find(command) !== first) return
    const more = count - first.count
    first.count = count
    own.count += more
    this.#count += more
    while (this.#count > keptMax && this.#forgetOldestOfMost(first)) continue
  }

  #forgetOld(): void {
    const nowMs = this.#clock.elapsedMs()
    for (const [actor, { firsts }] of this.#callers) {
      for (const [operationId, { untilMs }] of firsts) {
        if (untilMs > nowMs) break
        this.#forget(actor, operationId)
      }
    }
  }

  /** False where there is none but the one that is to stay. */
  #forgetOldestOfMost(staying: First): boolean {
    for (const [actor, { firsts }] of [...this.#callers].toSorted(
      ([, a], [, b]) => b.count - a.count,
    )) {
      for (const [operationId, first] of firsts) {
        if (first === staying) continue
        this.#forget(actor, operationId)
        return true
      }
    }
    return false
  }

  #forget(actor: Actor, operationId: OperationId): void {
    const own = this.#callers.get(actor)
    const first = own?.firsts.get(operationId)
    if (own === undefined || first === undefined) return
    own.firsts.delete(operationId)
    own.count -= first.count
    this.#count -= first.count
    if (own.firsts.size === 0) this.#callers.delete(actor)
  }
}

const countOf = (answer: unknown): number =>
  Math.max(1, Math.ceil(Buffer.byteLength(toJsonText(answer)) / bytesPerCount))
