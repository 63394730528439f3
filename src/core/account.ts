import type {
  BootId,
  CustomerId,
  GrantId,
  HoldId,
  KeyId,
  LimitId,
  MemberId,
  PlanId,
  PriceId,
} from './ids.ts'
import type { Nanos } from './money.ts'
import type { Plan } from './plan.ts'
import type { Amounts, Price, Unit } from './usage.ts'

/**
 * What the journal adds up to. These are running sums that a process builds from entries (`apply.ts`);
 * nothing here is a second truth, and nothing here says "exhausted" (DESIGN R1, R2).
 */

/** Plans and prices: what every decision reads beside the customer's own sums. */
export type SystemState = {
  readonly plans: Map<PlanId, Plan>
  /** The unit of every limit that any plan ever had: members carry used amounts from plan to plan. */
  readonly limitUnits: Map<LimitId, Unit>
  readonly prices: Map<PriceId, Price>
  /** The last jumps that the clock of record took and no correction has undone, oldest first. */
  readonly jumps: ClockJump[]
}

/** A span of time that the clock of record passed over at once, by a witness, the operator, or a start. */
export type ClockJump = { readonly fromMs: number; readonly toMs: number }

export type SpendCap =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'capped'; readonly amountNanos: Nanos }

/** The calendar month that a spend cap counts over; its bounds are pinned by its first charge. */
export type SpendWindow = { startMs: number; endMs: number; spentNanos: Nanos }

/** Where a grant comes from; an auto-reload is a top-up that nobody had to ask for. */
export type GrantOrigin = 'top_up' | 'included' | 'gift' | 'auto_reload'

/** `granted = available + held + spent + expired + refunded`, always. */
export type Grant = {
  readonly grantId: GrantId
  readonly origin: GrantOrigin
  readonly priority: number
  readonly expiresAtMs: number | null
  readonly createdAtMs: number
  /** Age decides last among grants of one priority and expiry; positions are unique. */
  readonly position: number
  readonly grantedNanos: Nanos
  availableNanos: Nanos
  heldNanos: Nanos
  spentNanos: Nanos
  expiredNanos: Nanos
  refundedNanos: Nanos
}

/**
 * Grants that are used up: spent or given back, to the nano. Nothing of theirs can come back (what had expired
 * could, with a corrected clock), so no later entry names them, and only these sums have to be kept.
 */
export type ClosedGrants = {
  count: number
  grantedNanos: Nanos
  spentNanos: Nanos
  refundedNanos: Nanos
}

/** What the operator absorbed for this customer in one calendar month (UTC). */
export type OverrunWindow = {
  startMs: number
  endMs: number
  /** Costs above what the settle formula allowed, of holds placed in this month: bounded by `overrunMaxNanos`. */
  bookedNanos: Nanos
  /** Expected costs of holds that nobody settled (crashes): outside the bound, see docs/decisions. */
  lostNanos: Nanos
}

/** When and by how much the wallet tops itself up. Off until somebody turns it on (O9). */
export type AutoReload =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on'
      /** What is available has to fall below it. */
      readonly thresholdNanos: Nanos
      /** Of one reload; at least the threshold, so that one is enough. */
      readonly amountNanos: Nanos
      /** Reloads of one calendar month of the customer's zone never add up to more. */
      readonly monthMaxNanos: Nanos
    }

/** Reloads of one calendar month; its bounds are pinned by the first of them. */
export type ReloadMonth = { startMs: number; endMs: number; count: number; reloadedNanos: Nanos }

/** Ways to pay for a reload. */
export type PaymentMethodName = 'operator_grant'

/** Why a way to pay gives nothing. */
export type PaymentRefusal = 'standing_order_missing' | 'standing_order_used_up'

/** The last reload that was asked for and refused; forgotten when money comes in or a setting of it changes. */
export type ReloadRefusal = {
  readonly reason: PaymentRefusal
  readonly atMs: number
  readonly monthStartMs: number
}

export type Toggle = { isOn: boolean; version: number }

