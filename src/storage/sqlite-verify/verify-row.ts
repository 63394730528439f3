import { touchesCustomer } from '../../core/apply.ts'
import { systemCustomerId } from '../../core/ids.ts'
import { decodeEntry, encodeBody, encodeLegs, holdOf } from '../entry-codec.ts'
import type { HashedRow } from '../sqlite-file/journal-reader.ts'
import { chainHash, firstHash } from '../sqlite-log/journal-writer.ts'
import type { Faults } from './faults.ts'

/** What a row must be by itself and after the row before it: in line, chained, readable, in its own words. */
export class RowCheck {
  readonly #faults: Faults
  readonly #chains = new Map<string, string>()
  #position = 0
  #atMs = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  check(row: HashedRow): void {
    const { position, customerId, atMs } = row
    if (position !== this.#position + 1) {
      this.#faults.add(
        position,
        `follows entry ${this.#position}: entries are missing between them`,
      )
    }
    // Moments go back where the clock was corrected, and nowhere else.
    const isCorrection = row.kind === 'clock_corrected'
    if (atMs < this.#atMs && !isCorrection)
      this.#faults.add(position, 'is earlier than the entry before it', customerId)
    const previous = this.#chains.get(customerId) ?? firstHash
    const isChained = chainHash(previous, row) === row.hash
    if (!isChained) {
      this.#faults.add(position, `breaks the chain of customer ${customerId}`, customerId)
    }
    // Going on from the stored hash, a single changed entry is one fault and not one per later entry.
    this.#chains.set(customerId, row.hash)
    this.#position = position
    // Nor does the moment of a changed entry make the honest ones of others behind it early.
    if (isCorrection) this.#atMs = atMs
    else if (isChained) this.#atMs = Math.max(this.#atMs, atMs)
    this.#checkContent(row)
  }

  checkEnd(last: number): void {
    if (this.#position !== last) {
      this.#faults.add(last, `is the last by count, but the file ends with entry ${this.#position}`)
    }
  }

  #checkContent(row: HashedRow): void {
    const { position, customerId } = row
    let entry
    try {
      entry = decodeEntry(row)
    } catch {
      // The pass reports it as unreadable.
      return
    }
    const { body, legs } = entry
    if (encodeBody(body) !== row.body || encodeLegs(legs) !== row.legs) {
      this.#faults.add(position, 'is not written as this program writes it', customerId)
    }
    if (body.kind !== row.kind || holdOf(body) !== row.holdId) {
      this.#faults.add(position, 'has columns that differ from its content', customerId)
    }
    const isShared = entry.customerId !== systemCustomerId && touchesCustomer(entry)
    if (isShared !== (row.isShared === 1)) {
      this.#faults.add(position, 'is filed wrongly between customer and member', customerId)
    }
    for (const leg of legs) {
      if (leg.amount <= 0n)
        this.#faults.add(position, `moves ${leg.amount} from ${leg.from}`, customerId)
    }
  }
}
