import type { AutoReload, HoldSource, PaymentRefusal, SpendCap } from '../../src/core/account.ts'
import type { ExtraUsageReason, Reason } from '../../src/core/decision.ts'
import type { RequestFacts } from '../../src/core/entry.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Amounts, Usage } from '../../src/core/usage.ts'
import type { Exception } from '../model/naive-facts.ts'
import type { Operation } from './operation.ts'

/**
 * What clients, administrators and the server itself do to one customer, as a history tells it. Amounts that the
 * server worked out by itself (what a hold keeps, what a stream was metered at) are inputs here: the checker asks
 * whether they were applied in some order, once each, and whether everybody was told the truth about it.
 */
export type Call = {
  /** The moment that the server took, where an answer or the journal tells it. */
  readonly nowMs?: number
} & (
  | {
      readonly kind: 'request'
      readonly member: string
      readonly facts: RequestFacts
      /** Null where no hold came of it. */
      readonly hold: PlacedHold | null
      /** Which key asked, where that is known to be worth a look. */
      readonly key?: string
      /** What it would have had to hold of the wallet; null where a refusal does not say. */
      readonly neededNanos: bigint | null
      /** How long it might have run, where a refusal says so. */
      readonly holdMaxMs?: number
    }
  | { readonly kind: 'grow'; readonly hold: string; readonly amounts: Amounts }
  | ({ readonly kind: 'settle'; readonly hold: string } & Metered)
  | { readonly kind: 'void'; readonly hold: string }
  | { readonly kind: 'expire'; readonly hold: string }
  /** The server died, and its next start ended every hold that was open. */
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'top_up'
      readonly grant: string
      readonly amountNanos: bigint
      readonly priority: number
      readonly expiresAtMs: number | null
    }
  /** The wallet topped itself up, or was refused it. */
  | { readonly kind: 'reload'; readonly grant: string; readonly amountNanos: bigint }
  | { readonly kind: 'reload_refused'; readonly reason: PaymentRefusal }
  | { readonly kind: 'refund'; readonly grant: string }
  | { readonly kind: 'auto_reload'; readonly setting: AutoReload }
  | { readonly kind: 'order'; readonly monthMax: bigint }
  /** Somebody was promised it, and the journal has nothing of it. */
  | { readonly kind: 'missing'; readonly what: string }
  /** `member` null is the customer itself. */
  | { readonly kind: 'switch'; readonly member: string | null; readonly isOn: boolean }
  | { readonly kind: 'cap'; readonly member: string | null; readonly cap: SpendCap }
  | { readonly kind: 'status'; readonly member: string | null; readonly isActive: boolean }
  | {
      readonly kind: 'except'
      readonly member: string
      readonly limit: string
      readonly exception: Exception | 'taken_back'
    }
  | { readonly kind: 'revoke'; readonly key: string }
  | { readonly kind: 'seat'; readonly member: string; readonly planId: string }
  | { readonly kind: 'publish'; readonly plan: Plan }
  | {
      readonly kind: 'credit'
      readonly member: string
      readonly limit: string
      /** Which instance, where the journal tells it. */
      readonly startMs?: number
    }
  | { readonly kind: 'figures'; readonly member: string }
  | { readonly kind: 'overview' }
)
export type CallOf<Kind extends Call['kind']> = Extract<Call, { kind: Kind }>

export type PlacedHold = {
  readonly id: string
  readonly source: HoldSource
  readonly amounts: Amounts
  readonly reserveNanos: bigint
  readonly holdMaxMs: number
}
type Metered = {
  readonly usage: Usage
  readonly marks: readonly string[]
  readonly isEstimate: boolean
}

/** What somebody was told. A part that is left out was not said. */
export type Answer =
  | { readonly kind: 'allowed'; readonly source: HoldSource }
  | {
      readonly kind: 'denied'
      readonly reason: Reason
      readonly extraUsageReason: ExtraUsageReason | null
      readonly binding: readonly LimitTold[]
      /** When to come back; null where time does not help. */
      readonly retryAtMs?: number | null
    }
  | { readonly kind: 'charged'; readonly chargedNanos: bigint; readonly overrunNanos: bigint }
  | ({ readonly kind: 'figures' } & FiguresTold)
  | ({ readonly kind: 'overview' } & OverviewTold)
  | { readonly kind: 'done' }
  /** The key is good no more. */
  | { readonly kind: 'unknown_key' }
  /** A gifted reset of what nobody has used. */
  | { readonly kind: 'nothing_to_credit' }

export type LimitTold = {
  readonly limit: string
  readonly used: bigint
  readonly held: bigint
  /** Null is no bound. */
  readonly amount: bigint | null
  /** Null where no window runs. */
  readonly resetMs: number | null
}
export type FiguresTold = {
  readonly limits: readonly LimitTold[]
  readonly isOnForCustomer: boolean
  readonly isOnForMember: boolean
  readonly balanceNanos: bigint
  readonly heldNanos: bigint
  readonly spentNanos: bigint
  readonly capNanos: bigint | null
  readonly memberSpentNanos: bigint
  readonly memberHeldNanos: bigint
  readonly memberCapNanos: bigint | null
  readonly runningCount: number
}
export type OverviewTold = {
  readonly isActive: boolean
  readonly isOn: boolean
  readonly balanceNanos: bigint
  readonly heldNanos: bigint
  readonly spentNanos: bigint
  readonly capNanos: bigint | null
}

export type AccountOperation = Operation<Call, Answer>
