import type { Actor } from '../../core/entry.ts'
import type { OperationId } from '../../core/ids.ts'
import { digestOf, type Command } from '../../operations/command.ts'
import type { Clock } from '../../system/clock.ts'
import { AdminFailure } from '../failures.ts'

/** A repeat comes within seconds; what a person does again on the next day is another command. */
const keptMs = 24 * 3_600_000
const keptMax = 5000

type First = {
  readonly digest: string
  readonly answer: Promise<unknown>
  readonly untilMs: number
}

/**
 * First answers of commands that are no entries of the journal: who repeats one under its key gets the first answer,
 * also while that is on its way. They are kept in memory, so a restart forgets them.
 */
export class FirstAnswers {
  readonly #clock: Pick<Clock, 'elapsedMs'>
  readonly #isDone: (failure: unknown) => boolean
  /** The oldest first, per caller: whoever sends thousands pushes out its own, and nobody else's. */
  readonly #firsts = new Map<Actor, Map<OperationId, First>>()
  #count = 0

  /** `isDone`: whether a command that failed so may have been done all the same, so that it is not done again. */
  constructor(
    { clock }: { readonly clock: Pick<Clock, 'elapsedMs'> },
    isDone: (failure: unknown) => boolean = () => false,
  ) {
    this.#clock = clock
    this.#isDone = isDone
  }

  once<Answer>(
    { actor, operationId }: Command,
    content: object,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    this.#forgetOld()
    const digest = digestOf(content)
    const known = this.#firsts.get(actor)?.get(operationId)
    if (known !== undefined) {
      if (known.digest === digest) return known.answer as Promise<Answer>
      const message = 'This idempotency key was used for another command.'
      throw new AdminFailure('operation_conflict', message)
    }
    if (this.#count >= keptMax) this.#forgetOldestOfMost()
    const answer = work()
    const untilMs = this.#clock.elapsedMs() + keptMs
    const first = { digest, answer, untilMs }
    const own = this.#firsts.get(actor) ?? new Map<OperationId, First>()
    this.#firsts.set(actor, own.set(operationId, first))
    this.#count += 1
    answer.catch((error: unknown) => {
      if (own.get(operationId) === first && !this.#isDone(error)) this.#forget(actor, operationId)
    })
    return answer
  }

  #forgetOld(): void {
    const nowMs = this.#clock.elapsedMs()
    for (const [actor, own] of this.#firsts) {
      for (const [operationId, { untilMs }] of own) {
        if (untilMs > nowMs) break
        this.#forget(actor, operationId)
      }
    }
  }

  #forgetOldestOfMost(): void {
    const [most] = [...this.#firsts].toSorted(([, a], [, b]) => b.size - a.size)
    const [oldest] = most?.[1].keys() ?? []
    if (most !== undefined && oldest !== undefined) this.#forget(most[0], oldest)
  }

  #forget(actor: Actor, operationId: OperationId): void {
    const own = this.#firsts.get(actor)
    if (own?.delete(operationId) !== true) return
    this.#count -= 1
    if (own.size === 0) this.#firsts.delete(actor)
  }
}
