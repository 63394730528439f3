import type { Entry, EntryKind } from '../../core/entry.ts'
import type { CustomerId, HoldId, MemberId } from '../../core/ids.ts'
import { nextTurn } from '../../system/next-turn.ts'
import type { EntryQuery } from '../storage.ts'
import { segmentOf } from './journal-file.ts'
import {
  entriesMax,
  type HoldRow,
  type JournalReader,
  type Place,
  type Range,
} from './journal-reader.ts'
import { OpenHolds } from '../open-holds.ts'

/** Questions that may look into many segments of the journal; others get a turn in between. */

/** Segments looked into before others get a turn; a few milliseconds at most. */
const segmentsPerTurn = 1024

/**
 * The segments that hold entries of one account or hold, in order or backwards. Most accounts have entries
 * in few segments, and finding out which costs about a microsecond for each that there is.
 */
export async function* walkSegments(
  reader: JournalReader,
  place: Place,
  walk: Range & { readonly isNewestFirst?: boolean },
): AsyncGenerator<number> {
  const first = segmentOf(walk.after + 1)
  const last = segmentOf(Math.max(walk.before - 1, 0))
  for (let done = 0; done <= last - first; done += segmentsPerTurn) {
    if (done > 0) await nextTurn()
    const count = Math.min(segmentsPerTurn, last - first + 1 - done)
    const from = walk.isNewestFirst === true ? last - done - count + 1 : first + done
    const filled = reader.filledSegments(place, { first: from, last: from + count - 1 })
    yield* walk.isNewestFirst === true ? filled.toReversed() : filled
  }
}

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
