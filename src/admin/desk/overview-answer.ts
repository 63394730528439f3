import { listOpenHolds } from '../../operations/list-open-holds.ts'
import type { NearLimit } from '../../operations/near-limits.ts'
import type { TrafficCount, TrafficPoint } from '../../operations/traffic.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { OverviewAnswer } from '../contract/desk.ts'
import type { DeskParts } from './desk-parts.ts'
import { toJson } from '../http/exchange.ts'
import { Names } from '../wording/names.ts'
import { limitTitle, refusalWords } from '../wording/wording.ts'

/** Running requests that are listed, the oldest first; the rest is counted. */
const holdsMax = 50
/** More than one is rare, and this is read with every look. */
const driftsMax = 50

/** A stretch of time that a chart can show, and how many minutes are one point of it. */
export const spans = {
  hour: { minutes: 60, stepMinutes: 1 },
  quarter_day: { minutes: 6 * 60, stepMinutes: 5 },
  day: { minutes: 24 * 60, stepMinutes: 15 },
} as const

export async function overviewAnswer(
  parts: AdminApiParts,
  desk: DeskParts,
  span: keyof typeof spans,
): Promise<OverviewAnswer> {
  const { storage, about } = parts
  const names = new Names(parts)
  const nowMs = storage.recordNowMs()
  const { traffic, runningCount } = desk.telemetry
  const series = traffic.read(nowMs, spans[span])
  const totals = totalsOf(series.points)
  const open = await listOpenHolds(parts, holdsMax)
  const holds = []
  for (const hold of open.holds) holds.push({ ...toJson(hold), ...(await names.whose(hold)) })
  const near = await desk.near.look()
  const members = []
  for (const one of near.members) {
    members.push({ ...toJson(one), ...(await names.whose(one)), title: titleOf(one) })
  }
  const drifts = await storage.entries({
    kind: 'drift_found',
    isNewestFirst: true,
    rowsMax: driftsMax,
  })
  return {
    atMs: nowMs,
    position: storage.durablePosition,
    version: about.version,
    currencySymbol: about.currencySymbol,
    traffic: { ...toJson(series), runningCount, totals, refusals: refusalsIn(totals) },
    money: toJson(await desk.money.look()),
    holds: { ...toJson(open), holds },
    drift: { foundCount: drifts.length, lastFoundAtMs: drifts[0]?.atMs ?? null },
    health: await desk.checkUp.look(),
    near: { ...near, members },
    clock: storage.clockStatus(),
  }
}

function totalsOf(points: readonly TrafficPoint[]): Partial<Record<TrafficCount, number>> {
  const totals: Partial<Record<TrafficCount, number>> = {}
  for (const { counts } of points) {
    for (const [name, count] of Object.entries(counts) as [TrafficCount, number][]) {
      totals[name] = (totals[name] ?? 0) + count
    }
  }
  return totals
}

function refusalsIn(
  totals: Partial<Record<TrafficCount, number>>,
): OverviewAnswer['traffic']['refusals'] {
  return Object.entries(refusalWords)
    .map(([reason, words]) => ({ reason, words, count: totals[reason as TrafficCount] ?? 0 }))
    .filter(({ count }) => count > 0)
    .toSorted((left, right) => right.count - left.count)
}

function titleOf({ closest }: NearLimit): string {
  if (closest.kind === 'limit') return limitTitle(closest.limit)
  return closest.kind === 'cap' ? 'Spend cap' : "The member's spend cap"
}
