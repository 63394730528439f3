import type {
  AutoReload,
  GrantLeg,
  GrantOrigin,
  HoldSource,
  LimitException,
  PaymentMethodName,
  PaymentRefusal,
  SpendCap,
  WindowLeg,
} from './account.ts'
import type {
  BootId,
  CustomerId,
  GrantId,
  HoldId,
  KeyId,
  LimitId,
  MemberId,
  OperationId,
  PlanId,
  PriceId,
} from './ids.ts'
import type { Nanos } from './money.ts'
import type { Plan } from './plan.ts'
import type { Amounts, Price, ServiceMarks, Unit, Usage } from './usage.ts'

/**
 * The journal: one immutable row per operation, with its legs inside. A leg moves an amount from one
 * account to another, so every row balances by its shape. Accounts are named
 *
 *   payments · gifts                      where a grant's money comes from
 *   grant:<id>:available|held|spent|expired|refunded
 *   window:<limit>:<startMs>:held|used    usage counted by a plan limit, in the limit's unit
 *   plan                                  the plan, which pays for plan-sourced usage
 *   operator_overrun · operator_lost      what the operator absorbs
 *   upstream                              what the LLM API is owed
 *
 * Amounts are positive and in nanos unless `unit` says otherwise.
 */
export type Leg = {
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly unit?: Unit
}

/** A window instance that this entry is the first to touch; it fixes the instance's bounds for good. */
export type Pin = WindowLeg

/**
 * Limits whose newest instance must not be forgotten for the one that is pinned now, because a correction of
 * the clock can make it run again. Written rarely: while a jump of the clock can still be undone.
 */
export type KeptWindows = {
  readonly limitIds: readonly LimitId[]
  /** No correction can go back before this moment, so what ended by then is forgotten. */
  readonly sinceMs: number
  /** Limits whose session opens now: those that a wrong clock opened ahead of it are forgotten. */
  readonly openedIds?: readonly LimitId[]
}

export type GrantTerms = {
  readonly grantId: GrantId
  readonly origin: GrantOrigin
  readonly priority: number
  readonly expiresAtMs: number | null
  readonly amountNanos: Nanos
}

/** The facts of a request that its decision read; enough to decide it again. */
export type RequestFacts = {
  readonly model: string
  readonly priceId: PriceId
  /** Likely input tokens, and the most that the same bytes can be. */
  readonly inputTokensExpected: number
  readonly inputTokensMax: number
  readonly maxTokens: number
  readonly isThinking: boolean
  /** What the caller allows: `never` keeps this request off the wallet. */
  readonly consent: 'never' | 'allow'
}

/** What was found different from the journal, and since when (STYLE: drift). */
export type DriftReport = {
  /** Which stored derivation: `customer:<id>` or `member:<id>`. */
  readonly where: string
  readonly field: string
  readonly stored: string
  readonly recomputed: string
  /**
   * When the stored row was last written, by its own position and moment: the drift came with that write
   * or after it, and was there at the latest when it was found.
   */
  readonly sincePosition: number
  readonly sinceMs: number
}

