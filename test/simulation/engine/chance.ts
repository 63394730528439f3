/**
 * One stream of chance: numbers that look drawn and are the same for the same name. Everybody in the simulated
 * world has a stream of its own, so that taking one away changes nobody else's luck (mulberry32, public domain).
 */
export class Chance {
  readonly #name: string
  #state: number

  constructor(name: string) {
    this.#name = name
    this.#state = hashOf(name)
  }

  /** Another stream, which depends on the name of this one and not on what was drawn from it. */
  fork(name: string | number): Chance {
    return new Chance(`${this.#name}/${name}`)
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.#next() * count)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.#next() * 100 < share
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0]
  }

  /** Mostly short, now and then long: how waits are spread. */
  wait(usualMs: number): number {
    return Math.round(-Math.log(1 - this.#next()) * usualMs * 10) / 10
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let at = 0; at < count; at += 1) bytes[at] = this.below(256)
    return bytes
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}
