import type { Act } from '../../operations/audit.ts'
import type { AdmittedRequest } from '../../operations/find-decisions.ts'
import type { HealthFact, HealthStatus } from '../../operations/health.ts'
import type { FoundDrift } from '../../operations/list-drifts.ts'
import type { OpenHoldsLook, RunningHold } from '../../operations/list-open-holds.ts'
import type { MoneyLook } from '../../operations/money-book.ts'
import type { NearLimit } from '../../operations/near-limits.ts'
import type { Parts } from '../../operations/parts.ts'
import type { Reported } from '../../operations/report-refusal.ts'
import type { RecentRefusal } from '../../operations/recent-refusals.ts'
import type { TrafficCount, TrafficSeries } from '../../operations/traffic.ts'
import type { Named } from './answers.ts'
import type { Json } from './json.ts'

/** What the operator's desk shows: the whole installation at a glance, and how to look things up in it. */

/** How a line of the desk names who it is about. */
export type Whose = { readonly customer: Named; readonly member: Named | null }

export type OverviewAnswer = {
  readonly atMs: number
  readonly position: number
  readonly version: string
  readonly currencySymbol: string
  /** Telemetry of this process: counts since its start, at most of a day. */
  readonly traffic: Json<TrafficSeries> & {
    readonly runningCount: number
    /** Everything in the series together. */
    readonly totals: Readonly<Partial<Record<TrafficCount, number>>>
    /** Why requests were refused, the most frequent first, in words. */
    readonly refusals: readonly {
      readonly reason: string
      readonly words: string
      readonly count: number
    }[]
  }
  /** From the journal: sums of all customers. */
  readonly money: Json<MoneyLook>
  readonly holds: Omit<Json<OpenHoldsLook>, 'holds'> & {
    readonly holds: readonly (Json<RunningHold> & Whose)[]
  }
  readonly drift: { readonly foundCount: number; readonly lastFoundAtMs: number | null }
  /** The server's check-up, at most half a minute old. */
  readonly health: {
    readonly atMs: number
    readonly status: HealthStatus
    readonly facts: readonly HealthFact[]
  }
  readonly near: {
    readonly members: readonly (Json<NearLimit> & Whose & { readonly title: string })[]
    readonly memberCount: number
    readonly lookedAtCount: number
  }
  readonly clock: ReturnType<Parts['storage']['clockStatus']>
}

export type AdmittedLine = Json<AdmittedRequest> & Whose & { readonly endTitle: string | null }
export type RefusedLine = RecentRefusal & Whose & { readonly words: string }

export type DecisionsAnswer = {
  /** Newest first. */
  readonly requests: readonly AdmittedLine[]
  /** Set where older entries have not been looked through: ask again with it. */
  readonly beforePosition: number | null
  /** Positions of entries that cannot be read, and so may be missing here. */
  readonly damaged: readonly number[]
}

/** Telemetry of this process: the last refusals, none of which wrote anything. */
export type RefusalsAnswer = {
  readonly sinceMs: number
  readonly refusals: readonly RefusedLine[]
}

/** Decisions that members reported to the operator, newest first. */
export type ReportsAnswer = {
  readonly reports: readonly (Omit<Reported, 'actor'> & Whose)[]
}

export type FoundAnswer =
  | { readonly kind: 'admitted'; readonly request: AdmittedLine }
  | { readonly kind: 'refused'; readonly refusal: RefusedLine }
  /** With `beforePosition`, older entries have not been looked through for it yet. */
  | { readonly kind: 'unknown'; readonly beforePosition: number | null }

export type AuditLine = {
  /** Stable: the journal position, or the number of an act that is no entry. */
  readonly id: string
  readonly atMs: number
  readonly act: Act
  /** What was done, in words. */
  readonly title: string
  readonly actor: string
  /** Who did it, in words. */
  readonly actorName: string
  readonly customer: Named | null
  readonly member: Named | null
}

export type AuditAnswer = {
  /** Newest first. */
  readonly lines: readonly AuditLine[]
  readonly acts: readonly Act[]
  /** Set where there is more to look through; the page itself may have no line. */
  readonly before: string | null
  /** Positions of entries that cannot be read, and so may be missing here. */
  readonly damaged: readonly number[]
}

export type SettingAnswer = {
  readonly name: string
  readonly flag: string
  readonly variables: readonly string[]
  readonly takes: string
  readonly defaultText: string
  readonly sentence: string
  /** A secret reads `[secret]`. */
  readonly value: string
  readonly source: 'flag' | 'environment' | 'file' | 'default' | 'derived'
  readonly where: string | null
}
export type SettingsAnswer = { readonly settings: readonly SettingAnswer[] }

export type StorageAnswer = Awaited<ReturnType<Parts['storage']['health']>> & {
  readonly dataFolder: string
  readonly position: number
  /** Newest first. */
  readonly drifts: readonly (Json<FoundDrift> & Whose)[]
  /** Commands to paste, with this installation's data folder in them. */
  readonly commands: { readonly verify: string; readonly backup: string; readonly restore: string }
}
