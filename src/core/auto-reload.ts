import type { CustomerState, PaymentMethodName, PaymentRefusal } from './account.ts'
import { grantPriorities } from './commands.ts'
import type { EntryDraft, MonthBounds } from './entry.ts'
import type { Moment } from './figures.ts'
import { grantId } from './ids.ts'
import type { Nanos } from './money.ts'
import { reloadMonth } from './month-sums.ts'
import { availableNanos, capRoomNanos, expiryLegs, spendMonth, spentNanos } from './wallet.ts'

/**
 * Auto-reload: below a threshold the wallet tops itself up, within its own maximum of the month. Whether one is due is
 * a level that is read from the sums at any moment, never an event that can be missed: after a crash, a retry or two
 * at once the same reload has the same name (customer, month, number), and is booked once.
 */

/** Why a reload that is needed does not come. One docs row each, in docs/reasons.md. */
export const reloadStops = [
  'customer_inactive',
  'extra_usage_off',
  'spend_cap_reached',
  'month_max_reached',
  'standing_order_missing',
  'standing_order_used_up',
] as const
export type ReloadStop = (typeof reloadStops)[number]

/** One reload, by its name and amount. */
export type ReloadNeed = {
  readonly month: MonthBounds
  /** Counted from 1 within the month. */
  readonly number: number
  readonly amountNanos: Nanos
}

export type ReloadState =
  | { readonly kind: 'off' }
  /** As much as the threshold is available. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'due'; readonly need: ReloadNeed }
  | {
      readonly kind: 'stopped'
      readonly reason: ReloadStop
      /** When a way to pay refused it; null where the reason is read from the sums. */
      readonly sinceMs: number | null
      /** Set where asking the way to pay once more may help. */
      readonly need: ReloadNeed | null
    }

export function reloadState(customer: CustomerState, nowMs: number): ReloadState {
  const { autoReload, reloadRefusal: refusal } = customer
  if (autoReload.kind === 'off') return { kind: 'off' }
  if (availableNanos(customer, nowMs) >= autoReload.thresholdNanos) return { kind: 'ready' }
  const stopped = (reason: ReloadStop): ReloadState => {
    return { kind: 'stopped', reason, sinceMs: null, need: null }
  }
  if (!customer.isActive) return stopped('customer_inactive')
  // No money is taken for somebody who could not use it.
  if (!customer.extraUsage.isOn) return stopped('extra_usage_off')
  if (isAllSpendable(customer, nowMs)) return stopped('spend_cap_reached')
  const { startMs, endMs, count, reloadedNanos } = reloadMonth(customer, nowMs)
  const { amountNanos, monthMaxNanos } = autoReload
  if (reloadedNanos + amountNanos > monthMaxNanos) return stopped('month_max_reached')
  const need = { month: { startMs, endMs }, number: count + 1, amountNanos }
  if (refusal === null || refusal.monthStartMs !== startMs) return { kind: 'due', need }
  return { kind: 'stopped', reason: refusal.reason, sinceMs: refusal.atMs, need }
}

/** As much is available as the spend cap leaves in this month: more could not be spent. */
function isAllSpendable(customer: CustomerState, nowMs: number): boolean {
  const { cap, heldNanos } = customer
  const room = capRoomNanos(cap, { spentNanos: spentNanos(customer, nowMs), heldNanos })
  return room !== undefined && availableNanos(customer, nowMs) >= room
}

/** Whether the operator's standing order pays for so much more in this month. */
export function standingOrderRefusal(
  customer: CustomerState,
  amountNanos: Nanos,
  nowMs: number,
): PaymentRefusal | null {
  const { standingOrderNanos } = customer
  if (standingOrderNanos === 0n) return 'standing_order_missing'
  const { reloadedNanos } = reloadMonth(customer, nowMs)
  return reloadedNanos + amountNanos > standingOrderNanos ? 'standing_order_used_up' : null
}

/** What was asked of a way to pay, and by which one. */
export type AskedReload = { readonly need: ReloadNeed; readonly method: PaymentMethodName }

/** Books a reload; undefined when it is not needed any more, or was booked already. */
export function bookReload(
  customer: CustomerState,
  { need: asked, method }: AskedReload,
  moment: Moment,
): EntryDraft | undefined {
  const { nowMs } = moment
  const need = stillNeeded(customer, asked, nowMs)
  if (need === undefined) return undefined
  const { month, number, amountNanos } = need
  // The standing order may have been lowered since it was asked, and nothing was taken then.
  if (standingOrderRefusal(customer, amountNanos, nowMs) !== null) return undefined
  const id = grantId(`reload_${month.startMs}_${number}`)
  const grant = {
    grantId: id,
    origin: 'auto_reload',
    priority: grantPriorities.auto_reload,
    expiresAtMs: null,
    amountNanos,
  } as const
  return {
    atMs: nowMs,
    legs: [
      ...expiryLegs(customer, nowMs),
      { from: 'payments', to: `grant:${id}:available`, amount: amountNanos },
    ],
    body: { kind: 'granted', grant, reload: { month, number, method } },
  }
}

/** Notes that a way to pay refused; undefined when that is known already, or the reload is not needed any more. */
export function refuseReload(
  customer: CustomerState,
  { need: asked, method, reason }: AskedReload & { readonly reason: PaymentRefusal },
  moment: Moment,
): EntryDraft | undefined {
  const need = stillNeeded(customer, asked, moment.nowMs)
  const { reloadRefusal: known } = customer
  if (need === undefined) return undefined
  const { month, number, amountNanos } = need
  if (known?.reason === reason && known.monthStartMs === month.startMs) return undefined
  const reload = { month, number, method }
  return {
    atMs: moment.nowMs,
    legs: [],
    body: { kind: 'reload_refused', reload, amountNanos, reason },
  }
}

function stillNeeded(
  customer: CustomerState,
  asked: ReloadNeed,
  nowMs: number,
): ReloadNeed | undefined {
  const state = reloadState(customer, nowMs)
  const need = state.kind === 'due' || state.kind === 'stopped' ? state.need : null
  const isSame =
    need !== null &&
    need.month.startMs === asked.month.startMs &&
    need.number === asked.number &&
    need.amountNanos === asked.amountNanos
  return isSame ? need : undefined
}

/** The next moment at which time alone may make a reload due, or let one be tried afresh. */
export function reloadChangesMs(customer: CustomerState, nowMs: number): number {
  if (customer.autoReload.kind === 'off') return Infinity
  let nextMs = Math.min(
    reloadMonth(customer, nowMs).endMs,
    spendMonth(customer, customer.zone, nowMs).endMs,
  )
  for (const { expiresAtMs, availableNanos: left } of customer.grants.values()) {
    const endMs = expiresAtMs ?? Infinity
    if (endMs > nowMs && left > 0n) nextMs = Math.min(nextMs, endMs)
  }
  return nextMs
}
