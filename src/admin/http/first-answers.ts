import type { OperationId } from '../../core/ids.ts'
import { digestOf } from '../../operations/command.ts'
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
  readonly #firsts = new Map<OperationId, First>()

  /** `isDone`: whether a command that failed so may have been done all the same, so that it is not done again. */
  constructor(
    { clock }: { readonly clock: Pick<Clock, 'elapsedMs'> },
    isDone: (failure: unknown) => boolean = () => false,
  ) {
    this.#clock = clock
    this.#isDone = isDone
  }

  once<Answer>(
    operationId: OperationId,
    content: object,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    this.#forgetOld()
    const digest = digestOf(content)
    const known = this.#firsts.get(operationId)
    if (known !== undefined) {
      if (known.digest === digest) return known.answer as Promise<Answer>
      const message = 'This idempotency key was used for another command.'
      throw new AdminFailure('operation_conflict', message)
    }
    const answer = work()
    this.#firsts.set(operationId, {
      digest,
      answer,
      untilMs: this.#clock.elapsedMs() + keptMs,
    })
    answer.catch((error: unknown) => {
      if (!this.#isDone(error)) this.#firsts.delete(operationId)
    })
    return answer
  }

  #forgetOld(): void {
    const nowMs = this.#clock.elapsedMs()
    for (const [operationId, { untilMs }] of this.#firsts) {
      if (untilMs > nowMs && this.#firsts.size < keptMax) return
      this.#firsts.delete(operationId)
    }
  }
}
