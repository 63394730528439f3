import type { Figures, LimitFigures } from '../../core/decision.ts'
import type { Entry } from '../../core/entry.ts'
import { explain } from '../../operations/explain.ts'
import { getFigures } from '../../operations/figures.ts'
import { history, type HistoryQuery } from '../../operations/history.ts'
import type { HistoryLine } from '../../operations/history-lines.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { lastDriftOf } from '../../operations/list-drifts.ts'
import { getMember } from '../../operations/list-members.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type {
  ExplanationAnswer,
  HistoryAnswer,
  LeadingEntry,
  UsageAnswer,
} from '../contract/answers.ts'
import { tellDecision } from '../wording/describe-decision.ts'
import { entryTitle, lineTitle } from '../wording/describe-entry.ts'
import { toJson } from '../http/exchange.ts'
import { AdminFailure } from '../failures.ts'
import { nextPayers } from './next-payer.ts'
import { limitTitle } from '../wording/wording.ts'

/** Answers about one member, the same for the member itself and for the operator who looks at it. */

type Scope = Parameters<typeof getFigures>[1]

export async function usageAnswer(parts: AdminApiParts, scope: Scope): Promise<UsageAnswer> {
  const { customerId, memberId } = scope
  const member = await getMember(parts, { customerId, memberId })
  const customer = await getCustomer(parts, customerId)
  const figures = await getFigures(parts, { customerId, memberId })
  const blocked = blockOf({ customer, member, figures })
  const drift = await lastDriftOf(parts, { customerId, memberId })
  const isPaused = blocked !== null && blocked.reason !== 'running_limit'
  return {
    customer: { id: customerId, name: customer.name },
    member: { id: memberId, name: member.name },
    blocked,
    currencySymbol: parts.about.currencySymbol,
    figures: { ...toJson(figures), limits: figures.limits.map(limitAnswer) },
    nextPayers: isPaused ? [] : toJson(nextPayers(figures)),
    lastDrift: drift === null ? null : { field: drift.field, foundAtMs: drift.foundAtMs },
  }
}

const quarantineSentence =
  'Every request of this account is answered "limits unavailable", and costs nothing: a change was stopped that did not fit its books. Nothing that you do lifts it; tell the operator, whose health page says what to run.'

/** What a decision looks at before the plan, in its order. */
function blockOf(state: {
  readonly customer: { readonly isActive: boolean; readonly isServed: boolean }
  readonly member: { readonly isActive: boolean }
  readonly figures: Figures
}): UsageAnswer['blocked'] {
  const { runningCount, runningMax } = state.figures
  if (!state.customer.isServed) return { reason: 'quarantine', sentence: quarantineSentence }
  if (!state.customer.isActive) {
    const sentence =
      'The whole account is paused: every request is refused until the operator resumes it.'
    return { reason: 'customer_inactive', sentence }
  }
  if (!state.member.isActive) {
    const sentence =
      'This member is paused: every request is refused until an owner or the operator resumes it.'
    return { reason: 'member_inactive', sentence }
  }
  if (runningCount < runningMax) return null
  const sentence = `${runningCount} requests are running, as many as may: the next has to wait for one to end.`
  return { reason: 'running_limit', sentence }
}

export const limitAnswer = (limit: LimitFigures): UsageAnswer['figures']['limits'][number] => ({
  ...toJson(limit),
  title: limitTitle(limit),
  usedPercent: usedPercent(limit),
})

function usedPercent({ used, amount }: LimitFigures): number {
  if (amount === null) return 0
  return amount <= 0n ? 100 : Number((used * 100n) / amount)
}

export async function historyAnswer(
  parts: AdminApiParts,
  query: HistoryQuery,
): Promise<HistoryAnswer> {
  const page = await history(parts, query)
  const sumNanos = page.lines.reduce(
    (sum, line) => sum + line.changeNanos,
    page.openingNanos + page.leftOutNanos,
  )
  const { currencySymbol } = parts.about
  const journal = await entriesOf(parts, query.customerId, page.lines)
  return {
    ...toJson(page),
    lines: page.lines.map((line) => {
      const entry = journal.get(line.position)
      const isCredit = line.setting?.kind === 'window_credited' && entry !== undefined
      const isGrant = line.changeNanos > 0n && entry?.body.kind === 'granted'
      return {
        ...toJson(line),
        title: isCredit ? entryTitle(entry, currencySymbol) : lineTitle(line, currencySymbol),
        expiresAtMs: isGrant ? entry.body.grant.expiresAtMs : null,
      }
    }),
    addsUp: sumNanos === page.closingNanos,
  }
}

/** The entries behind lines that say more than a line holds: what was given, and until when. */
async function entriesOf(
  { storage }: Pick<AdminApiParts, 'storage'>,
  customerId: Scope['customerId'],
  lines: readonly HistoryLine[],
): Promise<ReadonlyMap<number, Entry>> {
  const found = new Map<number, Entry>()
  for (const { position, kind, setting } of lines) {
    const isGrant = kind === 'top_up' || kind === 'gift' || kind === 'included'
    if (!isGrant && setting?.kind !== 'window_credited') continue
    const at = { afterPosition: position - 1, beforePosition: position + 1 }
    const [entry] = await storage.entries({ customerId, ...at, rowsMax: 1 })
    if (entry !== undefined) found.set(position, entry)
  }
  return found
}

/**
 * A decision, made again. For a member only its own; and what other members of its customer did stays
 * theirs: those entries keep the place and the amounts that the decision counted, not who did what.
 */
export async function explanationAnswer(
  parts: AdminApiParts,
  decisionId: string,
  reader: Scope | 'operator',
): Promise<ExplanationAnswer> {
  const explanation = await explain(parts, decisionId)
  const isOwn = reader === 'operator' || isSameMember(reader, explanation)
  if (!isOwn)
    throw new AdminFailure('decision_unknown', 'No decision with this id was made about you.')
  const { currencySymbol } = parts.about
  const { entries, end, ...rest } = explanation
  const led = entries.map(
    ({ position, atMs, memberId, legs, body, actor = null }): LeadingEntry => {
      const isHidden = reader !== 'operator' && memberId !== null && memberId !== reader.memberId
      if (isHidden) {
        const title = 'Another member of the account'
        return { position, atMs, title, memberId: null, actor: null, legs, body: null }
      }
      return {
        position,
        atMs,
        title: entryTitle({ body, legs }, currencySymbol),
        memberId,
        actor,
        legs,
        body,
      }
    },
  )
  return {
    ...toJson({ ...rest, end, entries: led }),
    ...tellDecision(explanation, currencySymbol),
    endTitle: end === null ? null : entryTitle(end, currencySymbol),
  }
}

const isSameMember = (left: Scope, right: Scope): boolean =>
  left.customerId === right.customerId && left.memberId === right.memberId
