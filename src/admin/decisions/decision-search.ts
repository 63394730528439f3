import {
  findAdmitted,
  findByHold,
  findByUpstreamId,
  type AdmittedQuery,
  type AdmittedRequest,
} from '../../operations/find-decisions.ts'
import { customerId, memberId } from '../../core/ids.ts'
import { hiddenCustomers } from '../../operations/demo-world.ts'
import { listReports } from '../../operations/report-refusal.ts'
import type { RecentRefusal } from '../../operations/recent-refusals.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { DeskParts } from '../desk/desk-parts.ts'
import type {
  AdmittedLine,
  DecisionsAnswer,
  FoundAnswer,
  RefusalsAnswer,
  ReportsAnswer,
  RefusedLine,
} from '../contract/desk.ts'
import { toJson } from '../http/exchange.ts'
import { failureWords } from '../wording/describe-entry.ts'
import { Names } from '../wording/names.ts'
import { refusalSentence } from '../wording/wording.ts'

/** Looking decisions up: admitted ones in the journal, refused ones in the telemetry of this process. */

export async function decisionsAnswer(
  parts: AdminApiParts,
  query: AdmittedQuery,
): Promise<DecisionsAnswer> {
  const { requests, beforePosition, damaged } = await findAdmitted(parts, query)
  const names = new Names(parts)
  const lines: AdmittedLine[] = []
  for (const request of requests) lines.push(await admittedLine(request, names))
  return { requests: lines, beforePosition, damaged }
}

async function admittedLine(request: AdmittedRequest, names: Names): Promise<AdmittedLine> {
  const endTitle = request.end === null ? null : endWords(request.end)
  return { ...toJson(request), ...(await names.whose(request)), endTitle }
}

function endWords({ kind, cause, isEstimate }: NonNullable<AdmittedRequest['end']>): string {
  switch (kind) {
    case 'settled':
      return isEstimate ? 'settled by an estimate' : 'settled'
    case 'voided':
      return `nothing charged: ${failureWords(cause ?? '')}`
    case 'expired':
      return 'cut off, nothing charged'
  }
}

export type RefusalQuery = {
  readonly [Name in 'customerId' | 'memberId' | 'keyId' | 'model' | 'reason']?: string
} & { readonly fromMs?: number; readonly toMs?: number; readonly rowsMax: number }

export async function refusalsAnswer(
  parts: AdminApiParts,
  desk: DeskParts,
  query: RefusalQuery,
): Promise<RefusalsAnswer> {
  const { telemetry } = desk
  const { fromMs = -Infinity, toMs = Infinity, model, rowsMax } = query
  const hidden: ReadonlySet<string> = await hiddenCustomers(parts)
  const exact = ['customerId', 'memberId', 'keyId', 'reason'] as const
  const found = telemetry.refusals
    .newestFirst()
    .filter(
      (refusal) =>
        !hidden.has(refusal.customerId) &&
        exact.every((name) => query[name] === undefined || query[name] === refusal[name]) &&
        (model === undefined || refusal.model?.startsWith(model) === true) &&
        refusal.atMs >= fromMs &&
        refusal.atMs < toMs,
    )
  const names = new Names(parts)
  const refusals: RefusedLine[] = []
  for (const refusal of found.slice(0, rowsMax)) refusals.push(await refusedLine(refusal, names))
  return { sinceMs: telemetry.sinceMs, refusals }
}

async function refusedLine(refusal: RecentRefusal, names: Names): Promise<RefusedLine> {
  const scope = {
    customerId: customerId(refusal.customerId),
    memberId: memberId(refusal.memberId),
  }
  return { ...refusal, ...(await names.whose(scope)), words: refusalSentence(refusal) }
}

/** Decisions that members reported, newest first. */
export async function reportsAnswer(parts: AdminApiParts): Promise<ReportsAnswer> {
  const names = new Names(parts)
  const reports: ReportsAnswer['reports'][number][] = []
  for (const { actor: _actor, ...report } of await listReports(parts)) {
    const scope = {
      customerId: customerId(report.customerId),
      memberId: memberId(report.memberId),
    }
    reports.push({ ...report, ...(await names.whose(scope)) })
  }
  return { reports }
}

/** Finds a request by any id of it: decision, hold, our own request id of a refusal, or the upstream's. */
export async function findAnswer(
  parts: AdminApiParts,
  desk: DeskParts | undefined,
  query: { readonly id: string; readonly beforePosition?: number },
): Promise<FoundAnswer> {
  const id = query.id.replaceAll(/\s+/g, '')
  const names = new Names(parts)
  const admitted = await findByHold(parts, id)
  if (admitted !== null) return { kind: 'admitted', request: await admittedLine(admitted, names) }
  const refusal = refusalOf(parts, desk, id)
  if (refusal !== undefined) {
    return { kind: 'refused', refusal: await refusedLine(refusal, names) }
  }
  const isOurs = /^(hold|al|dn)_/.test(id)
  if (isOurs) return { kind: 'unknown', beforePosition: null }
  const { beforePosition } = query
  const from = beforePosition === undefined ? {} : { beforePosition }
  const search = await findByUpstreamId(parts, { upstreamRequestId: id, ...from })
  return search.request === null
    ? { kind: 'unknown', beforePosition: search.beforePosition }
    : { kind: 'admitted', request: await admittedLine(search.request, names) }
}

/** A refusal's decision id says everything itself; the list knows more while the refusal is on it. */
function refusalOf(
  { signer }: AdminApiParts,
  desk: DeskParts | undefined,
  id: string,
): RecentRefusal | undefined {
  const listed = desk?.telemetry.refusals
    .newestFirst()
    .find(({ decisionId, requestId }) => decisionId === id || requestId === id)
  if (listed !== undefined) return listed
  const denied = signer.read(id)
  if (denied === undefined) return undefined
  const { atMs, reason, extraUsageReason, facts } = denied
  return {
    atMs,
    customerId: denied.customerId,
    memberId: denied.memberId,
    keyId: '',
    model: facts.model,
    reason,
    extraUsageReason,
    decisionId: id,
    requestId: null,
  }
}
