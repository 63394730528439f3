import type { HoldSource } from '../core/account.ts'
import type { Entry, EntryBody } from '../core/entry.ts'
import { holdId, type CustomerId, type HoldId, type KeyId, type MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { absorbedNanos } from '../core/settle.ts'
import type { EntryQuery } from '../storage/storage.ts'
import { nextTurn } from '../system/next-turn.ts'
import { readAllowedDecisionId } from './decision-id.ts'
import { hiddenCustomers } from './demo-world.ts'
import { positionsWithin } from './find-positions.ts'
import type { Parts } from './parts.ts'
import { entriesPastDamage, unlessDamaged } from './past-damage.ts'

/** A request that was admitted, by its hold, and how it ended. */
export type AdmittedRequest = {
  readonly holdId: HoldId
  readonly position: number
  readonly atMs: number
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly keyId: KeyId | null
  readonly model: string
  readonly source: HoldSource
  readonly heldNanos: Nanos
  /** Null while it runs. */
  readonly end: RequestEnd | null
}

export type RequestEnd = {
  readonly kind: 'settled' | 'voided' | 'expired'
  readonly atMs: number
  readonly costNanos: Nanos
  readonly chargedNanos: Nanos
  /** What the operator absorbed. */
  readonly overrunNanos: Nanos
  readonly isEstimate: boolean
  readonly upstreamRequestId: string | null
  readonly cause: string | null
}

export type AdmittedQuery = {
  readonly customerId?: CustomerId
  readonly memberId?: MemberId
  readonly keyId?: KeyId
  readonly model?: string
  readonly source?: HoldSource
  readonly fromMs?: number
  readonly toMs?: number
  readonly beforePosition?: number
  readonly rowsMax: number
}

export type AdmittedPage = {
  /** Newest first. */
  readonly requests: readonly AdmittedRequest[]
  /** Set where older entries have not been looked through: ask again with it. */
  readonly beforePosition: number | null
  /** Positions of entries that cannot be read, and so may be missing here. */
  readonly damaged: readonly number[]
}

const holdKinds = ['held', 'settled', 'voided', 'expired'] as const
/** Positions of everybody, or entries of a customer, read at once; and how much one question looks through. */
const readLength = 1000
const readsMax = 20

/** Admitted requests, newest first: of everybody, or of one customer or member. */
export async function findAdmitted(
  { storage }: Pick<Parts, 'storage'>,
  query: AdmittedQuery,
): Promise<AdmittedPage> {
  const { customerId, memberId, fromMs = -Infinity, toMs = Infinity } = query
  const range = await positionsWithin(storage, { fromMs, toMs })
  const account = customerId === undefined ? {} : { customerId }
  // Whoever is named is shown, also when no list does.
  const hidden = customerId === undefined ? await hiddenCustomers({ storage }) : new Set()
  const place =
    customerId === undefined || memberId === undefined ? account : { customerId, memberId }
  const requests: AdmittedRequest[] = []
  const damaged: number[] = []
  // A request's end is newer than its hold, so it was nearly always met before.
  const ends = new Map<HoldId, Entry>()
  let before = Math.min(query.beforePosition ?? Infinity, range.beforePosition)
  for (let read = 0; read < readsMax && before > range.afterPosition + 1; read += 1) {
    const stretch = stretchBefore(before, { ...range, isOfAll: customerId === undefined })
    const { entries, damaged: passed } = await entriesPastDamage(storage, {
      ...place,
      ...stretch,
      kinds: holdKinds,
      isNewestFirst: true,
    })
    damaged.push(...passed)
    for (const entry of entries) {
      if (requests.length === query.rowsMax) return { requests, beforePosition: before, damaged }
      before = entry.position
      const { body } = entry
      if (isEnd(body) && !ends.has(body.holdId)) ends.set(body.holdId, entry)
      if (body.kind === 'held' && !hidden.has(entry.customerId) && isWanted(entry, query)) {
        const end = await unlessDamaged(endOf(storage, body.holdId, ends))
        requests.push(...('answer' in end ? [requestOf(entry, body, end.answer)] : []))
        damaged.push(...('answer' in end ? [] : [end.damagedPosition]))
      }
    }
    if (customerId !== undefined && entries.length < readLength)
      return { requests, beforePosition: null, damaged }
    if (customerId === undefined) before = stretch.afterPosition + 1
    await nextTurn()
  }
  return { requests, beforePosition: before > range.afterPosition + 1 ? before : null, damaged }
}

function stretchBefore(
  before: number,
  range: { readonly afterPosition: number; readonly isOfAll: boolean },
): Required<Pick<EntryQuery, 'afterPosition' | 'beforePosition' | 'rowsMax'>> {
  const first = range.isOfAll ? before - readLength - 1 : 0
  return {
    afterPosition: Math.max(first, range.afterPosition),
    beforePosition: before,
    rowsMax: readLength,
  }
}

type EndBody = Extract<EntryBody, { kind: 'settled' | 'voided' | 'expired' }>
const isEnd = (body: EntryBody): body is EndBody =>
  body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired'

type HeldBody = Extract<EntryBody, { kind: 'held' }>

function isWanted({ body, atMs, memberId }: Entry, query: AdmittedQuery): boolean {
  if (body.kind !== 'held') return false
  const { fromMs = -Infinity, toMs = Infinity } = query
  return (
    atMs >= fromMs &&
    atMs < toMs &&
    (query.memberId === undefined || query.memberId === memberId) &&
    (query.keyId === undefined || query.keyId === body.keyId) &&
    (query.source === undefined || query.source === body.source) &&
    (query.model === undefined || body.facts.model.startsWith(query.model))
  )
}

async function endOf(
  storage: Parts['storage'],
  hold: HoldId,
  met: ReadonlyMap<HoldId, Entry>,
): Promise<Entry | undefined> {
  const known = met.get(hold)
  if (known !== undefined) return known
  const entries = await storage.holdEntries(hold)
  const last = entries.at(-1)
  return last === undefined || last.body.kind === 'held' || last.body.kind === 'hold_grown'
    ? undefined
    : last
}

function requestOf(entry: Entry, body: HeldBody, end: Entry | undefined): AdmittedRequest {
  const { position, atMs, customerId, memberId } = entry
  if (memberId === null) throw new Error(`Hold ${body.holdId} belongs to no member`)
  return {
    holdId: body.holdId,
    position,
    atMs,
    customerId,
    memberId,
    keyId: body.keyId,
    model: body.facts.model,
    source: body.source,
    heldNanos: body.amounts.money,
    end: end === undefined ? null : requestEnd(end),
  }
}

function requestEnd({ body, atMs }: Entry): RequestEnd | null {
  const nothing = {
    atMs,
    costNanos: 0n,
    chargedNanos: 0n,
    overrunNanos: 0n,
    isEstimate: false,
    upstreamRequestId: null,
    cause: null,
  }
  switch (body.kind) {
    case 'settled': {
      const { costNanos, chargedNanos, isEstimate, upstreamRequestId } = body
      const amounts = { costNanos, chargedNanos, overrunNanos: absorbedNanos(body) }
      return { ...nothing, kind: 'settled', ...amounts, isEstimate, upstreamRequestId }
    }
    case 'voided':
      return { ...nothing, kind: 'voided', cause: body.cause }
    case 'expired':
      return { ...nothing, kind: 'expired' }
    default:
      return null
  }
}

/** The admitted request that a decision id of an allow, or a hold's id, names. */
export async function findByHold(
  { storage }: Pick<Parts, 'storage'>,
  id: string,
): Promise<AdmittedRequest | null> {
  const named =
    readAllowedDecisionId(id)?.holdId ?? (/^hold_[\w.-]{1,59}$/.test(id) ? holdId(id) : null)
  if (named === null) return null
  const entries = await storage.holdEntries(named)
  const [placed] = entries
  if (placed?.body.kind !== 'held') return null
  const end = entries.findLast(({ body }) => body.kind !== 'held' && body.kind !== 'hold_grown')
  return requestOf(placed, placed.body, end)
}

export type UpstreamSearch = {
  readonly request: AdmittedRequest | null
  /** Where to go on; null when it was found, or everything was looked through. */
  readonly beforePosition: number | null
}

/** Positions looked through at once for an id that no index has, and in one question. */
const idStretch = 4_000
const idStretchesMax = 100

/** The request to which the upstream gave this id. */
export async function findByUpstreamId(
  { storage }: Pick<Parts, 'storage'>,
  query: { readonly upstreamRequestId: string; readonly beforePosition?: number },
): Promise<UpstreamSearch> {
  const { upstreamRequestId } = query
  const bodyText = `"upstreamRequestId":${JSON.stringify(upstreamRequestId)}`
  let before = Math.min(query.beforePosition ?? Infinity, storage.durablePosition + 1)
  for (let stretch = 0; stretch < idStretchesMax && before > 1; stretch += 1) {
    const afterPosition = Math.max(0, before - idStretch - 1)
    const range = { afterPosition, beforePosition: before, isNewestFirst: true, rowsMax: 1 }
    const [settled] = await storage.entries({ kinds: ['settled'], bodyText, ...range })
    if (settled?.body.kind === 'settled') {
      return { request: await findByHold({ storage }, settled.body.holdId), beforePosition: null }
    }
    before = afterPosition + 1
    await nextTurn()
  }
  return { request: null, beforePosition: before > 1 ? before : null }
}
