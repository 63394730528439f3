import type { CustomerState, MemberState } from '../../core/account.ts'
import { applyToCustomer, applyToMember, touchesCustomer } from '../../core/apply.ts'
import { correctedMs, jumpsLeft } from '../../core/clock-jumps.ts'
import type { Entry } from '../../core/entry.ts'
import { assertEntry, assertSums, BrokenInvariantError, type Sums } from '../../core/invariants.ts'
import { systemCustomerId, type CustomerId, type OperationId } from '../../core/ids.ts'
import type { RecordClock } from '../../system/record-clock.ts'
import {
  ClockNotCorrectableError,
  OperationConflictError,
  OperationRepeatedError,
  UnknownScopeError,
  type Change,
  type ClockCommand,
  type ClockCorrection,
  type NewEntry,
  type Once,
} from '../storage.ts'
import { encodeEntry } from '../entry-codec.ts'
import type { Quarantine } from '../quarantine.ts'
import type { GroupCommit, WrittenEntry } from '../sqlite/group-commit.ts'
import type { JournalReader } from '../sqlite-file/journal-reader.ts'
import type { SnapshotRow } from '../sqlite-log/journal-writer.ts'
import type { OpenHolds } from '../open-holds.ts'
import { customerSums, memberSums, type SumRules } from './rebuild.ts'
import { sealOf } from '../state-codec.ts'
import type { Sum, SumCache } from './sum-cache.ts'

/** The warm sums that a change runs on; the installation's own entries have neither. */
export type Target = {
  readonly customerId: CustomerId
  readonly customer: Sum<CustomerState> | undefined
  readonly member: Sum<MemberState> | undefined
}

export const systemTarget: Target = {
  customerId: systemCustomerId,
  customer: undefined,
  member: undefined,
}

export const systemRefused = (): UnknownScopeError =>
  new UnknownScopeError('Entries of the installation itself are written by updateSystem')

/**
 * Runs changes on warm sums, one after another, and hands their entries to the group commit. Synchronous
 * from reading the sums to handing over: no other change can come between (R2).
 */
export class Accounts {
  readonly #reader: JournalReader
  readonly #sums: SumCache
  readonly #commit: GroupCommit
  readonly #holds: OpenHolds
  readonly #clock: RecordClock
  readonly #snapshotEvery: number
  readonly #sealAgeMax: number
  readonly #quarantine: Quarantine
  /** Entries with idempotency keys that may not be durable yet, by customer and key. */
  readonly #pending = new Map<string, Entry>()
  #lastMs = 0

  constructor(options: {
    readonly reader: JournalReader
    readonly sums: SumCache
    readonly commit: GroupCommit
    readonly holds: OpenHolds
    readonly clock: RecordClock
    readonly snapshotEvery: number
    readonly sealAgeMax: number
    readonly quarantine: Quarantine
  }) {
    this.#reader = options.reader
    this.#sums = options.sums
    this.#commit = options.commit
    this.#holds = options.holds
    this.#clock = options.clock
    this.#snapshotEvery = options.snapshotEvery
    this.#sealAgeMax = options.sealAgeMax
    this.#quarantine = options.quarantine
  }

