import { moneyNames, type Figure, type WindowName } from '../verdict/evidence.ts'
import { moneyTyped, type MoneyInText } from './money-in-text.ts'
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
    if (usedPercent === undefined)
      problems.push({ name, takes: 'a percentage from 0 to 100, such as 12' })
    else {
      const resetsAtMs = name === 'session' ? sessionResetsAtMs : undefined
      figures.push({ name, usedPercent, resetsAtMs, ...origin })
    }
  }
  for (const name of moneyNames) {
    const text = told[name]
    if (text === undefined) continue
    const isUnlimited = name === 'cap' && /^(unlimited|none|no)$/i.test(text.trim())
    const money = isUnlimited ? { amountNanos: undefined, symbol: '$' } : moneyToldIn(told, text)
    if (money === undefined) problems.push({ name, takes: takesMoney })
    else figures.push({ name, ...money, ...origin })
  }
  const extra = told.extra?.trim().toLowerCase()
  if (extra === 'on' || extra === 'off') {
    figures.push({ name: 'extra_usage', isOn: extra === 'on', ...origin })
  } else if (extra !== undefined) problems.push({ name: 'extra', takes: 'on or off' })
  return { figures, problems }
}

const takesMoney =
  'an amount such as 100 or 12.50, without a $, of which a shell would make something else'

/** One account has one currency: where it is said once, it is that of the other amounts, too. */
function moneyToldIn(told: Told, text: string): MoneyInText | undefined {
  const typed = moneyTyped(text)
  if (typed === undefined) return undefined
  const others = moneyNames.flatMap((name) => moneyTyped(told[name] ?? '') ?? [])
  const signed = typed.isBare ? others.find(({ isBare }) => !isBare) : undefined
  return { amountNanos: typed.amountNanos, symbol: signed?.symbol ?? typed.symbol }
}

/** What lies between 0 and 1 is most likely a share, such as 0.91 for 91 %, and is not guessed at. */
function percentOf(text: string): number | undefined {
  const found = /^\s*(\d{1,3}(?:[.,]\d{1,3})?)\s*%?\s*$/.exec(text)
  if (found === null) return undefined
  const percent = Number((found[1] ?? '').replace(',', '.'))
  return percent > 0 && percent < 1 && !text.includes('%') ? undefined : percent
}
