import type { Books } from './books.ts'

/**
 * Holds whose placing was answered "unavailable", because their commit failed, and which are in the journal after all: when it is
 * open again, every one of them has been voided, before anybody is served.
 */
export class Doubts {
  #afterPosition: number | null = null
  #spans: { readonly afterPosition: number; readonly position: number }[] = []

  /** Another process: what the one before it left is ended by its start. */
  begin(): void {
    this.#afterPosition = null
    this.#spans = []
  }

  /** Goes by what the server says of itself: that its journal could not be written, and that it is open again. */
  hear(message: string, fields: object, durablePosition: number): void {
    if (message.startsWith('the journal could not be written')) {
      this.#afterPosition ??= durablePosition
    } else if (message === 'the journal is open again' && 'position' in fields) {
      const position = Number(fields.position)
      if (this.#afterPosition !== null)
        this.#spans.push({ afterPosition: this.#afterPosition, position })
      this.#afterPosition = null
    }
  }

  /** A hold that is still there; null when there is none. */
  look(books: Books): string | null {
    for (const { afterPosition, position } of this.#spans.splice(0)) {
      const [left] = books.notVoided(afterPosition, position)
      if (left !== undefined) return left
    }
    return null
  }
}
