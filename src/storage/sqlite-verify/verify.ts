import type { CustomerState, MemberState } from '../../core/account.ts'
import type { DriftReport, Entry } from '../../core/entry.ts'
import { holdFault, type Fault } from '../../core/hold-invariants.ts'
import type { CustomerId } from '../../core/ids.ts'
import { customerFault, memberFault } from '../../core/invariants.ts'
import { nextTurn } from '../../system/next-turn.ts'
import type { VerifyOptions, VerifyReport } from '../storage.ts'
import { decodeEntry, type JournalRow } from '../entry-codec.ts'
import type { HashedRow, JournalReader } from '../sqlite-file/journal-reader.ts'
import type { LiveJournal } from '../sqlite/live-journal.ts'
import {
  customerSums,
  isSound,
  memberSums,
  type SumOwner,
  type SumRules,
} from '../sqlite-sums/rebuild.ts'
import { isCurrentSeal, sealOf } from '../state-codec.ts'
import { isDamage } from '../sqlite-file/damage-list.ts'
import { ownerKey } from '../sqlite-sums/sum-cache.ts'
import { RowCheck } from './verify-row.ts'
import { Faults } from './faults.ts'

/** Rows read before others get a turn. */
const rowsPerTurn = 16
/** Sums kept in memory at once; a journal with more accounts is read several times, a part each time. */
const sumsPerPass = 20_000

export type Verified = {
  readonly report: VerifyReport
  /** Whether nothing is wrong in the entries that a customer's books rest on. */
  readonly isSound: (customerId: CustomerId) => boolean
}

/** Who knows the journal beside its file: the running storage, or nobody. */
export type Books = Pick<
  LiveJournal,
  'durablePosition' | 'warmText' | 'inspect' | 'recheck' | 'drop'
>

type Checked<State> = {
  readonly owner: SumOwner
  readonly state: State
  position: number
  isSealed: boolean
}

/**
 * Recomputes everything from the first entry on and says what does not fit: chains, positions, the sense
 * of each entry, stored snapshots, and the sums in memory. Reads the journal as it was when it began, in
 * small turns, while the server goes on.
 */
export async function verifyJournal(
  reader: JournalReader,
  journal: Books,
  options: VerifyOptions & { readonly rest?: () => Promise<void> },
): Promise<Verified> {
  const rest = options.rest ?? nextTurn

  const last = journal.durablePosition
  const members = reader.members()
  const customers = new Set(members.map(({ customerId }) => customerId))
  const passes = Math.max(1, Math.ceil((members.length + customers.size) / sumsPerPass))
  const faults = new Faults()
  const drifts: DriftReport[] = []
  const counts = { customers: 0, members: 0, openHolds: 0 }
  let healed = true
  for (let part = 0; part < passes; part += 1) {
    const pass = new Pass({ reader, faults, part, passes })
    for (let position = 0; position < last;) {
      const count = Math.min(rowsPerTurn, last - position)
      const rows = readRows(reader, { after: position, count }, pass)
      if (rows === undefined) break
      position = rows
      options.onProgress?.(part * last + position, passes * last)
      await rest()
    }
    if (part === 0) pass.checkEnd(last)
    pass.count(counts)
    for (const owner of pass.unsound(journal)) {
      drifts.push(...owner.drifts)
      const found = await recheck(journal, owner, options.isHealing)
      if (owner.drifts.length === 0) drifts.push(...found)
      healed &&= options.isHealing
    }
  }
  const report = {
    entryCount: last,
    customerCount: counts.customers,
    memberCount: counts.members,
    openHoldCount: counts.openHolds,
    faults: faults.list(),
    drifts,
    isHealed: drifts.length > 0 && healed,
  }
  return { report, isSound: (customerId) => faults.isSound(customerId) }
}

/** Hands rows to the pass, and answers up to where it read; undefined behind the last row. */
function readRows(
  reader: JournalReader,
  { after, count }: { readonly after: number; readonly count: number },
  pass: Pass,
): number | undefined {
  let rows: readonly HashedRow[]
  try {
    rows = reader.hashedRows(after, count)
  } catch (error) {
    if (!isDamage(error)) throw error
    // The pages beside the damaged one can be read, an entry at a time.
    for (let position = after + 1; position <= after + count; position += 1) {
      readOne(reader, position, pass)
    }
    return after + count
  }
  for (const row of rows) pass.add(row)
  return rows.at(-1)?.position
}

function readOne(reader: JournalReader, position: number, pass: Pass): void {
  try {
    const [row] = reader.hashedRows(position - 1, 1)
    if (row?.position === position) pass.add(row)
  } catch (error) {
    if (!isDamage(error)) throw error
    pass.addUnreadable(position)
  }
}

type Unsound = { readonly owner: SumOwner; readonly drifts: readonly DriftReport[] }

async function recheck(
  journal: Books,
  { owner, drifts }: Unsound,
  isHealing: boolean,
): Promise<readonly DriftReport[]> {
  if (isHealing && drifts.length > 0) journal.drop(owner)
  try {
    return await (isHealing ? journal.recheck(owner) : journal.inspect(owner))
  } catch (error) {
    // Its damaged entries are named already, and nothing can be said of its sums.
    if (isDamage(error)) return []
    throw error
  }
}

/** One reading of the journal, with the sums of its part of the accounts. */
class Pass {
  readonly #reader: JournalReader
  readonly #faults: Faults
  readonly #part: number
  readonly #passes: number
  readonly #rowCheck: RowCheck | undefined
  readonly #customers = new Map<string, Checked<CustomerState>>()
  readonly #members = new Map<string, Checked<MemberState>>()

