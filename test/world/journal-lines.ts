import { tellDecision } from '../../src/admin/wording/describe-decision.ts'
import { entryTitle } from '../../src/admin/wording/describe-entry.ts'
import type { DriftReport, Entry, Leg } from '../../src/core/entry.ts'
import { formatMoney } from '../../src/core/money.ts'
import type { Explanation } from '../../src/operations/explain.ts'
import type { FoundDrift } from '../../src/operations/list-drifts.ts'

/** What the one book can show, as text: entries, differences found, and how a decision was made. */
export type JournalLine = {
  readonly position: number
  readonly atMs: number
  readonly kind: string
  readonly text: string
}

/** A difference that the one book found, and the entry that records it. */
export type DriftFound = {
  readonly position: number
  readonly foundAtMs: number
  /** Which stored sums: the customer's or the member's. */
  readonly where: string
  readonly field: string
  readonly stored: string
  readonly recomputed: string
  /** When the stored sums were last written by us: the difference came with it or after it. */
  readonly sincePosition: number
  readonly sinceMs: number
  /** All of it in a sentence. */
  readonly text: string
}

const symbol = '$'

/** `grant:gr_1:available` and `window:session:1795300000000:held` without what only a program needs. */
function accountText(account: string): string {
  const [kind, name, ...rest] = account.split(':')
  if (kind === 'window') return `${name} ${rest.at(-1)}`
  if (kind === 'grant') return `extra usage ${rest.at(-1)}`
  return account.replaceAll('_', ' ')
}

function legText({ to, amount, unit }: Leg): string {
  const text = unit === undefined || unit === 'money' ? formatMoney(amount) : `${amount} ${unit}`
  return `${accountText(to)} +${text}`
}

export function journalLine({ position, atMs, legs, body }: Entry): JournalLine {
  if (body.kind === 'drift_found') {
    return { position, atMs, kind: body.kind, text: body.drifts.map(driftText).join('; ') }
  }
  // What goes back to where it came from says nothing new.
  const moves = legs.filter(({ to }) => to.includes(':')).map(legText)
  const text = [entryTitle({ body, legs }, symbol), ...moves].join('; ')
  return { position, atMs, kind: body.kind, text }
}

/** What, where and since when. */
export function driftText(drift: DriftReport): string {
  const { where, field, sincePosition, sinceMs } = drift
  const stored = shownValue(field, drift.stored)
  const recomputed = shownValue(field, drift.recomputed)
  const since = `entry #${sincePosition} (${localTime(sinceMs)}) or later`
  return `${where.split(':')[0]}, ${plainField(field)}: stored ${stored}, journal ${recomputed}, since ${since}`
}

/** `grants.gr_1.availableNanos` and `windows.session.endMs` in words. */
function plainField(field: string): string {
  const [kind, name, part] = field.split('.')
  if (kind === 'grants' && part === 'availableNanos') return 'balance'
  if (kind !== 'windows') return field
  return part === 'endMs' ? `reset of the ${name}` : `${name} ${part}`
}

/** Amounts and moments of a stored field in a reader's form; the rest as it stands. */
function shownValue(field: string, value: string): string {
  if (!/^\d+$/.test(value)) return value
  if (/Nanos$|\.(used|held)$/.test(field)) return formatMoney(BigInt(value))
  if (!field.endsWith('Ms')) return value
  return localTime(Number(value))
}

const localFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** "Sat 21:14": the story spans two days. */
export const localTime = (atMs: number): string => localFormat.format(atMs).replace(',', '')

export function shownDrift(drift: FoundDrift): DriftFound {
  const { position, foundAtMs, where, field, sincePosition, sinceMs } = drift
  return {
    position,
    foundAtMs,
    where,
    field,
    sincePosition,
    sinceMs,
    stored: shownValue(field, drift.stored),
    recomputed: shownValue(field, drift.recomputed),
    text: driftText(drift),
  }
}

export function explanationLines(explanation: Explanation): readonly string[] {
  const { verdict, steps } = tellDecision(explanation, symbol)
  return [
    `Decision ${explanation.decisionId.slice(0, 16)}…, made on the journal up to entry #${explanation.position}.`,
    verdict,
    ...steps.map(({ title, numbers, outcome }) => `${title}: ${numbers} (${outcome})`),
  ]
}
