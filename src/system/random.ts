import { randomBytes } from 'node:crypto'

/** Chance, as a value that tests replace. */
export interface Random {
  bytes(count: number): Buffer
}

/** Bytes asked of the operating system at once: one call for many ids. */
const poolBytes = 4096
let pool = Buffer.alloc(0)

/** The operating system's generator, for ids and secrets. No byte is handed out twice. */
export const systemRandom: Random = {
  bytes: (count) => {
    if (count > poolBytes) return randomBytes(count)
    if (pool.length < count) pool = randomBytes(poolBytes)
    const bytes = pool.subarray(0, count)
    pool = pool.subarray(count)
    return bytes
  },
}

const letters = '0123456789abcdefghjkmnpqrstvwxyz'

/** A fresh opaque id such as `hold_7f3k…`: a prefix and 80 random bits in 16 letters. */
export function freshId(random: Random, prefix: string): string {
  let text = `${prefix}_`
  for (const byte of random.bytes(16)) text += letters.charAt(byte & 31)
  return text
}
