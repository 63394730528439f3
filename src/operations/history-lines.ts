import type { CustomerState, Grant, GrantOrigin, HoldSource, SystemState } from '../core/account.ts'
import type { Actor, Entry, EntryBody, GrantTerms, Leg } from '../core/entry.ts'
import type { HoldId, MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { absorbedNanos } from '../core/settle.ts'
import {
  priceLines,
  type Price,
  type PriceLine,
  type ServiceMarks,
  type Usage,
} from '../core/usage.ts'
import { isExpired } from '../core/wallet.ts'
import type { Parts } from './parts.ts'

/** The lines of a history, each made of one journal entry alone. */

/** What a request cost, line by line. */
export type HistoryRequest = {
  readonly holdId: HoldId
  readonly model: string
  readonly source: HoldSource
  readonly usage: Usage
  readonly marks: ServiceMarks
  readonly price: Price | null
  readonly priceLines: readonly PriceLine[]
  readonly costNanos: Nanos
  readonly chargedNanos: Nanos
  /** What the operator absorbed. */
  readonly overrunNanos: Nanos
  readonly isEstimate: boolean
  readonly isLate: boolean
  readonly upstreamRequestId: string | null
  /** When it was admitted, and why it came to nothing; only of requests that were lost or failed. */
  readonly begunAtMs: number | null
  readonly cause: string | null
}

export type HistoryKind =
  | 'request'
  /** A crash or the end of its time cut it off: nothing was charged. */
  | 'request_lost'
  /** It ended without an answer: nothing was used. */
  | 'request_failed'
  | 'top_up'
  | 'gift'
  | 'included'
  | 'grant_expired'
  | 'refunded'
  | 'setting'
  /** Changes by other members of the customer, folded into one line of a member's own history. */
  | 'other_members'

/** One line of the wallet's and the member's story. `balanceNanos` is the customer's, just after. */
export type HistoryLine = {
  readonly position: number
  readonly atMs: number
  readonly memberId: MemberId | null
  readonly actor: Actor | null
  readonly kind: HistoryKind
  /** Where money that came in is from; null for every other line. */
  readonly origin: GrantOrigin | null
  /** Signed effect on the balance (available and held); zero for what the plan pays. */
  readonly changeNanos: Nanos
  readonly balanceNanos: Nanos
  readonly request: HistoryRequest | null
  /** The settings event itself, for `setting` lines. */
  readonly setting: EntryBody | null
}

/** A line before its balance is known. */
export type LineDraft = Omit<HistoryLine, 'balanceNanos'>

/** What an entry says to whoever reads a history; most entries say nothing. */
export async function linesOf(
  { storage }: Pick<Parts, 'storage'>,
  entry: Entry,
  system: SystemState,
): Promise<readonly LineDraft[]> {
  const base = {
    position: entry.position,
    atMs: entry.atMs,
    memberId: entry.memberId,
    actor: entry.actor ?? null,
    origin: null,
    request: null,
    setting: null,
  }
  const lines: LineDraft[] = []
  const main = mainLine(entry, system)
  if (main !== undefined) lines.push({ ...base, ...main })
  const { body } = entry
  if (body.kind === 'expired' || body.kind === 'voided') {
    const [placed] = await storage.holdEntries(body.holdId)
    const kind = body.kind === 'expired' ? 'request_lost' : 'request_failed'
    const request = placed === undefined ? null : endedRequest(placed, body, system)
    lines.push({ ...base, kind, changeNanos: 0n, request })
  }
  const expiredNanos =
    sumOf(entry.legs, (leg) => leg.to.endsWith(':expired')) -
    sumOf(entry.legs, (leg) => leg.from.endsWith(':expired'))
  if (expiredNanos !== 0n) {
    lines.push({ ...base, kind: 'grant_expired', changeNanos: -expiredNanos })
  }
  return lines
}

function sumOf(legs: readonly Leg[], matches: (leg: Leg) => boolean): Nanos {
  let sum = 0n
  for (const leg of legs) if (matches(leg)) sum += leg.amount
  return sum
}

function mainLine(
  entry: Entry,
  system: SystemState,
): (Pick<LineDraft, 'kind' | 'changeNanos'> & Partial<LineDraft>) | undefined {
  const { body } = entry
  switch (body.kind) {
    case 'granted':
      return grantedLine(body.grant)
    case 'refunded':
      return {
        kind: 'refunded',
        changeNanos: -sumOf(entry.legs, (leg) => leg.to.endsWith(':refunded')),
      }
    case 'settled':
      return {
        kind: 'request',
        changeNanos: -body.chargedNanos,
        request: requestOf(body, system.prices.get(body.priceId)),
      }
    case 'extra_usage_set':
    case 'spend_cap_set':
    case 'status_set':
    case 'limit_excepted':
    case 'auto_reload_set':
    case 'standing_order_set':
    case 'reload_refused':
    case 'member_seated':
    case 'window_credited':
    case 'key_issued':
    case 'key_revoked':
    case 'drift_found':
      return { kind: 'setting', changeNanos: 0n, setting: body }
    default:
      return undefined
  }
}

/** A reload is a top-up, too; its origin says what kind. */
function grantedLine({ origin, amountNanos: changeNanos }: GrantTerms) {
  return { kind: origin === 'auto_reload' ? ('top_up' as const) : origin, origin, changeNanos }
}

/** A request that came to nothing, told by the hold that admitted it. */
function endedRequest(
  placed: Entry,
  end: Extract<EntryBody, { kind: 'expired' | 'voided' }>,
  system: SystemState,
): HistoryRequest | null {
  if (placed.body.kind !== 'held') return null
  const { holdId, source, facts } = placed.body
  return {
    holdId,
    model: facts.model,
    source,
    usage: {},
    marks: [],
    price: system.prices.get(facts.priceId) ?? null,
    priceLines: [],
    costNanos: 0n,
    chargedNanos: 0n,
    overrunNanos: 0n,
    isEstimate: false,
    isLate: false,
    upstreamRequestId: null,
    begunAtMs: placed.atMs,
    cause: end.kind === 'voided' ? end.cause : null,
  }
}

function requestOf(
  body: Extract<EntryBody, { kind: 'settled' }>,
  price: Price | undefined,
): HistoryRequest {
  return {
    holdId: body.holdId,
    model: body.model,
    source: body.source,
    usage: body.usage,
    marks: body.marks,
    costNanos: body.costNanos,
    chargedNanos: body.chargedNanos,
    overrunNanos: absorbedNanos(body),
    isEstimate: body.isEstimate,
    isLate: body.isLate,
    upstreamRequestId: body.upstreamRequestId,
    begunAtMs: null,
    cause: null,
    price: price ?? null,
    priceLines: price === undefined ? [] : priceLines(price, body.usage),
  }
}

/** Grants that time has taken and no entry has booked yet: they stand behind every entry. */
export function unbookedExpiries(
  customer: CustomerState,
  moment: { readonly nowMs: number; readonly position: number },
): readonly LineDraft[] {
  return [...customer.grants.values()]
    .map((grant) => ({ grant, changeNanos: unbookedNanos(grant, moment.nowMs) }))
    .filter(({ changeNanos }) => changeNanos !== 0n)
    .map(({ grant, changeNanos }) => ({
      position: moment.position,
      atMs: changeNanos < 0n ? (grant.expiresAtMs ?? moment.nowMs) : moment.nowMs,
      memberId: null,
      actor: null,
      kind: 'grant_expired' as const,
      origin: null,
      changeNanos,
      request: null,
      setting: null,
    }))
}

/** What time has changed of a grant; positive where a corrected clock gives back what had expired. */
const unbookedNanos = (grant: Grant, nowMs: number): Nanos =>
  isExpired(grant, nowMs) ? -grant.availableNanos : grant.expiredNanos

/** To a member, what other members did is one kind of line without its details. */
export function asSeenBy(memberId: MemberId | undefined, draft: LineDraft): LineDraft {
  const isOthers = memberId !== undefined && draft.memberId !== null && draft.memberId !== memberId
  if (!isOthers || draft.kind === 'included' || draft.kind === 'grant_expired') return draft
  return {
    ...draft,
    kind: 'other_members',
    origin: null,
    memberId: null,
    actor: null,
    request: null,
    setting: null,
  }
}
