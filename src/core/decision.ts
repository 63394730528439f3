import type { AutoReload, HoldSource } from './account.ts'
import type { ReloadState, ReloadStop } from './auto-reload.ts'
import type { BootId, CustomerId, HoldId, KeyId, LimitId, MemberId } from './ids.ts'
import type { Nanos } from './money.ts'
import type { RequestFacts } from './entry.ts'
import type { Unit } from './usage.ts'

/** One request that asks for admission. */
export type AuthorizeRequest = {
  readonly holdId: HoldId
  readonly bootId: BootId
  readonly keyId: KeyId | null
  readonly facts: RequestFacts
  /** How long the hold may live; the stream is cut then. */
  readonly holdMaxMs: number
  /** Requests of the whole customer that run now, as its gateway counts them. */
  readonly customerRunningCount: number
}

/** The figures of one limit as its member sees them, at one journal position and moment (D18). */
export type LimitFigures = {
  readonly limitId: LimitId
  readonly windowKind: 'session' | 'week' | 'month' | 'day'
  readonly unit: Unit
  readonly used: bigint
  readonly held: bigint
  /** The most that may be used; null is unlimited. */
  readonly amount: bigint | null
  /** Set while the amount is an exception of this member; what its plan says, and when that counts again. */
  readonly exception: LimitExceptionFigures | null
  /** Null while no window is open: a session starts with the next message. */
  readonly startMs: number | null
  readonly resetMs: number | null
  /** Model name prefixes it counts; null for all. */
  readonly models: readonly string[] | null
}

export type LimitExceptionFigures = {
  readonly planAmount: bigint
  /** Null: until somebody takes it back. */
  readonly untilMs: number | null
}

/** The figures of extra usage. Balance and cap are two numbers, here and everywhere (D15). */
export type ExtraUsageFigures = {
  readonly isOnForCustomer: boolean
  readonly isOnForMember: boolean
  /** What grants add up to, held money included. */
  readonly balanceNanos: Nanos
  readonly heldNanos: Nanos
  readonly spentNanos: Nanos
  /** Null is unlimited: up to the balance. */
  readonly capNanos: Nanos | null
  readonly memberSpentNanos: Nanos
  readonly memberHeldNanos: Nanos
  readonly memberCapNanos: Nanos | null
  /** When the spend-cap month ends. */
  readonly capResetMs: number
  readonly autoReload: AutoReloadFigures
}

/** How the wallet tops itself up, and whether it does. */
export type AutoReloadFigures = {
  readonly setting: AutoReload
  /** `ready` while enough is available, `due` until the reload is booked, `stopped` when it is needed and does not come. */
  readonly state: ReloadState['kind']
  readonly stop: {
    readonly reason: ReloadStop
    /** When a way to pay refused it; null where the reason is read from the sums. */
    readonly sinceMs: number | null
  } | null
  /** Of this month, which ends at `monthEndMs`. */
  readonly reloadedNanos: Nanos
  readonly reloadCount: number
  readonly monthEndMs: number
  /** What the operator's standing order pays for in a month; zero where there is none. */
  readonly standingOrderNanos: Nanos
}

/** Everything that decides a member's next request, at one position and moment. */
export type Figures = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly position: number
  readonly atMs: number
  readonly planName: string
  readonly limits: readonly LimitFigures[]
  readonly extraUsage: ExtraUsageFigures
  readonly runningCount: number
  readonly runningMax: number
}

/** Why a decision denied. One docs row each, in docs/reasons.md. */
export const reasons = [
  'customer_inactive',
  'member_inactive',
  'model_unpriced',
  'running_limit',
  'limit_reached',
  'reserved',
] as const
export type Reason = (typeof reasons)[number]

/** Why extra usage did not help, when the plan could not pay. One docs row each. */
export const extraUsageReasons = [
  'off_for_customer',
  'off_for_member',
  'forbidden_by_request',
  'cap_reached',
  'member_cap_reached',
  'balance_too_low',
] as const
export type ExtraUsageReason = (typeof extraUsageReasons)[number]

export const remedies = [
  'wait_for_reset',
  'retry_shortly',
  'turn_on_extra_usage',
  'turn_on_extra_usage_for_member',
  'allow_extra_usage_in_request',
  'wait_for_reload',
  'top_up',
  'raise_spend_cap',
  'raise_member_spend_cap',
  'ask_operator',
] as const
export type Remedy = (typeof remedies)[number]

export type Denial = {
  readonly reason: Reason
  readonly model: string
  /** Limits that bind: used + held >= amount. The first is the one whose reset comes last. */
  readonly binding: readonly LimitFigures[]
  /** Null where extra usage was not asked (a denial before the plan was looked at). */
  readonly extraUsageReason: ExtraUsageReason | null
  /** What the request would have to hold from the wallet; null where not asked. */
  readonly neededNanos: Nanos | null
  /** What would let this request pass, most useful first; never empty. */
  readonly remedies: readonly Remedy[]
  /** The earliest admission if only time passes; null when time does not help. */
  readonly retryAtMs: number | null
  readonly figures: Figures
}

export type Allowance = {
  readonly holdId: HoldId
  readonly source: HoldSource
  readonly heldNanos: Nanos
  readonly expiresAtMs: number
  /** As of just after the hold. */
  readonly figures: Figures
}

export type Decision =
  | { readonly kind: 'allow'; readonly allowance: Allowance }
  | { readonly kind: 'deny'; readonly denial: Denial }
