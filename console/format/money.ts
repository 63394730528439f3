/**
 * Money for a reader: nanos (billionths of the currency unit) as bigint or digits become text in the reader's locale,
 * exact, without a float on the way.
 */
const nanosPerUnit = 1_000_000_000n
const decimalsMax = 9

type Amount = string | bigint

/** "$1,234.50", or as many decimals as the amount has. `decimals` gives amounts of one column the same number. */
export function money(nanos: Amount, symbol: string, decimals = 2): string {
  return moneyParts(nanos, symbol, decimals).join('')
}

/** The same in two parts: up to the cent, and the digits below it, which a page may show smaller. */
export function moneyParts(
  nanos: Amount,
  symbol: string,
  decimals = 2,
): readonly [string, string, string] {
  const written = formatter(decimals).formatToParts(decimalText(BigInt(nanos)) as never)
  const parts = ['', '', ''] as [string, string, string]
  let place = 0
  for (const { type, value } of written) {
    if (type === 'fraction') {
      parts[0] += value.slice(0, 2)
      parts[1] += value.slice(2)
      place = 2
    } else {
      parts[place] += type === 'currency' ? symbol : value
    }
  }
  return parts
}

/** How many decimals the amounts of one column need. */
export const decimalsFor = (amounts: readonly Amount[]): number =>
  Math.max(2, ...amounts.map((nanos) => decimalText(BigInt(nanos)).split('.')[1]?.length ?? 0))

/** "12.5" for 12_500_000_000; a plain decimal that every formatter reads exactly. */
export function decimalText(nanos: bigint): string {
  const absolute = nanos < 0n ? -nanos : nanos
  const fraction = (absolute % nanosPerUnit)
    .toString()
    .padStart(decimalsMax, '0')
    .replace(/0+$/, '')
  const text = `${absolute / nanosPerUnit}${fraction === '' ? '' : `.${fraction}`}`
  return nanos < 0n ? `-${text}` : text
}

/** "12.5", as it is typed into a field in the reader's locale. */
export const plainMoney = (nanos: Amount): string =>
  decimalText(BigInt(nanos)).replace('.', decimalSeparator())

/** What somebody typed as an amount, in nanos; null for anything that is none, has a sign, or is finer than a nano. */
export function parseMoney(text: string, decimal = decimalSeparator()): bigint | null {
  const group = decimal === ',' ? '.' : ','
  const bare = text.trim().replaceAll(/[\s\u00a0\u202f'’]/g, '')
  const [whole = '', fraction = '', ...more] = bare.split(decimal)
  const ungrouped = withoutGroups(whole, group)
  if (more.length > 0 || ungrouped === null || !/^\d*$/.test(fraction)) return null
  if (fraction.length > decimalsMax || ungrouped + fraction === '') return null
  return BigInt(ungrouped === '' ? '0' : ungrouped) * nanosPerUnit + BigInt(fraction.padEnd(9, '0'))
}

/** Groups have three digits: "1,234" is a thousand, "1,5" is a decimal of another locale and no amount here. */
function withoutGroups(whole: string, group: string): string | null {
  if (/^\d*$/.test(whole)) return whole
  const [first = '', ...rest] = whole.split(group)
  const isGrouped = /^\d{1,3}$/.test(first) && rest.every((part) => /^\d{3}$/.test(part))
  return isGrouped ? [first, ...rest].join('') : null
}

export const decimalSeparator = (): string =>
  new Intl.NumberFormat().formatToParts(1.5).find(({ type }) => type === 'decimal')?.value ?? '.'

const formatters = new Map<number, Intl.NumberFormat>()

/** The currency here only says where the symbol goes; the symbol itself is the server's. */
function formatter(decimals: number): Intl.NumberFormat {
  const known = formatters.get(decimals)
  if (known !== undefined) return known
  const made = new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimalsMax,
  })
  formatters.set(decimals, made)
  return made
}
