import type { Entry, EntryKind } from '../../core/entry.ts'
import type { CustomerId, HoldId, MemberId } from '../../core/ids.ts'
import { nextTurn } from '../../system/next-turn.ts'
import type { EntryQuery } from '../storage.ts'
import { segmentOf } from './journal-file.ts'
import { entriesMax, type HoldRow, type JournalReader, type Place } from './journal-reader.ts'
import { OpenHolds } from './open-holds.ts'
import { walkSegments } from './segment-walk.ts'

/** Questions that may look into many segments of the journal; others get a turn in between. */

/** Kinds of which there is one or more per request; all others are indexed by kind. */
const trafficKinds: ReadonlySet<EntryKind> = new Set([
  'held',
  'hold_grown',
  'settled',
  'voided',
  'expired',
])

/** `durablePosition` bounds the answer: what may still be lost is not shown. */
export async function findEntries(
  reader: JournalReader,
  query: EntryQuery,
  durablePosition: number,
): Promise<readonly Entry[]> {
  const range = {
    after: query.afterPosition ?? 0,
    before: Math.min(query.beforePosition ?? Infinity, durablePosition + 1),
  }
  const rowsMax = Math.min(Math.max(query.rowsMax ?? entriesMax, 0), entriesMax)
  const { customerId, operationId, kind } = query
  if (kind !== undefined && operationId === undefined && !trafficKinds.has(kind)) {
    return reader.rarePage(query, { ...range, rowsMax })
  }
  if (customerId === undefined) {
    if (operationId !== undefined || query.memberId !== undefined) {
      throw new Error('A query for a member or an operation names the customer, too')
    }
    return reader.stretch(query, { ...range, rowsMax })
  }
  if (operationId !== undefined) {
    const found = reader.findOperation(customerId, operationId)
    const isMeant =
      (kind === undefined || kind === found?.body.kind) &&
      found !== undefined &&
      found.position > range.after &&
      found.position < range.before &&
      (query.memberId === undefined || query.memberId === found.memberId)
    return isMeant ? [found] : []
  }
  const entries: Entry[] = []
  const isNewestFirst = query.isNewestFirst === true
  const walk = walkSegments(reader, placeOf(query, customerId), { ...range, isNewestFirst })
  for await (const segment of walk) {
    const missing = rowsMax - entries.length
    if (missing === 0) break
    entries.push(...reader.page({ ...query, customerId }, segment, { ...range, rowsMax: missing }))
  }
  return entries
}

function placeOf({ memberId, isShared }: EntryQuery, customerId: CustomerId): Place {
  if (memberId !== undefined) return { kind: 'member', customerId, memberId }
  return { kind: isShared === true ? 'shared' : 'customer', customerId }
}

export async function findHoldEntries(
  reader: JournalReader,
  holdId: HoldId,
  durablePosition: number,
): Promise<readonly Entry[]> {
  const newestFirst: Entry[] = []
  const range = { after: 0, before: durablePosition + 1, isNewestFirst: true }
  for await (const segment of walkSegments(reader, { kind: 'hold', holdId }, range)) {
    const found = reader.holdEntries(holdId, segment)
    for (const entry of found.toReversed()) {
      if (entry.position <= durablePosition) newestFirst.push(entry)
    }
    if (newestFirst.at(-1)?.body.kind === 'held') break
  }
  return newestFirst.toReversed()
}

/** The last of the entries that ended a hold of this member. */
export function endOf(entries: readonly Entry[], memberId: MemberId): Entry | undefined {
  return entries.findLast(
    ({ body, memberId: owner }) =>
      owner === memberId &&
      (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired'),
  )
}

/** Holds that were placed after a position and have no end: in one pass over the index of holds. */
export async function findOpenHolds(
  reader: JournalReader,
  after: number,
  last: number,
): Promise<OpenHolds> {
  const open = new Map<HoldId, HoldRow>()
  for (let segment = segmentOf(after + 1); segment <= segmentOf(last); segment += 1) {
    for (const row of reader.holdRows(segment, after)) {
      if (row.kind === 'held') open.set(row.holdId, row)
      else if (row.kind !== 'hold_grown') open.delete(row.holdId)
    }
    await nextTurn()
  }
  const holds = new OpenHolds()
  for (const { holdId, customerId, memberId, position } of open.values()) {
    const body = reader.entryAt(position)?.body
    if (body?.kind !== 'held') throw new Error(`Entry ${position} is indexed as a hold but is none`)
    holds.add({ holdId, customerId, memberId, position, expiresAtMs: body.expiresAtMs })
  }
  return holds
}
