import type { Actor } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import { listActs, recordAct } from './acts.ts'
import type { Parts } from './parts.ts'

/**
 * A member that tells the operator of a decision. It is an act, not an entry: no decision reads it. Each decision is
 * reported once, and a member reports so many in a day, so that nobody floods the list. Acts are kept for ever, so nothing
 * that somebody wrote is in them.
 */
const actName = 'decision_reported'
const reportsPerDayMax = 20
const dayMs = 24 * 60 * 60 * 1000
const actsLookedAt = 1000

export type Reported = {
  readonly id: number
  readonly atMs: number
  readonly actor: Actor
  readonly decisionId: string
  readonly customerId: string
  readonly memberId: string
  readonly isConfirmed: boolean
}

export class TooManyReportsError extends Error {
  readonly code = 'too_many_reports'
  constructor() {
    super(`At most ${reportsPerDayMax} reports a day.`)
  }
}

type ReportOf = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly decisionId: string
}

/** False where this member had reported the decision before. */
export async function reportDecision(
  parts: Pick<Parts, 'storage'>,
  report: ReportOf & {
    readonly actor: Actor
    readonly isConfirmed: boolean
  },
): Promise<boolean> {
  const { customerId, memberId, decisionId, actor, isConfirmed } = report
  const own = (await recent(parts)).filter((other) => other.memberId === memberId)
  if (own.some((other) => other.decisionId === decisionId)) return false
  const sinceMs = parts.storage.recordNowMs() - dayMs
  if (own.filter(({ atMs }) => atMs > sinceMs).length >= reportsPerDayMax) {
    throw new TooManyReportsError()
  }
  const details = { customerId, memberId, isConfirmed }
  await recordAct(parts, { actor, act: actName, target: decisionId, details })
  return true
}

/** This member's report of a decision, while it is among the newest acts. */
export async function reportedBy(
  parts: Pick<Parts, 'storage'>,
  { memberId, decisionId }: ReportOf,
): Promise<Reported | null> {
  const found = (await recent(parts)).find(
    (report) => report.memberId === memberId && report.decisionId === decisionId,
  )
  return found ?? null
}

/** Newest first. */
export const listReports = (parts: Pick<Parts, 'storage'>): Promise<readonly Reported[]> =>
  recent(parts)

async function recent(parts: Pick<Parts, 'storage'>): Promise<readonly Reported[]> {
  const acts = await listActs(parts, { rowsMax: actsLookedAt })
  return acts.flatMap(({ id, atMs, actor, act, target, details }) => {
    const { customerId, memberId, isConfirmed } = details
    if (act !== actName || target === null) return []
    return [
      {
        id,
        atMs,
        actor,
        decisionId: target,
        customerId: String(customerId),
        memberId: String(memberId),
        isConfirmed: isConfirmed === true,
      },
    ]
  })
}
