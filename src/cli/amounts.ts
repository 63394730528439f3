import { moneyNanosMax, nanosPerUnit, parseMoney, type Nanos } from '../core/money.ts'
import { wrongUse } from './exit-codes.ts'
import { safeText } from './terminal.ts'

/** Reads an amount as a person types it; what is not one is explained by what is wrong with it. */
export function readAmount(
  text: string,
  { isZeroAllowed, orWord }: { readonly isZeroAllowed: boolean; readonly orWord?: string },
): Nanos {
  const nanos = parseMoney(text)
  if (nanos !== undefined && (nanos > 0n || isZeroAllowed)) return nanos
  throw wrongUse(
    `${JSON.stringify(safeText(text))} is not an amount: ${problemWith(text, nanos)}.`,
    orWord === undefined ? howTo : `${howTo} For no bound: ${orWord}.`,
  )
}

const howTo = 'Write dollars with a point for cents, for example 5 or 12.50.'

function problemWith(text: string, nanos: Nanos | undefined): string {
  const bare = text.trim()
  if (nanos === 0n) return 'it has to be above zero'
  if (/^[-−–]/.test(bare)) return 'it must not be negative'
  if (/^[$€£]/.test(bare)) return 'leave the currency sign out'
  if (/^\d+,\d+$/.test(bare)) return 'use a point, not a comma'
  if (/^\d+\.\d{10,}$/.test(bare)) return 'it has more than nine decimals'
  if (/^\d+(\.\d{1,9})?$/.test(bare))
    return `the most is ${(moneyNanosMax / nanosPerUnit).toLocaleString('en')}`
  return 'only the digits 0 to 9 and one point may stand in it'
}
