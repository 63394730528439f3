import type { CustomerState, Grant, SystemState } from '../core/account.ts'
import type { Actor, Entry, EntryBody, Leg } from '../core/entry.ts'
import type { CustomerId, HoldId, MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import {
  priceLines,
  type Price,
  type PriceLine,
  type ServiceMarks,
  type Usage,
} from '../core/usage.ts'
import { availableNanos, isExpired } from '../core/wallet.ts'
import type { HoldSource } from '../core/account.ts'
import type { EntryQuery } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

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
  /** Signed effect on the balance (available and held); zero for what the plan pays. */
  readonly changeNanos: Nanos
  readonly balanceNanos: Nanos
  readonly request: HistoryRequest | null
  /** The settings event itself, for `setting` lines. */
  readonly setting: EntryBody | null
}

export type History = {
  /** Oldest first. */
  readonly lines: readonly HistoryLine[]
  readonly openingNanos: Nanos
  readonly closingNanos: Nanos
  /** The journal position that it was read at. */
  readonly position: number
  /** There are older lines; ask again with `beforePosition` of the first line. */
  readonly hasMore: boolean
}

export type HistoryQuery = {
  readonly customerId: CustomerId
  /** One member's own history; other members' changes are folded. Absent: everything of the customer. */
  readonly memberId?: MemberId
  readonly beforePosition?: number
  /** At most this many lines; default 50, maximum 500. */
  readonly rowsMax?: number
}

const rowsDefault = 50
const rowsMaxAllowed = 500

/**
 * The newest page of history. It adds up: opening balance plus every change is the closing balance, and
 * the closing balance of the newest page is the balance that the gate itself decides on.
 */
export async function history(
  parts: Pick<Parts, 'storage'>,
  query: HistoryQuery,
): Promise<History> {
  const rowsMax = Math.min(query.rowsMax ?? rowsDefault, rowsMaxAllowed)
  const now = await readNow(parts, query.customerId)
  return page(draftsBack(parts, query, now), { query, rowsMax, now })
}

type Now = {
  readonly position: number
  readonly balanceNanos: Nanos
  readonly system: SystemState
  /** Grants that time has taken and no entry has booked yet, newest first. */
  readonly expired: readonly LineDraft[]
}

type LineDraft = Omit<HistoryLine, 'balanceNanos'>

function readNow({ storage }: Pick<Parts, 'storage'>, customerId: CustomerId): Promise<Now> {
  // The wallet's own position may lie behind what its members did since; that moved no money, or the
  // wallet, read after it, would know.
  const durablePosition = storage.durablePosition
  return storage.updateCustomer(customerId, ({ customer, system }, { nowMs, position }) => {
    const last = Math.max(position, durablePosition)
    return {
      answer: {
        position: last,
        balanceNanos: availableNanos(customer, nowMs) + customer.heldNanos,
        system,
        // They stand behind every entry, as the entry will that books them.
        expired: unbookedExpiries(customer, { nowMs, position: last + 1 }),
      },
      entries: [],
    }
  })
}

function unbookedExpiries(
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
      changeNanos,
      request: null,
      setting: null,
    }))
}

/** What time has changed of a grant; positive where a corrected clock gives back what had expired. */
const unbookedNanos = (grant: Grant, nowMs: number): Nanos =>
  isExpired(grant, nowMs) ? -grant.availableNanos : grant.expiredNanos

/** Lines newest first, read from the journal only as far back as somebody asks. */
async function* draftsBack(
  parts: Pick<Parts, 'storage'>,
  query: HistoryQuery,
  now: Now,
): AsyncGenerator<LineDraft> {
  yield* now.expired
  const { customerId, memberId } = query
  if (memberId === undefined) {
    for await (const entry of entriesBack(parts, { customerId }, now.position)) {
      yield* await linesOf(parts, entry, now.system)
    }
    return
  }
  const own = entriesBack(parts, { customerId, memberId }, now.position)
  const shared = entriesBack(parts, { customerId, isShared: true }, now.position)
  for await (const entry of mergedBack(own, shared)) {
    yield* await linesOf(parts, entry, now.system)
  }
}