  /** The answer, once everything that it read or wrote is durable (R3). */
  run<State, Answer>(target: Target, state: State, job: Job<State, Answer>): Promise<Answer> {
    const { change, once } = job
    const first = once === undefined ? undefined : this.#find(target.customerId, once.operationId)
    if (once !== undefined && first !== undefined) {
      refuseOtherContent(first, once.operationDigest)
      return this.#commit.whenDurable(first.position).then(() => once.answerAgain(first))
    }
    const nowMs = this.#clock.nowMs()
    this.#tellJumps(nowMs)
    const position = this.readPosition(target)
    this.#holds.takeReadPosition()
    const nextPosition = this.#commit.lastPosition + 1
    const { answer, entries } = change(state, { nowMs, position, nextPosition })
    if (entries.length === 0) {
      const readPosition = Math.max(position, this.#holds.takeReadPosition())
      return this.#commit.whenDurable(readPosition).then(() => answer)
    }
    const stamped = stamp(entries, once)
    const repeated = this.#findRepeated(target.customerId, stamped)
    if (repeated !== undefined) {
      return this.#commit.whenDurable(repeated.position).then(() => {
        throw new OperationRepeatedError(repeated)
      })
    }
    this.write(target, stamped, { nowMs })
    return this.#commit.whenWritten(this.#commit.lastPosition).then(() => answer)
  }

  /** Goes back to before a wrong jump, and says so in the journal before anything else is written. */
  correctClock({ operationId, actor }: ClockCommand): Promise<ClockCorrection> {
    const first = this.#find(systemCustomerId, operationId)
    if (first !== undefined) {
      if (first.body.kind !== 'clock_corrected') throw conflict()
      const { fromMs, toMs } = first.body
      return this.#commit.whenDurable(first.position).then(() => ({ fromMs, toMs }))
    }
    const fromMs = this.#clock.nowMs()
    this.#tellJumps(fromMs)
    const toMs = this.correctedMs()
    if (toMs === undefined) throw new ClockNotCorrectableError(notCorrectable)
    const body = { kind: 'clock_corrected', fromMs, toMs } as const
    this.#clock.stepBack(toMs, jumpsLeft(this.#sums.system.jumps, { fromMs, toMs }))
    this.#lastMs = toMs
    const draft = { atMs: toMs, operationId, actor, legs: [], body }
    this.write(systemTarget, [draft], { nowMs: toMs })
    return this.#commit.whenDurable(this.#commit.lastPosition).then(() => ({ fromMs, toMs }))
  }

  /** Where a correction would put the clock; undefined while there is none to make. */
  correctedMs(): number | undefined {
    const { recordMs: nowMs, wallMs } = this.#clock.status()
    const jumps = [...this.#sums.system.jumps, ...this.#clock.untold()]
    return correctedMs(jumps, { nowMs, wallMs })
  }

  /** Goes on after the journal was read again. */
  restart(lastMs: number): void {
    this.#lastMs = lastMs
    this.#clock.resume(lastMs)
  }

  /** A jump of the clock is in the journal before what happens at the new time. */
  #tellJumps(nowMs: number): void {
    const untold = this.#clock.untold()
    this.#clock.setTold()
    for (const { fromMs, toMs, cause } of untold) {
      const body = { kind: 'clock_adopted', fromMs, toMs, cause } as const
      this.write(systemTarget, [{ atMs: nowMs, actor: 'system', legs: [], body }], { nowMs })
    }
  }

  /** Position of the last entry that a change on these sums can read. */
  readPosition({ customer, member }: Target): number {
    return Math.max(
      this.#sums.systemPosition,
      customer?.lastPosition ?? 0,
      member?.lastPosition ?? 0,
    )
  }

  /** Adds entries to the sums and to the open batch; all of them, or none. */
  write(
    target: Target,
    drafts: readonly NewEntry[],
    options: { readonly nowMs: number; readonly forcedSeal?: 'customer' | 'member' },
  ): void {
    // What is written without a change, such as drift, knows no jump of its own.
    this.#tellJumps(options.nowMs)
    const entries = drafts.map((draft, index) => this.#entryOf(target, draft, index))
    for (const entry of entries) this.#checkMoment(entry, options.nowMs)
    const written: WrittenEntry[] = []
    try {
      for (const entry of entries) written.push(this.#apply(target, entry, options.forcedSeal))
    } catch (cause) {
      this.#sums.spoil(target, this.#commit.lastPosition)
      throw cause instanceof BrokenInvariantError ? this.#quarantine.add(cause) : cause
    }
    this.#commit.append(written)
    for (const entry of entries) this.#remember(entry)
  }

  /** Forgets what has become durable; `run` finds it in the file from now on. */
  settlePending(durablePosition: number): void {
    for (const [key, entry] of this.#pending) {
      if (entry.position > durablePosition) return
      this.#pending.delete(key)
    }
  }

  /** Nothing that was pending can be told to be in the file or not. */
  forget(): void {
    this.#pending.clear()
  }

  #entryOf(target: Target, draft: NewEntry, index: number): Entry {
    const memberId = draft.memberId ?? null
    if (memberId !== null && memberId !== target.member?.state.memberId) {
      throw new Error('A change may write entries of its own member only')
    }
    return {
      ...draft,
      position: this.#commit.lastPosition + 1 + index,
      customerId: target.customerId,
      memberId,
    }
  }

  /** Moments in the journal never go back, and none is ahead of the clock of record. */
  #checkMoment(entry: Entry, nowMs: number): void {
    if (!Number.isSafeInteger(entry.atMs) || entry.atMs < this.#lastMs || entry.atMs > nowMs) {
      throw new Error(`An entry carries the moment of its change; got ${entry.atMs}, not ${nowMs}`)
    }
  }

  #apply(
    target: Target,
    entry: Entry,
    forcedSeal: 'customer' | 'member' | undefined,
  ): WrittenEntry {
    const isShared = target.customer !== undefined && touchesCustomer(entry)
    const snapshots: SnapshotRow[] = []
    let memberSeal: string | null = null
    let customerSeal: string | null = null
    const sums = sumsOf(target, entry)
    const drawnNanos = sums === undefined ? 0n : assertEntry(sums, entry)
    if (target.customerId === systemCustomerId) this.#sums.applySystem(entry)
    if (target.member !== undefined && entry.memberId !== null) {
      applyToMember(target.member.state, entry)
      follow(target.member, entry)
      memberSeal = this.#seal(memberSums, target.member, {
        entry,
        snapshots,
        isForced: forcedSeal === 'member',
      })
    }
    if (target.customer !== undefined && (isShared || forcedSeal === 'customer')) {
      applyToCustomer(target.customer.state, entry)
      follow(target.customer, entry)
      customerSeal = this.#seal(customerSums, target.customer, {
        entry,
        snapshots,
        isForced: forcedSeal === 'customer',
      })
    }
    if (sums !== undefined) assertSums(sums, entry, drawnNanos)
    return { row: encodeEntry(entry, { isShared, memberSeal, customerSeal }), snapshots }
  }

  /** The digest of these sums when it is their turn, and the snapshot row that it vouches for. */
  #seal<State>(
    rules: SumRules<State>,
    sum: Sum<State>,
    at: { readonly entry: Entry; readonly snapshots: SnapshotRow[]; readonly isForced: boolean },
  ): string | null {
    const { customerId, position, atMs } = at.entry
    const isOld = position - sum.startPosition >= this.#sealAgeMax
    const isDue = sum.sinceSeal >= this.#snapshotEvery || isOld
    if (!isDue && !at.isForced) return null
    sum.sinceSeal = 0
    sum.startPosition = position
    const state = rules.encode(sum.state)
    at.snapshots.push({ customerId, memberId: sum.owner.memberId ?? '', position, atMs, state })
    return sealOf(state)
  }

  #remember(entry: Entry): void {
    this.#lastMs = entry.atMs
    if (entry.operationId !== undefined) {
      this.#pending.set(operationKey(entry.customerId, entry.operationId), entry)
    }
    if (entry.memberId !== null) {
      const { customerId, memberId } = entry
      this.#holds.follow({ customerId, memberId }, entry)
    }
  }

  #find(customerId: CustomerId, id: OperationId): Entry | undefined {
    return (
      this.#pending.get(operationKey(customerId, id)) ?? this.#reader.findOperation(customerId, id)
    )
  }

  #findRepeated(customerId: CustomerId, entries: readonly NewEntry[]): Entry | undefined {
    for (const { operationId, operationDigest } of entries) {
      const first = operationId === undefined ? undefined : this.#find(customerId, operationId)
      if (first === undefined) continue
      refuseOtherContent(first, operationDigest)
      return first
    }
    return undefined
  }
}

