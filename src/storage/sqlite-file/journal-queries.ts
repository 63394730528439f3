import type { Entry, EntryKind } from '../../core/entry.ts'
import type { CustomerId, HoldId, MemberId } from '../../core/ids.ts'
import { nextTurn } from '../../system/next-turn.ts'
import { DamagedEntryError } from '../damaged-entry.ts'
import { decodeEntry, type JournalRow } from '../entry-codec.ts'
import type { EntryQuery } from '../storage.ts'
import { segmentOf } from './journal-file.ts'
import {
  entriesMax,
  type HoldRow,
  type JournalReader,
  type Place,
  type Range,
} from './journal-reader.ts'
import type { ListedHold } from '../open-holds.ts'

/** Questions that may look into many segments of the journal; others get a turn in between. */

/** At most so many segments are looked into at once; a millisecond or two when they hold nothing. */
const segmentsMax = 1024
/** A look that would find more gives up and looks at fewer segments; one segment has fewer. */
const positionsMax = 2048
/** A look that finds more entries than this is followed by a narrower one, else by a wider one. */
const positionsWanted = 256

/**
 * Positions of the entries of one account or hold, in order or backwards. Most accounts have entries in few
 * segments, and passing over the others costs about a microsecond each.
 */
export async function* walkPositions(
  reader: JournalReader,
  place: Place,
  walk: Range & { readonly isNewestFirst?: boolean },
): AsyncGenerator<readonly number[]> {
  const first = segmentOf(walk.after + 1)
  const last = segmentOf(Math.max(walk.before - 1, 0))
  let width = 4
  for (let done = 0; done <= last - first;) {
    const count = Math.min(width, last - first + 1 - done)
    const from = walk.isNewestFirst === true ? last - done - count + 1 : first + done
    const range = { after: walk.after, before: walk.before, rowsMax: positionsMax }
    const found = reader.positions(place, { first: from, last: from + count - 1 }, range)
    if (found === undefined) {
      width = Math.max(1, Math.floor(count / 4))
      await nextTurn()
      continue
    }
    if (found.length > 0) yield walk.isNewestFirst === true ? found.toReversed() : found
    done += count
    if (found.length > positionsWanted) width = Math.max(1, Math.floor(width / 4))
    else width = Math.min(width * 2, segmentsMax)
    await nextTurn()
  }
}

/** Rows read from the file at once. */
const rowsAtOnce = 128

/** The rows of an account or hold, in order or backwards; others get a turn in between. */
export async function* walkRows(
  reader: JournalReader,
  place: Place,
  walk: Range & { readonly isNewestFirst?: boolean; readonly kind?: EntryKind },
): AsyncGenerator<readonly JournalRow[]> {
  for await (const positions of walkPositions(reader, place, walk)) {
    for (let from = 0; from < positions.length; from += rowsAtOnce) {
      yield reader.rowsAt(positions.slice(from, from + rowsAtOnce), walk.kind)
      if (from + rowsAtOnce < positions.length) await nextTurn()
    }
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

const isTraffic = (kind: EntryKind): boolean => trafficKinds.has(kind)

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
  const { customerId, operationId, kind, kinds } = query
  if (kinds !== undefined && operationId === undefined && !kinds.some(isTraffic)) {
    return findRare(reader, { ...query, kinds }, { ...range, rowsMax })
  }
  if (kind !== undefined && operationId === undefined && !isTraffic(kind)) {
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
  for await (const rows of walkRows(reader, placeOf(query, customerId), {
    ...range,
    isNewestFirst,
    ...(kind === undefined ? {} : { kind }),
  })) {
    for (const row of rows) {
      if (entries.length === rowsMax) return entries
      if (isWanted(row, query)) entries.push(decodeEntry(row))
    }
  }
  return entries
}

/** Positions that are looked through for rare entries before their index is. */
const rareScanLength = 4_000

/**
 * The index on rare kinds has no order over several of them, so it has to be sorted. Where the newest of everybody
 * are asked for and come often, a short way back through the journal itself has them sooner.
 */
function findRare(
  reader: JournalReader,
  query: EntryQuery & { readonly kinds: readonly EntryKind[] },
  range: Range & { readonly rowsMax: number },
): readonly Entry[] {
  const { customerId, memberId, isNewestFirst } = query
  const near = range.before - 1 - rareScanLength
  const isOfAll = customerId === undefined && memberId === undefined
  if (!isOfAll || isNewestFirst !== true || near <= range.after) {
    return reader.rareKinds(query, range)
  }
  const found = query.kinds.length === 0 ? [] : reader.stretch(query, { ...range, after: near })
  const rowsMax = range.rowsMax - found.length
  if (rowsMax === 0) return found
  return [...found, ...reader.rareKinds(query, { ...range, before: near + 1, rowsMax })]
}

const isWanted = (row: JournalRow, { kinds, isShared, bodyText }: EntryQuery): boolean =>
  (kinds === undefined || kinds.some((one) => one === row.kind)) &&
  (isShared === undefined || (row.isShared === 1) === isShared) &&
  (bodyText === undefined || row.body.includes(bodyText))

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
  for await (const rows of walkRows(reader, { kind: 'hold', holdId }, range)) {
    for (const row of rows) newestFirst.push(decodeEntry(row))
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

/**
 * Holds that have no end, in one pass over the index of holds: from where the newest `swept` entry says that
 * all had ended.
 */
export async function findOpenHolds(
  reader: JournalReader,
  last: number,
): Promise<readonly ListedHold[]> {
  const swept = reader.lastSwept()?.body
  const after = swept?.kind === 'swept' ? swept.bootPosition - 1 : 0
  const open = new Map<HoldId, HoldRow>()
  for (let segment = segmentOf(after + 1); segment <= segmentOf(last); segment += 1) {
    for (const row of reader.holdRows(segment, after)) {
      if (row.kind === 'held') open.set(row.holdId, row)
      else if (row.kind !== 'hold_grown') open.delete(row.holdId)
    }
    await nextTurn()
  }
  const holds: ListedHold[] = []
  for (const { holdId, customerId, memberId, position } of open.values()) {
    holds.push({ holdId, customerId, memberId, position, lifeMs: lifeOf(reader, position) })
  }
  return holds
}

/** Nothing when the entry is damaged: whether its account can be read turns out when the hold is ended. */
function lifeOf(reader: JournalReader, position: number): number {
  try {
    const { body, atMs = 0 } = reader.entryAt(position) ?? {}
    if (body?.kind === 'held') return body.expiresAtMs - atMs
  } catch (error) {
    if (!(error instanceof DamagedEntryError)) throw error
    return 0
  }
  throw new Error(`Entry ${position} is indexed as a hold but is none`)
}
