import type { Actor } from '../../core/entry.ts'
import type { CustomerId, MemberId } from '../../core/ids.ts'
import type { Clock } from '../../system/clock.ts'
import { SlowLane } from '../../system/slow-lane.ts'
import { AdminFailure } from '../failures.ts'

/**
 * Reads that take long: files of histories and acts, checks of the whole journal. They are few at once, fewer for one
 * customer, and fewer still for one reader, and the gate goes before them: their pieces share one lane. What is the
 * operator's has places of its own: no customer's files stand before the check that ends a quarantine.
 */
const readsMax = 8
const readsPerCustomerMax = 3
const readsPerReaderMax = 2
const operatorsReadsMax = { verify: 1, 'audit log': 2 } as const

/** Whose read it is: a customer's history and who reads it, or one of the operator's own. */
export type Read =
  | { readonly customerId: CustomerId; readonly reader: MemberId | Actor }
  | { readonly operators: keyof typeof operatorsReadsMax }

type Place = { readonly name: string; readonly max: number }

/** All the places that a read needs at once. */
function placesOf(read: Read): readonly Place[] {
  if ('operators' in read) {
    return [{ name: read.operators, max: operatorsReadsMax[read.operators] }]
  }
  const { customerId, reader } = read
  return [
    { name: 'histories', max: readsMax },
    { name: `customer ${customerId}`, max: readsPerCustomerMax },
    { name: `customer ${customerId}, reader ${reader}`, max: readsPerReaderMax },
  ]
}

/** The part of the server's time that all files together may take. */
const laneShare = 0.25
/** A file that nobody takes a piece of for so long gives its place to others. */
const idleMaxMs = 60_000

export class HeavyReads {
  readonly #clock: Clock
  readonly #lane: SlowLane
  readonly #running = new Map<string, number>()

  /** `share`: another part of the time, for whoever serves nobody else. */
  constructor({ clock, share = laneShare }: { readonly clock: Clock; readonly share?: number }) {
    this.#clock = clock
    this.#lane = new SlowLane(clock, share)
  }

  /** Takes its places, or refuses; what it answers gives them back, once. */
  begin(read: Read): () => void {
    const places = placesOf(read)
    if (places.some(({ name, max }) => this.#runningIn(name) >= max)) {
      throw new AdminFailure('too_many_reads', 'Too much is being read already.')
    }
    for (const { name } of places) this.#running.set(name, this.#runningIn(name) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      for (const { name } of places) {
        const left = this.#runningIn(name) - 1
        if (left === 0) this.#running.delete(name)
        else this.#running.set(name, left)
      }
    }
  }

  #runningIn(name: string): number {
    return this.#running.get(name) ?? 0
  }

  /** A file as it is read, a piece whenever somebody takes one. Its place is free when it ends, however it does. */
  file(read: Read, texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
    const finish = this.begin(read)
    const encoder = new TextEncoder()
    let cancelIdle = (): void => undefined
    const end = async (): Promise<void> => {
      cancelIdle()
      finish()
      await texts.return(undefined)
    }
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        cancelIdle()
        try {
          const { value, done } = await this.#lane.piece(() => texts.next())
          if (done === true) {
            finish()
            controller.close()
            return
          }
          controller.enqueue(encoder.encode(value))
        } catch (error) {
          finish()
          throw error
        }
        cancelIdle = this.#clock.after(idleMaxMs, () => {
          controller.error(new Error('Nobody took the file for too long'))
          void end()
        })
      },
      cancel: end,
    })
  }
}