/** A customer's shared rows: the wallet, the switch, the cap. */
export type CustomerState = {
  readonly customerId: CustomerId
  isOpen: boolean
  isActive: boolean
  /** IANA zone of the calendar month that the spend cap counts over. */
  zone: string
  readonly extraUsage: Toggle
  cap: SpendCap
  spend: SpendWindow | null
  /** Months charged before that one, the last one last: a corrected clock may go back into them. */
  spendBefore: readonly SpendWindow[]
  /** Money kept by open extra-usage holds of all members. */
  heldNanos: Nanos
  /** Those that have something available, held or expired. */
  readonly grants: Map<GrantId, Grant>
  readonly closedGrants: ClosedGrants
  overrun: OverrunWindow | null
  /** Months booked before that one, the last one last. */
  overrunBefore: readonly OverrunWindow[]
  /** Sum of (worst case - hold) over open extra-usage holds. */
  overrunReservedNanos: Nanos
  overrunMaxNanos: Nanos
  autoReload: AutoReload
  /** Reloads that the operator pays for in a calendar month without being asked; zero is none. */
  standingOrderNanos: Nanos
  reloads: ReloadMonth | null
  /** Months reloaded in before that one, the last one last. */
  reloadsBefore: readonly ReloadMonth[]
  reloadRefusal: ReloadRefusal | null
  /** Extra-usage holds take the worst case, not the expected cost. */
  isStrict: boolean
  /** The most requests of all members that may run at once. */
  runningMax: number
  /** Number of entries folded into these sums, and the last one's position. */
  entryCount: number
  position: number
}

/** The running instance of a limit's window; `[startMs, endMs)` was pinned by its first entry. */
export type WindowInstance = {
  readonly limitId: LimitId
  readonly unit: Unit
  readonly startMs: number
  readonly endMs: number
  used: bigint
  held: bigint
}

/** A part of a hold kept on one window instance. */
export type WindowLeg = {
  readonly limitId: LimitId
  readonly unit: Unit
  readonly startMs: number
  readonly endMs: number
}

/** A part of a hold kept on one grant. */
export type GrantLeg = { readonly grantId: GrantId; amount: Nanos }

export type HoldSource = 'plan' | 'extra_usage' | 'free'

/** What must be known of a request to end its hold, learn from it, and explain it. */
export type OpenHold = {
  readonly holdId: HoldId
  readonly bootId: BootId
  readonly keyId: KeyId | null
  readonly source: HoldSource
  readonly model: string
  readonly priceId: PriceId
  /** The bucket of past requests that the expected cost was learned from. */
  readonly bucket: string
  /** Grows with metered usage while the stream runs. */
  amounts: Amounts
  readonly expected: Amounts
  readonly worstNanos: Nanos
  readonly windowLegs: readonly WindowLeg[]
  readonly grantLegs: GrantLeg[]
  /** Kept of the customer's overrun allowance: worst case less hold. Zero for plan holds. */
  readonly overrunReserveNanos: Nanos
  readonly placedAtMs: number
  readonly expiresAtMs: number
  readonly position: number
}

/** An expired hold, remembered a while so that a settle that comes late can correct it. */
export type LostHold = {
  readonly hold: OpenHold
  readonly expiredAtMs: number
  readonly lostNanos: Nanos
}

/**
 * What one member may use of one limit instead of what its plan says. It ends by time, never by a job, and is kept
 * when the member moves to a plan without that limit.
 */
export type LimitException = {
  /** In the limit's unit; null is unlimited: the limit counts on and refuses nothing. */
  readonly amount: bigint | null
  /** From this moment on the plan's own amount counts again; null: until it is taken back. */
  readonly untilMs: number | null
}

/** One member's own rows. */
export type MemberState = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  isSeated: boolean
  isActive: boolean
  planId: PlanId
  readonly extraUsage: Toggle
  cap: SpendCap
  spend: SpendWindow | null
  /** Months charged before that one, the last one last. */
  spendBefore: readonly SpendWindow[]
  /** Money kept by this member's open extra-usage holds. */
  heldNanos: Nanos
  /** The last exception of each limit that has not been taken back, also where its time is over. */
  readonly exceptions: Map<LimitId, LimitException>
  /** The latest pinned instance of each limit. */
  readonly windows: Map<LimitId, WindowInstance>
  /** Other instances that may run again when the clock is corrected, or whose time is still to come. */
  keptWindows: readonly WindowInstance[]
  readonly holds: Map<HoldId, OpenHold>
  readonly lost: Map<HoldId, LostHold>
  /** Output tokens of the last settled requests, by bucket, oldest first. */
  readonly outputs: Map<string, number[]>
  /** Starts of the months for which each included grant was posted, first month first (`included-grant.ts`). */
  readonly grantedMonths: Map<string, readonly number[]>
  entryCount: number
  position: number
}

/** What a change may read: the customer's shared rows and one member's own. */
export type Account = {
  readonly system: SystemState
  readonly customer: CustomerState
  readonly member: MemberState
}
