import type { CustomerOverview } from '../../operations/list-customers.ts'
import type { MemberOverview } from '../../operations/list-members.ts'
import type { Unreadable } from '../../operations/past-damage.ts'
import type { LimitAnswer, Named } from './answers.ts'
import type { Json } from './json.ts'

/** Customers and members as lists and pages of the console show them. */

/** The limit of a customer's members that is used up furthest. */
export type FullestLimit = {
  readonly member: Named
  readonly title: string
  readonly usedPercent: number
}

export type CustomerRow = Json<CustomerOverview> & {
  /**
   * Asked for with `withLimits=true`; null where no member has a limit, and left out for a customer with so many
   * members that a list does not look at each.
   */
  readonly fullest?: FullestLimit | null
}

/** An account whose entries are damaged; everybody else's stand in the same list with their figures. */
export type UnreadableAnswer = Json<Unreadable<string>>

export type CustomerRowsAnswer = {
  readonly customers: readonly CustomerRow[]
  /** Those of this page whose entries cannot be read. */
  readonly unreadable: readonly UnreadableAnswer[]
  /** Set when there are more: ask again with it. */
  readonly afterPosition: number | null
}

export type MemberRow = Json<MemberOverview> & {
  /** Asked for with `withLimits=true`. */
  readonly limits?: readonly LimitAnswer[]
}

export type MemberRowsAnswer = {
  readonly members: readonly MemberRow[]
  /** Those of this page whose entries cannot be read. */
  readonly unreadable: readonly UnreadableAnswer[]
  readonly afterMemberId: string | null
}

/** What another plan would change for one member, at the figures of now. */
export type SeatPreviewAnswer = {
  readonly planName: string
  /** What becomes different, a sentence each; empty when nothing does. */
  readonly sentences: readonly string[]
  readonly limits: readonly {
    readonly title: string
    /** As the member has it now, and as it would; null where the plan has no such limit. */
    readonly now: LimitAnswer | null
    readonly next: LimitAnswer | null
    /** Requests that it counts would be refused by the plan at once. */
    readonly wouldBeUp: boolean
  }[]
}
