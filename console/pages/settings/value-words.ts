import { size } from '../../format/numbers.ts'
import { span } from '../../format/time.ts'

/** What a long number of milliseconds or bytes comes to, beside the number as one writes it; null where it says itself. */
export function valueWords(name: string, value: string): string | null {
  if (!/^\d{4,}$/.test(value)) return null
  const number = Number(value)
  if (name.endsWith('Ms') && number % 1000 === 0) return span(number / 1000)
  return name.includes('Bytes') ? size(number) : null
}
