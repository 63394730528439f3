import { money } from './money.ts'

/** Counts, shares and words that follow a count, in the reader's locale. */

export const count = (number: number | bigint | string): string =>
  whole.format(typeof number === 'string' ? BigInt(number) : number)

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })

/** "1.2M" for axes and tight places; the exact number stands beside it or in its tip. */
export const shortCount = (number: number | bigint | string): string =>
  short.format(typeof number === 'string' ? BigInt(number) : number)

/** "1 request", "2 requests". The plural is the word with an s where it is not given. */
export function plural(number: number | bigint, one: string, many = `${one}s`): string {
  return `${count(number)} ${Number(number) === 1 ? one : many}`
}

/** Whole percent from the server; what was used is never shown as nothing. */
export const percent = (usedPercent: number, used: string): string =>
  usedPercent === 0 && used !== '0' ? '< 1 %' : `${count(usedPercent)} %`

export type Unit = 'money' | 'tokens' | 'requests'

/** An amount of a limit in the limit's own unit. */
export function quantity(amount: string, unit: Unit, symbol: string): string {
  if (unit === 'money') return money(amount, symbol)
  return plural(BigInt(amount), unit === 'tokens' ? 'token' : 'request')
}

const sizeUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** "12.4 MB". */
export function size(bytes: number): string {
  let [amount, unit] = [bytes, 0]
  while (amount >= 1000 && unit < sizeUnits.length - 1) [amount, unit] = [amount / 1000, unit + 1]
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: sizeUnits[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  }).format(amount)
}