export type EntryBody =
  | { readonly kind: 'boot'; readonly bootId: BootId; readonly version: string }
  | { readonly kind: 'swept'; readonly bootId: BootId; readonly bootPosition: number }
  | {
      /** The clock of record took a jump of the wall clock: what was shown before may be over. */
      readonly kind: 'clock_adopted'
      readonly fromMs: number
      readonly toMs: number
      readonly cause: 'start' | 'witness' | 'operator'
    }
  | {
      /** A wrong jump is undone: moments go on from `toMs`, which lies before those of earlier entries. */
      readonly kind: 'clock_corrected'
      readonly fromMs: number
      readonly toMs: number
    }
  | { readonly kind: 'plan_published'; readonly plan: Plan }
  | { readonly kind: 'price_published'; readonly price: Price }
  | {
      readonly kind: 'customer_opened'
      readonly zone: string
      readonly isExtraUsageOn: boolean
      readonly cap: SpendCap
      readonly overrunMaxNanos: Nanos
      readonly isStrict: boolean
      readonly runningMax: number
    }
  | {
      /** Creates a member, or changes its plan: used stays, the new limit counts at once (D16). */
      readonly kind: 'member_seated'
      readonly planId: PlanId
      /** Anchored instances running under the old plan, kept as promised. */
      readonly pins: readonly Pin[]
      readonly kept?: KeptWindows
    }
  | { readonly kind: 'key_issued'; readonly keyId: KeyId; readonly keyHash: string }
  | { readonly kind: 'key_revoked'; readonly keyId: KeyId }
  | {
      readonly kind: 'extra_usage_set'
      readonly scope: 'customer' | 'member'
      readonly isOn: boolean
    }
  | {
      readonly kind: 'spend_cap_set'
      readonly scope: 'customer' | 'member'
      readonly cap: SpendCap
    }
  | {
      readonly kind: 'status_set'
      readonly scope: 'customer' | 'member'
      readonly isActive: boolean
    }
  | {
      /** Another amount of one limit for this member alone; null takes it back: the plan's own counts again. */
      readonly kind: 'limit_excepted'
      readonly limitId: LimitId
      readonly unit: Unit
      readonly exception: LimitException | null
    }
  | {
      readonly kind: 'granted'
      readonly grant: GrantTerms
      /** Set on included grants: which one, and the month it is for. */
      readonly included?: { readonly id: string; readonly monthStartMs: number }
      /** Set on reloads: which one of its month, and who paid for it. */
      readonly reload?: ReloadFacts
    }
  | { readonly kind: 'auto_reload_set'; readonly setting: AutoReload }
  | {
      /** What the operator pays for in a month without being asked; zero ends it. */
      readonly kind: 'standing_order_set'
      readonly monthMaxNanos: Nanos
    }
  | {
      /** A reload was needed, and the way to pay for it gave nothing. */
      readonly kind: 'reload_refused'
      readonly reload: ReloadFacts
      readonly amountNanos: Nanos
      readonly reason: PaymentRefusal
    }
  | { readonly kind: 'refunded'; readonly grantId: GrantId }
  | {
      /** A gifted reset: a credit to the running instance, never a moved anchor (W4). */
      readonly kind: 'window_credited'
      readonly limitId: LimitId
      readonly startMs: number
    }
  | {
      readonly kind: 'held'
      readonly holdId: HoldId
      readonly bootId: BootId
      readonly keyId: KeyId | null
      readonly source: HoldSource
      readonly facts: RequestFacts
      readonly bucket: string
      readonly amounts: Amounts
      readonly expected: Amounts
      readonly worstNanos: Nanos
      readonly windowLegs: readonly WindowLeg[]
      readonly kept?: KeptWindows
      readonly grantLegs: readonly GrantLeg[]
      readonly overrunReserveNanos: Nanos
      readonly expiresAtMs: number
    }
  | {
      readonly kind: 'hold_grown'
      readonly holdId: HoldId
      readonly amounts: Amounts
      /** Additions to the hold's grant legs; empty for plan holds. */
      readonly grantLegs: readonly GrantLeg[]
    }
  | {
      readonly kind: 'settled'
      readonly holdId: HoldId
      readonly source: HoldSource
      readonly model: string
      readonly priceId: PriceId
      readonly usage: Usage
      readonly marks: ServiceMarks
      readonly costNanos: Nanos
      /** Taken from the wallet; zero for plan-sourced and free requests. */
      readonly chargedNanos: Nanos
      /** Cost of an extra-usage request above what could be charged: final, the operator's. */
      readonly overrunNanos: Nanos
      /**
       * Where the month (UTC) whose allowance the overrun is of began, if that is not the month of the entry: the
       * allowance was reserved when the hold was placed.
       */
      readonly overrunMonthMs?: number
      /** The same of a late settle, booked as lost like its hold; absent where there is none. */
      readonly lostNanos?: Nanos
      /** Set when the final usage was missing or not believable and the cost is a declared estimate. */
      readonly isEstimate: boolean
      /** Set when the hold had expired before: this entry corrects that one. */
      readonly isLate: boolean
      readonly upstreamRequestId: string | null
      readonly bucket: string
      /** The spend-cap month that the charge counts in, where it charges. */
      readonly spendMonth: MonthBounds | null
      readonly memberSpendMonth: MonthBounds | null
      /** What the hold kept of the overrun allowance, now free. */
      readonly overrunReserveNanos: Nanos
    }
  | {
      readonly kind: 'voided'
      readonly holdId: HoldId
      readonly cause: string
      readonly overrunReserveNanos: Nanos
    }
  | {
      readonly kind: 'expired'
      readonly holdId: HoldId
      readonly lostNanos: Nanos
      readonly overrunReserveNanos: Nanos
    }
  | { readonly kind: 'drift_found'; readonly drifts: readonly DriftReport[] }

/** The `number`-th reload of a month, counted from 1; the two name it for good. */
export type ReloadFacts = {
  readonly month: MonthBounds
  readonly number: number
  readonly method: PaymentMethodName
}

export type MonthBounds = { readonly startMs: number; readonly endMs: number }

export type EntryKind = EntryBody['kind']

/** Who asked for it: a person or tool by opaque id, or the system itself. */
export type Actor = string

/** What a change wants written; the storage adds position and chain. */
export type EntryDraft = {
  readonly atMs: number
  /** The idempotency key, where the caller has one. */
  readonly operationId?: OperationId
  /** Digest of the command's content, so that the same key with other content is a conflict. */
  readonly operationDigest?: string
  readonly actor?: Actor
  readonly legs: readonly Leg[]
  readonly body: EntryBody
}

export type Entry = EntryDraft & {
  readonly position: number
  readonly customerId: CustomerId
  readonly memberId: MemberId | null
}
