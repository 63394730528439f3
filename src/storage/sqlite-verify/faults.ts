import { systemCustomerId, type CustomerId } from '../../core/ids.ts'

/** A damaged journal can be wrong everywhere; so many sentences are enough to see it. */
const faultsMax = 100

/** What is wrong with the journal itself, as sentences for a person, and in whose books. */
export class Faults {
  readonly #sentences: string[] = []
  readonly #customers = new Set<CustomerId>()
  #isAnybodys = false
  #count = 0

  /** Without a customer it may be in anybody's books, and so is one in the entries that all of them rest on. */
  add(position: number, sentence: string, customerId?: CustomerId): void {
    this.#count += 1
    if (customerId === undefined || customerId === systemCustomerId) this.#isAnybodys = true
    else this.#customers.add(customerId)
    if (this.#sentences.length < faultsMax) this.#sentences.push(`Entry ${position} ${sentence}.`)
  }

  isSound(customerId: CustomerId): boolean {
    return !this.#isAnybodys && !this.#customers.has(customerId)
  }

  list(): readonly string[] {
    const more = this.#count - this.#sentences.length
    return more === 0 ? this.#sentences : [...this.#sentences, `And ${more} more.`]
  }
}
