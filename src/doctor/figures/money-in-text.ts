import { parseMoney, type Nanos } from '../../core/money.ts'

export type MoneyInText = { readonly amountNanos: Nanos; readonly symbol: string }

const amount = String.raw`-?\d[\d.,'\u00a0\u202f ]*\d|-?\d`
/** "$100", "CA$139.55", "17,50 €", "1,234.56": the first amount in a text. */
const before = new RegExp(String.raw`([-−]\s?)?([A-Z]{0,3}[$€£¥₹])\s?(${amount})`, 'u')
const behind = new RegExp(String.raw`(${amount})\s?([€£¥₹]|USD|EUR|GBP|CAD|AUD)`, 'u')

export function moneyIn(text: string): MoneyInText | undefined {
  const first = before.exec(text)
  if (first !== null) {
    const sign = first[1] === undefined ? '' : '-'
    return moneyOf(`${sign}${first[3] ?? ''}`, first[2] ?? '$')
  }
  const last = behind.exec(text)
  return last === null ? undefined : moneyOf(last[1] ?? '', last[2] ?? '$')
}

/** A figure without its currency, as it is typed behind an option. */
export function moneyTyped(text: string): MoneyInText | undefined {
  return moneyIn(text) ?? moneyOf(text.trim(), '$')
}

function moneyOf(text: string, symbol: string): MoneyInText | undefined {
  const isNegative = text.startsWith('-')
  const bare = text.replaceAll(/[-'\u00a0\u202f ]/g, '')
  const decimals = /[.,](\d{1,2})$/.exec(bare)
  const whole = (decimals === null ? bare : bare.slice(0, decimals.index)).replaceAll(/[.,]/g, '')
  const nanos = parseMoney(decimals === null ? whole : `${whole}.${decimals[1]}`)
  return nanos === undefined ? undefined : { amountNanos: isNegative ? -nanos : nanos, symbol }
}
