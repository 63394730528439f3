/**
 * Money is a bigint of billionths of the currency unit, from input to column to screen; no float ever
 * holds an amount. The unit is in every name (`costNanos`), see docs/decisions/0003-plain-bigint-money.md.
 */
export type Nanos = bigint

export const nanosPerUnit = 1_000_000_000n

/** The most money one amount may hold: a signed 64-bit integer of nanos, about 9.2 billion units. */
export const moneyNanosMax = 2n ** 63n - 1n

/** Divides and rounds towards positive infinity, so many small charges never sum below the true cost. */
export function divideUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend % divisor > 0n ? quotient + 1n : quotient
}

export const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right)
export const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right)

/**
 * Reads an amount as people write it ("5", "12.34", "0.000000001") into nanos.
 * Returns undefined when it is not a plain non-negative decimal number with at most nine decimals,
 * or does not fit `moneyNanosMax`.
 */
export function parseMoney(text: string): Nanos | undefined {
  const plain = text.trim()
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(plain)) return undefined
  const point = `${plain}.`.indexOf('.')
  const nanos = BigInt(plain.slice(0, point) + plain.slice(point + 1).padEnd(9, '0'))
  return nanos > moneyNanosMax ? undefined : nanos
}

/**
 * Writes nanos for a reader: two decimals, or as many as are needed to show every nano.
 * `formatMoney(12_340_000_000n)` is `$12.34`; `formatMoney(6_661_500n)` is `$0.0066615`.
 */
export function formatMoney(nanos: Nanos, symbol = '$'): string {
  const sign = nanos < 0n ? '-' : ''
  const digits = nanos.toString().replace('-', '').padStart(10, '0')
  const decimals = digits.slice(-9).replace(/0{1,7}$/, '')
  return `${sign}${symbol}${digits.slice(0, -9)}.${decimals}`
}
