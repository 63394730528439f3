import type { AutoReloadFigures, Figures, LimitFigures, Reason } from '../../core/decision.ts'
import type { Actor, EntryBody, Leg } from '../../core/entry.ts'
import type { MemberId } from '../../core/ids.ts'
import type { Plan } from '../../core/plan.ts'
import type { Price } from '../../core/usage.ts'
import type { Explanation } from '../../operations/explain.ts'
import type { Credit } from '../../operations/gift-reset.ts'
import type { History } from '../../operations/history.ts'
import type { HistoryLine } from '../../operations/history-lines.ts'
import type { CustomerOverview, CustomerPage } from '../../operations/list-customers.ts'
import type { HealthFact, HealthStatus } from '../../operations/health.ts'
import type { FoundDrift } from '../../operations/list-drifts.ts'
import type { KeyOverview } from '../../operations/list-keys.ts'
import type { MemberOverview, MemberPage } from '../../operations/list-members.ts'
import type { Parts } from '../../operations/parts.ts'
import type { DecisionStory } from '../wording/describe-decision.ts'
import type { NextPayer } from '../members/next-payer.ts'
import type { PlanChange } from '../plans/plan-changes.ts'
import type { FailureAnswer } from '../failures.ts'
import type { Json } from './json.ts'

export type { FailureAnswer }

/**
 * What goes out across the admin API, as types: amounts of money are nanos written as strings of digits,
 * moments are UTC milliseconds.
 */

export type Named<Id extends string = string> = { readonly id: Id; readonly name: string | null }

/** One limit with what a reader needs beside the bare figures. */
export type LimitAnswer = Json<LimitFigures> & {
  readonly title: string
  /** Whole percent used, rounded down, so 100 means full; above 100 when a limit was lowered or overshot; 0 of no limit. */
  readonly usedPercent: number
}

export type UsageAnswer = {
  readonly customer: Named
  readonly member: Named
  /** Why every request is refused now, whatever is left; null when none is for such a reason. */
  readonly blocked: {
    readonly reason: Reason | 'quarantine'
    readonly sentence: string
  } | null
  readonly figures: Omit<Json<Figures>, 'limits'> & { readonly limits: readonly LimitAnswer[] }
  /** The symbol before amounts of money. */
  readonly currencySymbol: string
  /** Empty while somebody has to resume the member or its customer first. */
  readonly nextPayers: readonly Json<NextPayer>[]
  /** The last difference between a stored sum of this account and the journal, which was healed. */
  readonly lastDrift: Pick<Json<FoundDrift>, 'field' | 'foundAtMs'> | null
}

export type HistoryAnswer = Omit<Json<History>, 'lines'> & {
  /** `title` is what the line is about, in words. */
  readonly lines: readonly (Json<HistoryLine> & {
    readonly title: string
    /** When what is left of a top-up, a gift or an included credit expires; null where it does not. */
    readonly expiresAtMs: number | null
  })[]
  /** Opening balance, every change and what was left out, added once more, give the closing balance. */
  readonly addsUp: boolean
}

export type ExplanationAnswer = Json<Omit<Explanation, 'entries'>> &
  DecisionStory & {
    readonly entries: readonly Json<LeadingEntry>[]
    /** How an admitted request ended, in words; null while it runs, and for a refusal. */
    readonly endTitle: string | null
  }

/** An entry that led to a decision; without its body where it is another member's. */
export type LeadingEntry = {
  readonly position: number
  readonly atMs: number
  readonly title: string
  readonly memberId: MemberId | null
  readonly actor: Actor | null
  readonly legs: readonly Leg[]
  readonly body: EntryBody | null
}

/**
 * `isComplete` is false while a file still holds what was erased; the server goes on until none does. `copies` were kept
 * in the data folder before an upgrade or a restore: they may hold it until somebody removes them.
 */
export type ErasureAnswer = {
  readonly customerId: string
  readonly memberId: string | null
  readonly isComplete: boolean
  readonly copies: readonly string[]
}
export type CustomerAnswer = Json<CustomerOverview>
/** How the wallet of a customer tops itself up, whether it does, and why not, in words. */
export type AutoReloadAnswer = Json<AutoReloadFigures> & {
  readonly customerId: string
  /** Null unless `state` is `stopped`. */
  readonly stopSentence: string | null
  readonly balanceNanos: string
  readonly heldNanos: string
}
export type CustomersAnswer = Json<CustomerPage>
export type MemberAnswer = Json<MemberOverview>
export type MembersAnswer = Json<MemberPage>
/** A key among those of all members of a customer. */
export type CustomerKey = KeyOverview & { readonly memberName: string | null }
export type KeysAnswer = { readonly keys: readonly Json<CustomerKey>[] }
export type IssuedKeyAnswer = { readonly keyId: string; readonly keyText: string }
export type PlansAnswer = { readonly plans: readonly Json<Plan>[] }
export type AppliedPlansAnswer = {
  readonly changed: readonly string[]
  /** What changed about each of them. */
  readonly changes: readonly Json<PlanChange>[]
}
export type PricesAnswer = { readonly prices: readonly Json<Price>[] }
export type DriftsAnswer = { readonly drifts: readonly Json<FoundDrift>[] }
export type CreditsAnswer = { readonly credited: readonly Json<Credit>[] }

/** Every member with its customer, without figures: what a choice is made from. */
export type SeatsAnswer = {
  readonly seats: readonly {
    readonly customer: Named
    readonly member: Named
    /** Made by the first start to be looked at; never meant where nobody is named. */
    readonly isOfDemoWorld: boolean
  }[]
  /** There are more than were listed. */
  readonly hasMore: boolean
}

/** The answer to `POST /api/verify` is lines of JSON: progress, then one report or one failure. */
export type VerifyLine =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'report'; readonly report: Json<VerifyReport> }
  | { readonly kind: 'failure'; readonly error: FailureAnswer['error'] }

/** The answer to `POST /api/backup` is lines, too. */
export type BackupLine =
  | ({ readonly kind: 'progress' } & BackupProgress)
  | { readonly kind: 'report'; readonly report: BackupReport }
  | { readonly kind: 'failure'; readonly error: FailureAnswer['error'] }

export type BackupReport = Awaited<ReturnType<Parts['storage']['backup']>>
type BackupProgress = Parameters<
  NonNullable<Parameters<Parts['storage']['backup']>[0]['onProgress']>
>[0]

export type VerifyReport = Awaited<ReturnType<Parts['storage']['verify']>>

/** What the server says about itself. */
export type ServerFacts = {
  readonly version: string
  readonly dataFolder: string
  readonly gatewayUrl: string
  /** Where requests are forwarded to, in words: an address, or the built-in demo upstream. */
  readonly upstream: string
  readonly currencySymbol: string
  /** The file whose plans are published at each start; null where there is none. */
  readonly plansFile: string | null
}

/** The server's own check-up; the worst of its facts is its status. */
export type HealthAnswer = {
  readonly status: HealthStatus
  readonly version: string
  readonly facts: readonly HealthFact[]
}

/** The clock of record beside the wall clock. */
export type ClockAnswer = { readonly clock: ReturnType<Parts['storage']['clockStatus']> }

/** How the clock of record went back, and how it stands now. */
export type ClockCorrectedAnswer = ClockAnswer & {
  readonly correction: { readonly fromMs: number; readonly toMs: number }
}

export type StatusAnswer = ServerFacts & {
  readonly adminUrl: string
  readonly bootId: string
  readonly position: number
  readonly customerCount: number
  readonly memberCount: number
  readonly clock: ReturnType<Parts['storage']['clockStatus']>
}
