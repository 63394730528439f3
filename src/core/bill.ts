import type { Nanos } from './money.ts'
import {
  costOf,
  priceLines,
  toolMeters,
  type Price,
  type PriceLine,
  type ServiceMarks,
  type Usage,
} from './usage.ts'

/**
 * What a request cost, line by line, exactly: the amounts of all lines and what the one rounding added give its cost.
 * Amounts of lines may have parts of a nano, so they are decimal texts in nanos: "1180.25".
 */
export type Bill = {
  readonly lines: readonly BillLine[]
  /** How it was served, where that changed the price of its tokens, in thousandths. */
  readonly multipliers: readonly { readonly mark: string; readonly thousandths: number }[]
  readonly roundedUpBy: string
  readonly costNanos: Nanos
}

export type BillLine = PriceLine & {
  /** Quantity times rate, times the multipliers where the meter counts tokens. */
  readonly amount: string
}

export function billOf(price: Price, usage: Usage, marks: ServiceMarks): Bill {
  const multipliers = marks.flatMap((mark) => {
    const thousandths = price.multipliers[mark]
    return thousandths === undefined ? [] : [{ mark, thousandths }]
  })
  const decimals = 6 + 3 * multipliers.length
  let sum = 0n
  const lines = priceLines(price, usage).map((line) => {
    const isTool = toolMeters.some((meter) => meter === line.meter)
    let amount = BigInt(line.quantity) * line.nanosPerMillion
    for (const { thousandths } of multipliers) amount *= isTool ? 1000n : BigInt(thousandths)
    sum += amount
    return { ...line, amount: decimalText(amount, decimals) }
  })
  const costNanos = costOf(price, usage, marks)
  const rest = costNanos * 10n ** BigInt(decimals) - sum
  return { lines, multipliers, roundedUpBy: decimalText(rest, decimals), costNanos }
}

/** `value` times ten to the power of minus `decimals`, without zeros at the end. */
function decimalText(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  const whole = digits.slice(0, -decimals)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
