/** A damaged journal can be wrong everywhere; so many sentences are enough to see it. */
const faultsMax = 100

/** What is wrong with the journal itself, as sentences for a person. */
export class Faults {
  readonly #sentences: string[] = []
  #count = 0

  add(position: number, sentence: string): void {
    this.#count += 1
    if (this.#sentences.length < faultsMax) this.#sentences.push(`Entry ${position} ${sentence}.`)
  }

  list(): readonly string[] {
    const more = this.#count - this.#sentences.length
    return more === 0 ? this.#sentences : [...this.#sentences, `And ${more} more.`]
  }
}
