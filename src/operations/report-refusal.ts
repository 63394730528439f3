import type { Actor } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import { OneAtATime } from '../system/one-at-a-time.ts'
import { listActs, recordAct } from './acts.ts'
import { hiddenCustomers } from './demo-world.ts'
import type { Parts } from './parts.ts'

/**
 * A member that tells the operator of a decision. It is an act, not an entry: no decision reads it. Each decision is
 * reported once, and a member reports so many in a day, so that nobody floods the list. Acts are kept for ever, so nothing
 * that somebody wrote is in them.
 */
const actName = 'decision_reported'
const reportsPerDayMax = 20
const dayMs = 24 * 60 * 60 * 1000
/** Among so many newest acts of all kinds; more than a busy day has. */
const actsLookedAt = 20_000
const reportsMax = 1000

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

type NewReport = ReportOf & { readonly actor: Actor; readonly isConfirmed: boolean }

/** Reports are counted before one is written, so a member's own wait for each other. */
const turns = new WeakMap<Storage, OneAtATime>()

/** False where this member had reported the decision before. */
export function reportDecision(parts: Pick<Parts, 'storage'>, report: NewReport): Promise<boolean> {
  const turn = turns.get(parts.storage) ?? new OneAtATime()
  turns.set(parts.storage, turn)
  return turn.run(`${report.customerId}:${report.memberId}`, () => reportOnce(parts, report))
}

async function reportOnce(parts: Pick<Parts, 'storage'>, report: NewReport): Promise<boolean> {
  const { customerId, memberId, decisionId, actor, isConfirmed } = report
  const own = (await recent(parts)).filter((other) => isOf(other, report))
  if (own.some((other) => other.decisionId === decisionId)) return false
  const sinceMs = parts.storage.recordNowMs() - dayMs
  if (own.filter(({ atMs }) => atMs > sinceMs).length >= reportsPerDayMax) {
    throw new TooManyReportsError()
  }
  const details = { customerId, memberId, isConfirmed }
  await recordAct(parts, { actor, act: actName, target: decisionId, details })
  return true
}

const isOf = (report: Reported, { customerId, memberId }: Omit<ReportOf, 'decisionId'>): boolean =>
  report.customerId === customerId && report.memberId === memberId

/** This member's report of a decision, while it is among the newest acts. */
export async function reportedBy(
  parts: Pick<Parts, 'storage'>,
  { decisionId, ...owner }: ReportOf,
): Promise<Reported | null> {
  const found = (await recent(parts)).find(
    (report) => isOf(report, owner) && report.decisionId === decisionId,
  )
  return found ?? null
}

/** Newest first, but for those of customers that no list shows. */
export async function listReports(parts: Pick<Parts, 'storage'>): Promise<readonly Reported[]> {
  const hidden: ReadonlySet<string> = await hiddenCustomers(parts)
  return (await recent(parts)).filter(({ customerId }) => !hidden.has(customerId))
}

async function recent(parts: Pick<Parts, 'storage'>): Promise<readonly Reported[]> {
  const [newest] = await listActs(parts, { rowsMax: 1 })
  const afterId = (newest?.id ?? 0) - actsLookedAt
  const acts = await listActs(parts, { act: actName, afterId, rowsMax: reportsMax })
  return acts.flatMap(({ id, atMs, actor, target, details }) => {
    const { customerId, memberId, isConfirmed } = details
    if (target === null) return []
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
