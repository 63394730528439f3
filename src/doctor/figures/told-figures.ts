import type { Figure, WindowName } from '../verdict/evidence.ts'
import { moneyTyped } from './money-in-text.ts'
import { momentTyped } from '../wait-until.ts'

/** Figures that the person read on the service's page and typed. */
export type Told = Readonly<
  Partial<Record<WindowName | 'session_resets' | 'balance' | 'cap' | 'spent' | 'extra', string>>
>

/** A figure that cannot be read, by its name; what was typed is not repeated. */
export type ToldProblem = { readonly name: string; readonly takes: string }

export function figuresTold(
  told: Told,
  { atMs, what }: { readonly atMs: number; readonly what: string },
): { readonly figures: readonly Figure[]; readonly problems: readonly ToldProblem[] } {
  const figures: Figure[] = []
  const problems: ToldProblem[] = []
  const origin = { source: { kind: 'person', what }, atMs } as const
  const resets = told.session_resets
  const sessionResetsAtMs = resets === undefined ? undefined : momentTyped(resets, atMs)
  if (resets !== undefined && sessionResetsAtMs === undefined) {
    problems.push({ name: 'session-resets', takes: 'a span from now on such as 3h20m' })
  }
  for (const name of ['session', 'week', 'week_opus', 'week_sonnet'] as const) {
    const text = told[name]
    if (text === undefined) continue
    const usedPercent = percentOf(text)
    if (usedPercent === undefined) problems.push({ name, takes: 'a percentage such as 12' })
    else {
      const resetsAtMs = name === 'session' ? sessionResetsAtMs : undefined
      figures.push({ name, usedPercent, resetsAtMs, ...origin })
    }
  }
  for (const name of ['balance', 'cap', 'spent'] as const) {
    const text = told[name]
    if (text === undefined) continue
    const isUnlimited = name === 'cap' && /^(unlimited|none|no)$/i.test(text.trim())
    const money = isUnlimited ? { amountNanos: undefined, symbol: '$' } : moneyTyped(text)
    if (money === undefined) problems.push({ name, takes: 'an amount such as 100 or 12.50' })
    else figures.push({ name, ...money, ...origin })
  }
  const extra = told.extra?.trim().toLowerCase()
  if (extra === 'on' || extra === 'off') {
    figures.push({ name: 'extra_usage', isOn: extra === 'on', ...origin })
  } else if (extra !== undefined) problems.push({ name: 'extra', takes: 'on or off' })
  return { figures, problems }
}

function percentOf(text: string): number | undefined {
  const found = /^\s*(\d{1,3}(?:[.,]\d{1,3})?)\s*%?\s*$/.exec(text)
  return found === null ? undefined : Number((found[1] ?? '').replace(',', '.'))
}