const entriesPerRead = 200

async function* entriesBack(
  { storage }: Pick<Parts, 'storage'>,
  stream: EntryQuery,
  position: number,
): AsyncGenerator<Entry> {
  let beforePosition = position + 1
  for (;;) {
    const rows = await storage.entries({
      ...stream,
      beforePosition,
      isNewestFirst: true,
      rowsMax: entriesPerRead,
    })
    yield* rows
    const oldest = rows.at(-1)
    if (oldest === undefined || rows.length < entriesPerRead) return
    beforePosition = oldest.position
  }
}

/** Two streams, each newest first, as one; an entry that stands in both comes once. */
async function* mergedBack(
  left: AsyncGenerator<Entry>,
  right: AsyncGenerator<Entry>,
): AsyncGenerator<Entry> {
  let [one, other] = [await left.next(), await right.next()]
  while (one.done !== true || other.done !== true) {
    const onePosition = one.done === true ? 0 : one.value.position
    const otherPosition = other.done === true ? 0 : other.value.position
    const newest = onePosition >= otherPosition ? one : other
    if (newest.done !== true) yield newest.value
    if (onePosition >= otherPosition) one = await left.next()
    if (otherPosition >= onePosition) other = await right.next()
  }
}

async function linesOf(
  { storage }: Pick<Parts, 'storage'>,
  entry: Entry,
  system: SystemState,
): Promise<readonly LineDraft[]> {
  const base = {
    position: entry.position,
    atMs: entry.atMs,
    memberId: entry.memberId,
    actor: entry.actor ?? null,
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
      return { kind: body.grant.origin, changeNanos: body.grant.amountNanos }
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
    overrunNanos: body.overrunNanos,
    isEstimate: body.isEstimate,
    isLate: body.isLate,
    upstreamRequestId: body.upstreamRequestId,
    begunAtMs: null,
    cause: null,
    price: price ?? null,
    priceLines: price === undefined ? [] : priceLines(price, body.usage),
  }
}

/** Walks from the newest line back, so that every balance is the gate's own balance less what came after. */
async function page(
  drafts: AsyncIterable<LineDraft>,
  { query, rowsMax, now }: { query: HistoryQuery; rowsMax: number; now: Now },
): Promise<History> {
  const lines: HistoryLine[] = []
  let balanceNanos = now.balanceNanos
  let hasMore = false
  for await (const draft of drafts) {
    const isSkipped = query.beforePosition !== undefined && draft.position >= query.beforePosition
    const line = { ...asSeenBy(query.memberId, draft), balanceNanos }
    if (!isSkipped && !foldInto(lines, line)) {
      // Lines of one position stay on one page, so that no page begins between them.
      hasMore = lines.length >= rowsMax && lines.at(-1)?.position !== line.position
      if (hasMore) break
      lines.push(line)
    }
    balanceNanos -= draft.changeNanos
  }
  const closingNanos = lines[0]?.balanceNanos ?? balanceNanos
  return {
    lines: lines.reverse(),
    openingNanos: balanceNanos,
    closingNanos,
    position: now.position,
    hasMore,
  }
}

/** To a member, what other members did is one kind of line without its details. */
function asSeenBy(memberId: MemberId | undefined, draft: LineDraft): LineDraft {
  const isOthers = memberId !== undefined && draft.memberId !== null && draft.memberId !== memberId
  if (!isOthers || draft.kind === 'included' || draft.kind === 'grant_expired') return draft
  return {
    ...draft,
    kind: 'other_members',
    memberId: null,
    actor: null,
    request: null,
    setting: null,
  }
}

/** Joins neighbouring lines about other members; true when the line was folded (or has nothing to say). */
function foldInto(lines: HistoryLine[], line: HistoryLine): boolean {
  if (line.kind !== 'other_members') return false
  if (line.changeNanos === 0n) return true
  const newer = lines.at(-1)
  if (newer?.kind !== 'other_members') return false
  // The oldest position of what was folded: an older page must begin before all of it.
  const { position } = line
  lines[lines.length - 1] = {
    ...newer,
    position,
    changeNanos: newer.changeNanos + line.changeNanos,
  }
  return true
}