const notCorrectable =
  "There is nothing to undo: this machine's clock is not behind any jump that the clock of record has taken"

type Job<State, Answer> = {
  readonly change: Change<State, Answer>
  readonly once?: Once<Answer> | undefined
}

/** The first entry of an operation carries its key, so that the key is used up with it. */
function stamp<Answer>(
  entries: readonly NewEntry[],
  once: Once<Answer> | undefined,
): readonly NewEntry[] {
  if (once === undefined) return entries
  const { operationId, operationDigest } = once
  return entries.map((entry, index) =>
    index === 0 ? { ...entry, operationId, operationDigest } : entry,
  )
}

/** What an entry is checked against; the installation's own entries have no sums of a customer. */
function sumsOf({ customer, member }: Target, { memberId }: Entry): Sums | undefined {
  if (customer === undefined) return undefined
  return {
    customer: customer.state,
    member: memberId === null ? undefined : member?.state,
  }
}

function follow(sum: Sum<unknown>, entry: Entry): void {
  sum.lastPosition = entry.position
  sum.sinceSeal += 1
  if (sum.startPosition === 0) sum.startPosition = entry.position
}

function refuseOtherContent(first: Entry, operationDigest: string | undefined): void {
  if (first.operationDigest !== operationDigest) throw conflict()
}

const conflict = (): OperationConflictError =>
  new OperationConflictError(
    'This idempotency key was used before with other content. Use a new key for a new operation.',
  )

/** Customer ids hold no line break, so the pair is unambiguous. */
const operationKey = (customerId: CustomerId, operationId: OperationId): string =>
  `${customerId}\n${operationId}`
