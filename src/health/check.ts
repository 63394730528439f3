import type { HealthCure, HealthFact } from '../operations/health.ts'

/** One check: a stable name, and a pure look at facts that were gathered before. */
export type Check<Facts> = { readonly id: string; readonly look: (facts: Facts) => Finding }

export type Finding = Omit<HealthFact, 'check'>

export const fine = (found: string): Finding => ({
  status: 'ok',
  found,
  meaning: null,
  cure: null,
})

type Trouble = { readonly found: string; readonly meaning: string } & HealthCure

export const warning = (trouble: Trouble): Finding => ({ status: 'warn', ...told(trouble) })
export const bad = (trouble: Trouble): Finding => ({ status: 'bad', ...told(trouble) })

const told = ({ found, meaning, say, run }: Trouble): Omit<Finding, 'status'> => ({
  found,
  meaning,
  cure: { say, run },
})

export function runChecks<Facts>(
  checks: readonly Check<Facts>[],
  facts: Facts,
): readonly HealthFact[] {
  return checks.map(({ id, look }) => ({ check: id, ...look(facts) }))
}

/** A number with its word, which takes an s where there are more or fewer than one. */
export const countOf = (number: number, word: string): string =>
  `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`

const units = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** A size for people: three digits and a unit. */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`
}

export const agoText = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`
}