  constructor(options: {
    readonly reader: JournalReader
    readonly faults: Faults
    readonly part: number
    readonly passes: number
  }) {
    this.#reader = options.reader
    this.#faults = options.faults
    this.#part = options.part
    this.#passes = options.passes
    this.#rowCheck = options.part === 0 ? new RowCheck(options.faults) : undefined
  }

  add(row: HashedRow): void {
    this.#rowCheck?.check(row)
    let entry: Entry
    try {
      entry = decodeEntry(row)
    } catch {
      this.#faults.add(row.position, 'cannot be read', row.customerId)
      return
    }
    const { customerId, memberId } = entry
    if (memberId !== null) {
      const checked = this.#sums(this.#members, memberSums, { customerId, memberId })
      if (checked !== undefined) this.#addToMember(checked, entry, row)
    }
    if (row.isShared === 1) {
      const checked = this.#sums(this.#customers, customerSums, { customerId, memberId: null })
      if (checked !== undefined) this.#addToCustomer(checked, entry, row)
    }
  }

  /** Told once, however often the journal is read. */
  addUnreadable(position: number): void {
    if (this.#part === 0)
      this.#faults.add(position, 'cannot be read: its part of the file is damaged')
  }

  checkEnd(last: number): void {
    this.#rowCheck?.checkEnd(last)
  }

  count(counts: { customers: number; members: number; openHolds: number }): void {
    counts.customers += this.#customers.size
    counts.members += this.#members.size
    for (const { state } of this.#members.values()) counts.openHolds += state.holds.size
  }

  /** Accounts whose stored snapshot, or whose sums in memory, are not what was recomputed. */
  unsound(journal: Books): readonly Unsound[] {
    const found: Unsound[] = []
    for (const checked of this.#customers.values()) {
      this.#compare(found, journal, { checked, text: customerSums.encode(checked.state) })
    }
    for (const checked of this.#members.values()) {
      this.#compare(found, journal, { checked, text: memberSums.encode(checked.state) })
    }
    return found
  }

  #compare(
    found: Unsound[],
    journal: Books,
    { checked, text }: { readonly checked: Checked<unknown>; readonly text: string },
  ): void {
    const { owner, position } = checked
    const warm = journal.warmText(owner)
    if (warm !== undefined && warm.position === position && warm.text !== text) {
      const where =
        owner.memberId === null ? `customer:${owner.customerId}` : `member:${owner.memberId}`
      const drift = { where, field: 'sums in memory', stored: warm.text, recomputed: text }
      found.push({ owner, drifts: [{ ...drift, sincePosition: position, sinceMs: 0 }] })
      return
    }
    if (!this.#isSnapshotSound(checked)) found.push({ owner, drifts: [] })
  }

  #isSnapshotSound({ owner, position, isSealed }: Checked<unknown>): boolean {
    try {
      const stored = this.#reader.snapshot(owner)
      return stored === undefined ? !isSealed : isSound(this.#reader, stored)
    } catch (error) {
      if (!isDamage(error)) throw error
      const what = 'is the last of an account whose stored sums cannot be read'
      this.#faults.add(position, what, owner.customerId)
      return true
    }
  }

  #sums<State>(
    into: Map<string, Checked<State>>,
    rules: SumRules<State>,
    owner: SumOwner,
  ): Checked<State> | undefined {
    const key = ownerKey(owner)
    const known = into.get(key)
    if (known !== undefined) return known
    if (this.#passes > 1 && partOf(key, this.#passes) !== this.#part) return undefined
    const made = { owner, state: rules.empty(owner), position: 0, isSealed: false }
    into.set(key, made)
    return made
  }

  #addToMember(checked: Checked<MemberState>, entry: Entry, row: JournalRow): void {
    this.#note(entry, holdFault(checked.state, entry))
    this.#fold(checked, memberSums, { entry, seal: row.memberSeal })
    this.#note(entry, memberFault(checked.state, entry))
  }

  #addToCustomer(checked: Checked<CustomerState>, entry: Entry, row: JournalRow): void {
    this.#fold(checked, customerSums, { entry, seal: row.customerSeal })
    this.#note(entry, customerFault(checked.state, entry))
  }

  #note(entry: Entry, fault: Fault | undefined): void {
    if (fault !== undefined) this.#faults.add(entry.position, fault.what, entry.customerId)
  }

  #fold<State>(
    checked: Checked<State>,
    rules: SumRules<State>,
    { entry, seal }: { readonly entry: Entry; readonly seal: string | null },
  ): void {
    try {
      rules.apply(checked.state, entry)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const what = `cannot be added to the sums: ${message}`
      this.#faults.add(entry.position, what, entry.customerId)
    }
    checked.position = entry.position
    if (seal === null) return
    checked.isSealed = true
    if (isCurrentSeal(seal) && seal !== sealOf(rules.encode(checked.state))) {
      const what = 'its seal does not fit the sums that its account has there'
      this.#faults.add(entry.position, what, entry.customerId)
    }
  }
}

/** Spreads accounts evenly over passes, always in the same way. */
function partOf(key: string, parts: number): number {
  let mixed = 0
  for (let index = 0; index < key.length; index += 1) {
    mixed = (mixed * 31 + key.charCodeAt(index)) >>> 0
  }
  return mixed % parts
}
