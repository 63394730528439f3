import type { CustomerState, MemberState } from '../../core/account.ts'
import { applyToCustomer, applyToMember } from '../../core/apply.ts'
import { emptyCustomer, emptyMember } from '../../core/empty-state.ts'
import type { DriftReport, Entry } from '../../core/entry.ts'
import type { CustomerId, MemberId } from '../../core/ids.ts'
import type { CommittedScope } from '../storage.ts'
import { DamagedEntryError } from '../damaged-entry.ts'
import { decodeEntry } from '../entry-codec.ts'
import type { JournalReader, Place } from '../sqlite-file/journal-reader.ts'
import type { SnapshotRow } from '../sqlite-log/journal-writer.ts'
import { walkRows } from '../sqlite-file/journal-queries.ts'
import {
  decodeCustomer,
  decodeMember,
  isCurrentSeal,
  sealOf,
  encodeCustomer,
  encodeMember,
  formatOf,
  stateFormat,
} from '../state-codec.ts'

/**
 * A cold rebuild: folds an account's entries into sums. It may begin at a snapshot, but only at one that
 * the journal vouches for: the row at the snapshot's position carries the digest of its content (R1). A
 * snapshot that fails this is left aside and compared, field by field, with what the journal says.
 */
export type SumOwner = CommittedScope

/** How one kind of sums is made, changed and written down. */
export type SumRules<State> = {
  readonly empty: (owner: SumOwner) => State
  readonly apply: (state: State, entry: Entry) => void
  readonly encode: (state: State) => string
  readonly decode: (text: string) => State
}

export const customerSums: SumRules<CustomerState> = {
  empty: ({ customerId }) => emptyCustomer(customerId),
  apply: applyToCustomer,
  encode: encodeCustomer,
  decode: decodeCustomer,
}

export const memberSums: SumRules<MemberState> = {
  empty: ({ customerId, memberId }) => {
    if (memberId === null) throw new Error('A member has an id')
    return emptyMember({ customerId, memberId })
  },
  apply: applyToMember,
  encode: encodeMember,
  decode: decodeMember,
}

export type Rebuilt<State> = {
  readonly state: State
  /** Position of the last entry folded; 0 when there is none. */
  readonly lastPosition: number
  /** Entries folded since the last seal: the next seal is due when it reaches `snapshotEvery`. */
  readonly sinceSeal: number
  /** Position of the last seal, or of the first entry when there is no seal; 0 for no entry. */
  readonly startPosition: number
  /** How the stored snapshot differs from the journal; empty when it was believed or is rightly absent. */
  readonly drifts: readonly DriftReport[]
}

export type RebuildRequest = {
  readonly owner: SumOwner
  /** Folds entries up to and with this position. */
  readonly until: number
  /** Throws when the result would be of no use any more. */
  readonly checkCurrent: () => void
}

export async function rebuild<State>(
  reader: JournalReader,
  rules: SumRules<State>,
  request: RebuildRequest,
): Promise<Rebuilt<State>> {
  const stored = reader.snapshot(request.owner)
  const start = isBelievable(reader, request, stored)
    ? { state: rules.decode(stored.state), position: stored.position }
    : undefined
  const fold = new Fold(rules, request.owner, start)
  const watched = start === undefined ? stored : undefined
  const range = { after: fold.lastPosition, before: request.until + 1 }
  for await (const rows of walkRows(reader, placeOf(request.owner), range)) {
    request.checkCurrent()
    for (const row of rows) {
      if (watched !== undefined && row.position > watched.position) fold.keepText()
      const seal = request.owner.memberId === null ? row.customerSeal : row.memberSeal
      fold.add(decodeEntry(row), seal !== null)
    }
  }
  fold.keepText()
  const isDriftTold = start === undefined && !isOtherVersions(reader, request.owner, stored)
  const drifts = isDriftTold ? compare(request.owner, stored, fold) : []
  const { state, lastPosition, sinceSeal, startPosition } = fold
  return { state, lastPosition, sinceSeal, startPosition, drifts }
}

const placeOf = ({ customerId, memberId }: SumOwner): Place =>
  memberId === null ? { kind: 'shared', customerId } : { kind: 'member', customerId, memberId }

/**
 * A snapshot that another version wrote says nothing about drift: it is replaced at the next seal. It is such a one when
 * its journal row was sealed by another version, too, and not by its own word alone.
 */
function isOtherVersions(
  reader: JournalReader,
  owner: SumOwner,
  stored: SnapshotRow | undefined,
): boolean {
  if (stored === undefined || !isOtherFormat(stored)) return false
  const seal = reader.sealAt(owner, stored)
  return seal !== undefined && !isCurrentSeal(seal)
}

function isOtherFormat(snapshot: SnapshotRow): boolean {
  const format = formatOf(snapshot.state)
  return format !== undefined && format !== stateFormat
}

