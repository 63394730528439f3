import type { AutoReload, HoldSource, PaymentRefusal, SpendCap } from '../../src/core/account.ts'
import type { ExtraUsageReason, Reason } from '../../src/core/decision.ts'
import type { RequestFacts } from '../../src/core/entry.ts'
import type { Limit, Plan } from '../../src/core/plan.ts'
import type { Amounts } from '../../src/core/usage.ts'
import type { Span } from './naive-calendar.ts'

/** What the naive model writes down: one list of these per customer, and nothing else. */
export type Fact =
  | {
      kind: 'opened'
      zone: string
      isOn: boolean
      cap: SpendCap
      overrunMax: bigint
      isStrict: boolean
      runningMax: number
    }
  | { kind: 'plan'; plan: Plan }
  | { kind: 'seated'; member: string; planId: string; pins: Pin[] }
  /** `member` null is the customer itself. */
  | { kind: 'switch'; member: string | null; isOn: boolean }
  | { kind: 'cap'; member: string | null; cap: SpendCap }
  | { kind: 'status'; member: string | null; isActive: boolean }
  /** From now on nobody is admitted by this key. */
  | { kind: 'revoked'; key: string }
  /** Until `untilMs` this counts instead of the plan's amount; a null amount is no limit, `taken_back` the end of it. */
  | { kind: 'excepted'; member: string; limit: string; exception: Exception | 'taken_back' }
  | ({ kind: 'granted' } & Grant)
  | { kind: 'auto_reload'; setting: AutoReload }
  /** What the operator pays for in a month; 0 is nothing. */
  | { kind: 'order'; monthMax: bigint }
  | { kind: 'reload_refused'; reason: PaymentRefusal }
  | { kind: 'refunded'; grant: string; amount: bigint }
  | { kind: 'credited'; member: string; limit: string; startMs: number }
  | ({ kind: 'held' } & HoldTerms)
  | { kind: 'grown'; hold: string; amounts: Amounts; grantLegs: Part[] }
  | { kind: 'ended'; hold: string; how: 'voided' | 'expired'; lost: bigint }
  | ({ kind: 'settled' } & Settlement)

export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }> & { atMs: number }

/** With `isOpening`, a session that this very entry opened. */
export type Pin = Span & { limit: string; isOpening?: true }
export type Exception = { amount: bigint | null; untilMs: number | null }
export type Part = { grant: string; amount: bigint }
export type Grant = {
  grant: string
  priority: number
  expiresAtMs: number | null
  amount: bigint
  /** It was not given by anybody: the wallet reloaded itself. */
  isReload?: true
}
export type HoldTerms = {
  hold: string
  member: string
  source: HoldSource
  request: RequestFacts
  amounts: Amounts
  expectedMoney: bigint
  windows: Pin[]
  grantLegs: Part[]
  reserve: bigint
  expiresAtMs: number
}
export type Settlement = {
  hold: string
  isEstimate: boolean
  output: number
  amounts: Amounts
  charged: bigint
  overrun: bigint
  /** What could not be charged of a request whose hold had been lost. */
  lost: bigint
  parts: Part[]
}

/** A hold as the facts so far tell it. */
export type Hold = HoldTerms & {
  end: 'open' | 'voided' | 'expired' | 'settled'
  endedAtMs: number
  lost: bigint
}

export type Request = { hold: string; member: string; facts: RequestFacts; holdMaxMs: number }
export type Admitted = HoldTerms & { kind: 'allow' }
export type Refused = {
  kind: 'deny'
  reason: Reason
  extraUsageReason: ExtraUsageReason | null
  needed: bigint | null
  binding: Set<string>
  retryAtMs: number | null
}
export type SettleResult =
  | { cost: bigint; charged: bigint; overrun: bigint; lost: bigint }
  | 'already_ended'

/** `most` is what the member may use of the limit at that moment; null is no bound. */
export type LimitView = {
  limit: Limit
  most: bigint | null
  used: bigint
  held: bigint
  instance: Span | null
}

/** What one look at the account says: a source and what it would hold, or what stood in the way. */
export type Look = {
  source: HoldSource | null
  amounts: Amounts
  expectedMoney: bigint
  grantLegs: Part[]
  reserve: bigint
  limits: LimitView[]
  binding: LimitView[]
  extraUsageReason: ExtraUsageReason | null
}
