import type { Relay } from './relay.ts'

/** Replies on their way, so that stopping can end them; once stopping, a new one is ended as it starts. */
export class RunningRelays {
  readonly #relays = new Set<Relay>()
  #lastWords: string | null = null

  get isStopping(): boolean {
    return this.#lastWords !== null
  }

  add(relay: Relay): void {
    this.#relays.add(relay)
    if (this.#lastWords !== null) relay.cut(this.#lastWords)
  }

  delete(relay: Relay): void {
    this.#relays.delete(relay)
  }

  stop(lastWords: string): void {
    this.#lastWords = lastWords
    for (const relay of this.#relays) relay.cut(lastWords)
  }
}
