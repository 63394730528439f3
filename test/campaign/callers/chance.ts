/** Chance that one seed repeats (mulberry32). */
export interface Chance {
  /** From 0 up to, but not including, `max`. */
  below(max: number): number
  pick<Value>(values: readonly Value[]): Value
  bytes(length: number): Buffer
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (max: number): number => Math.floor(next() * max)
  return {
    below,
    pick(values) {
      const value = values[below(values.length)]
      if (value === undefined) throw new Error('Nothing to pick from')
      return value
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}
