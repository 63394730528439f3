import type { CustomerId } from '../../core/ids.ts'
import { seatedAs, type SeatMember } from '../../operations/seat-member.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { AdminContext } from '../callers/callers.ts'
import { AdminFailure } from '../failures.ts'
import { seatsByPlan } from './plan-changes.ts'

/**
 * How many seats an owner gives: what each plan includes is paid by the operator, and a seat is for good. Seats of one
 * customer that owners give are given one after another, so that each has counted those before. Moving who is seated,
 * and a repeat, are no further seat.
 */
export class OwnersSeats {
  readonly #parts: Pick<AdminApiParts, 'storage' | 'ownerSeatsMax'>
  /** The end of each customer's line, as long as somebody stands in it. */
  readonly #lines = new Map<CustomerId, Promise<void>>()

  constructor(parts: Pick<AdminApiParts, 'storage' | 'ownerSeatsMax'>) {
    this.#parts = parts
  }

  /** Does the work, which seats this one; for an owner in its turn, and while there are seats left. */
  give<Answer>(c: AdminContext, seat: SeatMember, work: () => Promise<Answer>): Promise<Answer> {
    if (c.get('caller').kind === 'operator') return work()
    return this.#inLine(seat.customerId, async () => {
      await this.#requireRoom(seat)
      return work()
    })
  }

  async #requireRoom(seat: SeatMember): Promise<void> {
    const { storage, ownerSeatsMax } = this.#parts
    const seated = [...(await seatsByPlan({ storage }, seat.customerId)).values()].flat()
    if (seated.length < ownerSeatsMax) return
    const id = seatedAs(seat)
    if (seated.some(({ memberId }) => memberId === id)) return
    throw new AdminFailure(
      'too_many_seats',
      `The customer has ${seated.length} members; from ${ownerSeatsMax} on an owner seats no more.`,
    )
  }

  #inLine<Answer>(customerId: CustomerId, work: () => Promise<Answer>): Promise<Answer> {
    const turn = (this.#lines.get(customerId) ?? Promise.resolve()).then(work)
    const end = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#lines.set(customerId, end)
    void end.then(() => {
      if (this.#lines.get(customerId) === end) this.#lines.delete(customerId)
    })
    return turn
  }
}