type Start<State> = { readonly state: State; readonly position: number }

function isBelievable(
  reader: JournalReader,
  request: RebuildRequest,
  stored: SnapshotRow | undefined,
): stored is SnapshotRow {
  if (stored === undefined || stored.position > request.until || isOtherFormat(stored)) return false
  return reader.sealAt(request.owner, stored) === sealOf(stored.state)
}

/** Whose sums a stored snapshot says it is. */
export const ownerOf = ({ customerId, memberId }: SnapshotRow): SumOwner => ({
  customerId: customerId as CustomerId,
  memberId: memberId === '' ? null : (memberId as MemberId),
})

/** Whether a stored snapshot is what its journal row says it is; another version's is left alone. */
export function isSound(reader: JournalReader, snapshot: SnapshotRow): boolean {
  const owner = ownerOf(snapshot)
  if (isOtherVersions(reader, owner, snapshot)) return true
  return reader.sealAt(owner, snapshot) === sealOf(snapshot.state)
}

class Fold<State> {
  readonly state: State
  lastPosition: number
  sinceSeal = 0
  startPosition: number
  lastSeal: { readonly position: number; readonly atMs: number } | undefined
  /** The sums as text, as they were at the stored snapshot's position. */
  textThen: string | undefined
  readonly #rules: SumRules<State>

  constructor(rules: SumRules<State>, owner: SumOwner, start: Start<State> | undefined) {
    this.#rules = rules
    this.state = start?.state ?? rules.empty(owner)
    this.lastPosition = start?.position ?? 0
    this.startPosition = this.lastPosition
  }

  add(entry: Entry, isSealed: boolean): void {
    try {
      this.#rules.apply(this.state, entry)
    } catch (cause) {
      throw new DamagedEntryError(entry.position, cause)
    }
    this.lastPosition = entry.position
    this.sinceSeal = isSealed ? 0 : this.sinceSeal + 1
    if (isSealed || this.startPosition === 0) this.startPosition = entry.position
    if (isSealed) this.lastSeal = { position: entry.position, atMs: entry.atMs }
  }

  keepText(): void {
    this.textThen ??= this.#rules.encode(this.state)
  }
}

function compare<State>(
  owner: SumOwner,
  stored: SnapshotRow | undefined,
  fold: Fold<State>,
): readonly DriftReport[] {
  const where =
    owner.memberId === null ? `customer:${owner.customerId}` : `member:${owner.memberId}`
  if (stored === undefined) {
    if (fold.lastSeal === undefined) return []
    const { position: sincePosition, atMs: sinceMs } = fold.lastSeal
    const recomputed = `sums at position ${sincePosition}`
    return [{ where, field: 'snapshot', stored: 'missing', recomputed, sincePosition, sinceMs }]
  }
  const since = { where, sincePosition: stored.position, sinceMs: stored.atMs }
  const found = differences(stored.state, fold.textThen ?? '').map((d) => ({ ...d, ...since }))
  if (found.length > 0) return found
  // The content is right but no row vouches for it: somebody moved it, or the seal is gone.
  return [{ field: 'snapshot', stored: 'not sealed', recomputed: 'sealed', ...since }]
}

type Difference = Pick<DriftReport, 'field' | 'stored' | 'recomputed'>

/** A damaged text can differ everywhere; so many differences are enough to see what happened. */
const differencesMax = 20
const shownMax = 200

function differences(stored: string, recomputed: string): readonly Difference[] {
  if (stored === recomputed) return []
  const truth = flatten(JSON.parse(recomputed))
  let claimed: Map<string, string>
  try {
    claimed = flatten(JSON.parse(stored))
  } catch {
    return [{ field: 'snapshot', stored: stored.slice(0, shownMax), recomputed: 'readable sums' }]
  }
  const found: Difference[] = []
  for (const field of new Set([...truth.keys(), ...claimed.keys()])) {
    const pair = {
      stored: claimed.get(field) ?? 'absent',
      recomputed: truth.get(field) ?? 'absent',
    }
    if (pair.stored !== pair.recomputed) found.push({ field, ...pair })
    if (found.length >= differencesMax) break
  }
  // Equal values in another order or spacing are still another text than the sealed one.
  if (found.length === 0)
    return [{ field: 'snapshot', stored: 'reordered', recomputed: 'in order' }]
  return found
}

/** Leaf values by path; a list of pairs (a map) is addressed by its keys, so that order does not blur it. */
function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value) && value.every(isPair)) {
    for (const [key, item] of value) flatten(item, `${path}${path === '' ? '' : '.'}${key}`, into)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      flatten(item, path === '' ? key : `${path}.${key}`, into)
    }
  } else {
    into.set(path, String(value).slice(0, shownMax))
  }
  return into
}

const isPair = (item: unknown): item is [string, unknown] =>
  Array.isArray(item) && item.length === 2 && typeof item[0] === 'string'
