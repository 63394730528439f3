import type { Plan } from '../../core/plan.ts'
import type { Named } from './answers.ts'
import type { Json } from './json.ts'

/** Plans as the console shows and changes them. */

export type PlanVersion = {
  readonly version: number
  readonly publishedAtMs: number
  readonly plan: Json<Plan>
  /** What this version changed about the one before, a sentence each; empty for the first. */
  readonly changes: readonly string[]
}

export type PlanBook = {
  readonly planId: string
  readonly name: string
  readonly memberCount: number
  /** Newest first; the first is the one that counts. */
  readonly versions: readonly PlanVersion[]
}

export type PlanBooksAnswer = {
  readonly plans: readonly PlanBook[]
  /** All that is published, as the text of a plans file: what an edit begins with. */
  readonly content: string
  /** The file that is published at each start; null where there is none, and then the journal's plans stay. */
  readonly plansFile: string | null
}

/** What publishing a text would do; nothing is written. */
export type PlansPreviewAnswer = {
  /** Every mistake in the text, with its place; nothing else is told while there is one. */
  readonly problems: readonly { readonly path: string; readonly message: string }[]
  readonly changes: readonly PlanPreview[]
  /** Plans of the text that are published just so. */
  readonly unchanged: readonly string[]
  /** Published plans that the text does not name; they stay as they are. */
  readonly untouched: readonly string[]
}

export type PlanPreview = {
  readonly planId: string
  readonly name: string
  readonly isNew: boolean
  readonly version: number
  readonly sentences: readonly string[]
  readonly memberCount: number
  /** Some of those who sit on it. */
  readonly members: readonly Seat[]
  /** Members who have used more of a limit than it would let them, right now. */
  readonly over: readonly OverLimit[]
  /** More of them than are listed, or members that were not looked at because they are so many. */
  readonly isOverCut: boolean
}

export type Seat = { readonly customer: Named; readonly member: Named }

export type OverLimit = Seat & {
  readonly title: string
  readonly unit: 'money' | 'tokens' | 'requests'
  readonly used: string
  readonly amountNow: string | null
  readonly amountThen: string
}

/** What was removed of the demo world, by this call. */
export type DemoRemovedAnswer = {
  readonly removed: readonly string[]
  readonly keysRevoked: number
  /** Accounts at the console that belonged to them. */
  readonly accountsRemoved: number
  readonly isComplete: boolean
}

export type DemoWorldAnswer = {
  readonly hasDemoWorld: boolean
  /** Its customers; empty once it was removed. */
  readonly customers: readonly Named[]
}
