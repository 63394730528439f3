import { parseMoney, type Nanos } from '../../core/money.ts'

export type MoneyInText = { readonly amountNanos: Nanos; readonly symbol: string }

/** A space or an apostrophe is part of a number only before three digits: "14.20 28% used" is two. */
const amount = String.raw`-?\d+(?:[ '\u00a0\u202f]\d{3}(?!\d))*(?:[.,]\d+)*`
const codes = 'USD|EUR|GBP|CHF|CAD|AUD|NZD|JPY|INR|BRL|MXN|SEK|NOK|DKK|PLN|CZK|SGD|HKD|KRW'
/** "$100", "CA$139.55", "17,50 €", "1,234.56": the first amount in a text. */
const before = new RegExp(
  String.raw`([-−]\s?)?([A-Z]{0,3}[$€£¥₹]|\b(?:${codes}))\s?(${amount})`,
  'u',
)
const behind = new RegExp(String.raw`(${amount})\s?([$€£¥₹]|(?:${codes})\b)`, 'u')

export function moneyIn(text: string): MoneyInText | undefined {
  const first = before.exec(text)
  if (first !== null) {
    const sign = first[1] === undefined ? '' : '-'
    return moneyOf(`${sign}${first[3] ?? ''}`, first[2] ?? '$')
  }
  const last = behind.exec(text)
  return last === null ? undefined : moneyOf(last[1] ?? '', last[2] ?? '$')
}

/**
 * A figure as it is typed, behind an option perhaps without its currency. A shell makes "00.00" of "$100.00",
 * so what begins like that is none.
 */
export function moneyTyped(text: string): (MoneyInText & { readonly isBare: boolean }) | undefined {
  const signed = moneyIn(text)
  if (signed !== undefined) return { ...signed, isBare: false }
  const bare = text.trim()
  const isWhole = new RegExp(`^(?:${amount})$`, 'u').test(bare) && !/^-?0\d/.test(bare)
  const money = isWhole ? moneyOf(bare, '$') : undefined
  return money === undefined ? undefined : { ...money, isBare: true }
}

function moneyOf(text: string, symbol: string): MoneyInText | undefined {
  const isNegative = text.startsWith('-')
  const bare = text.replaceAll(/[-'\u00a0\u202f ]/g, '')
  const decimals = /[.,](\d{1,2})$/.exec(bare)
  const whole = (decimals === null ? bare : bare.slice(0, decimals.index)).replaceAll(/[.,]/g, '')
  const nanos = parseMoney(decimals === null ? whole : `${whole}.${decimals[1]}`)
  return nanos === undefined ? undefined : { amountNanos: isNegative ? -nanos : nanos, symbol }
}
