/** Numbers that look like chance and are the same in every demo world, so that what it shows can be tested. */
export type Chance = {
  /** At least 0 and below 1. */
  next(): number
  /** A whole number from the first to the last of them. */
  between(first: number, last: number): number
  oneOf<Item>(items: readonly [Item, ...Item[]]): Item
}

/** The generator "mulberry32": small, and good enough for working hours. */
export function createChance(seed: number): Chance {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (first: number, last: number): number =>
    first + Math.floor(next() * (last - first + 1))
  return {
    next,
    between,
    oneOf: (items) => items[between(0, items.length - 1)] ?? items[0],
  }
}
