import { randomBytes } from 'node:crypto'

/** Chance, as a value that tests replace. */
export interface Random {
  bytes(count: number): Buffer
}

/** The operating system's generator, for ids and secrets. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) }

const letters = '0123456789abcdefghjkmnpqrstvwxyz'

/** A fresh opaque id such as `hold_7f3k…`: a prefix and 80 random bits in 16 letters. */
export function freshId(random: Random, prefix: string): string {
  let text = `${prefix}_`
  for (const byte of random.bytes(16)) text += letters.charAt(byte & 31)
  return text
}
