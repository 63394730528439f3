import type { ExtraUsageReason, Figures, LimitFigures } from '../../core/decision.ts'
import { roomAgainMs } from '../../core/figures.ts'
import type { LimitId } from '../../core/ids.ts'
import { extraUsageWords, limitLabel, modelScope } from '../wording/wording.ts'

/**
 * What pays for a member's next request, read from the same figures that a decision reads. It is said for
 * every model, and once more for each group of models for which it comes out differently.
 */
export type NextPayer = {
  /** Model name prefixes; null for every model that no other line names. */
  readonly models: readonly string[] | null
  readonly payer: 'plan' | 'extra_usage' | 'nobody'
  /** Limits without room, the one that frees last first. */
  readonly closed: readonly LimitId[]
  /** Why extra usage does not pay either; null where it need not or does. */
  readonly extraUsageReason: ExtraUsageReason | null
  /** When the plan pays again if only time passes; null when it pays now or waiting does not help. */
  readonly planPaysAgainMs: number | null
  /** The same in words, without times: those depend on where the reader is. */
  readonly sentence: string
}

export function nextPayers(figures: Figures): readonly NextPayer[] {
  const general = payerFor(figures, null)
  const payers = [general]
  const seen = new Set<string>()
  for (const { models } of figures.limits) {
    const key = models?.join(' ')
    if (models === null || key === undefined || seen.has(key)) continue
    seen.add(key)
    const own = payerFor(figures, models)
    if (own.payer !== general.payer || own.closed.join(' ') !== general.closed.join(' ')) {
      payers.push(own)
    }
  }
  return payers
}

function payerFor(figures: Figures, models: readonly string[] | null): NextPayer {
  const { atMs } = figures
  const counted = figures.limits.filter((limit) => counts(limit, models))
  const closed = counted
    .filter((limit) => roomAgainMs(limit, atMs) > atMs)
    .toSorted((left, right) => (roomAgainMs(right, atMs) < roomAgainMs(left, atMs) ? -1 : 1))
  const extraUsageReason = closed.length === 0 ? null : obstacleOf(figures)
  const payer = closed.length === 0 ? 'plan' : extraUsageReason === null ? 'extra_usage' : 'nobody'
  const freesMs = allRoomAgainMs(counted, atMs)
  return {
    models,
    payer,
    closed: closed.map((limit) => limit.limitId),
    extraUsageReason,
    planPaysAgainMs: closed.length > 0 && Number.isFinite(freesMs) ? freesMs : null,
    sentence: sentenceFor({ models, payer, closed, extraUsageReason }),
  }
}

/** Whether a limit counts some model of the group; without a group, limits for all models. */
function counts(limit: LimitFigures, models: readonly string[] | null): boolean {
  if (limit.models === null) return true
  return limit.models.some((prefix) => models?.some((model) => model.startsWith(prefix)) ?? false)
}

/** A limit that has room now may have none when another one opens: its exception ended in between. */
function allRoomAgainMs(limits: readonly LimitFigures[], fromMs: number): number {
  let atMs = fromMs
  for (;;) {
    const beforeMs = atMs
    for (const limit of limits) atMs = Math.max(atMs, roomAgainMs(limit, atMs))
    if (atMs === beforeMs || atMs === Infinity) return atMs
  }
}

/** The order of reasons is that of a decision; the smallest request has to fit. */
function obstacleOf({ extraUsage }: Figures): ExtraUsageReason | null {
  const { capNanos, memberCapNanos } = extraUsage
  if (!extraUsage.isOnForCustomer) return 'off_for_customer'
  if (!extraUsage.isOnForMember) return 'off_for_member'
  if (capNanos !== null && capNanos <= extraUsage.spentNanos + extraUsage.heldNanos) {
    return 'cap_reached'
  }
  if (
    memberCapNanos !== null &&
    memberCapNanos <= extraUsage.memberSpentNanos + extraUsage.memberHeldNanos
  ) {
    return 'member_cap_reached'
  }
  return extraUsage.balanceNanos <= extraUsage.heldNanos ? 'balance_too_low' : null
}

function sentenceFor(next: {
  readonly models: readonly string[] | null
  readonly payer: NextPayer['payer']
  readonly closed: readonly LimitFigures[]
  readonly extraUsageReason: ExtraUsageReason | null
}): string {
  const request =
    next.models === null ? 'the next request' : `the next request to ${modelScope(next.models)}`
  if (next.payer === 'plan') return `The plan pays for ${request}.`
  const reached = `${next.closed.map((limit) => limitLabel(limit)).join(' and ')} ${next.closed.length === 1 ? 'has' : 'have'} no room left`
  if (next.payer === 'extra_usage') return `Extra usage pays for ${request}, because ${reached}.`
  const why =
    next.extraUsageReason === null ? '' : `, and ${extraUsageWords[next.extraUsageReason]}`
  return `Nothing pays for ${request}: ${reached}${why}.`
}
