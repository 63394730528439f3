import type { Account, CustomerState, SystemState } from '../../core/account.ts'
import type { DriftReport, EntryBody } from '../../core/entry.ts'
import { systemCustomerId, type BootId, type CustomerId, type HoldId } from '../../core/ids.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { RecordClock } from '../../system/record-clock.ts'
import {
  JournalTakenError,
  type Change,
  type ChangeContext,
  type ClockCommand,
  type ClockCorrection,
  type MemberScope,
  type NewEntry,
  type Once,
} from '../storage.ts'
import { AccountLoader } from '../sqlite-sums/account-loader.ts'
import { Accounts, systemRefused, systemTarget, type Target } from '../sqlite-sums/accounts.ts'
import type { JournalRow } from '../entry-codec.ts'
import type { Quarantine } from '../quarantine.ts'
import { GroupCommit, unavailable } from './group-commit.ts'
import { passOverDamage, passOverQuarantine } from '../sqlite-file/damage-list.ts'
import { findOpenHolds } from '../sqlite-file/journal-queries.ts'
import type { JournalReader } from '../sqlite-file/journal-reader.ts'
import type { JournalWriter } from '../sqlite-log/journal-writer.ts'
import { endingLeftHold } from '../left-hold.ts'
import { LostBatches } from './lost-batches.ts'
import { OpenHolds, type ListedHold } from '../open-holds.ts'
import { customerSums, isSound, memberSums, type SumOwner } from '../sqlite-sums/rebuild.ts'
import { SumCache } from '../sqlite-sums/sum-cache.ts'

export type LiveJournalOptions = {
  readonly reader: JournalReader
  readonly startWriter: () => JournalWriter
  readonly clock: Clock
  readonly recordClock: RecordClock
  readonly log: Logger
  readonly bootId: BootId
  readonly version: string
  readonly snapshotEvery: number
  readonly sealAgeMax: number
  readonly sumsMax: number
  readonly loadTimeoutMs: number
  readonly lingerMs: number
  readonly quarantine: Quarantine
  readonly onDurable: (rows: readonly JournalRow[]) => void
  /** What was remembered of the file may be wrong: a commit failed, or its outcome is unknown. */
  readonly onForgotten: () => void
  /** The file is not what this process made of it: it must not serve any more. */
  readonly onTaken: (error: JournalTakenError) => void
}

/** After a failure the file is tried again after this long, then twice as long, up to the maximum. */
const retryFirstMs = 250
const retryMaxMs = 10_000
/** Holds ended at once while the journal opens. */
const endsAtOnce = 64
/** A `swept` entry is written when so many entries came since the last: a boot reads no more than these. */
const sweptEvery = 65_536

type State = 'opening' | 'open' | 'recovering' | 'closed'

/**
 * The journal while this process owns it: warm sums, the group commit, the list of open holds.
 *
 *   opening ──> open <──> recovering          any ──> closed
 *
 * Changes of callers run only while it is open. When a commit fails or its outcome is unknown, every sum is
 * forgotten, positions are read from the file again, and holds that turn out to be in it although their
 * callers were refused are voided, all before the next change (R3).
 */
export class LiveJournal {
  readonly holds: OpenHolds
  readonly correctedMs = (): number | undefined => this.#accounts.correctedMs()
  readonly #options: LiveJournalOptions
  readonly #sums: SumCache
  readonly #commit: GroupCommit
  readonly #accounts: Accounts
  readonly #loader: AccountLoader
  #writer: JournalWriter
  #state: State = 'opening'
  #recovery: Promise<void> = Promise.resolve()
  #cancelRetry: () => void = () => undefined
  readonly #lost = new LostBatches()
  #sweptPosition = 0

  constructor(options: LiveJournalOptions) {
    const { reader, clock, log } = options
    this.#options = options
    this.holds = new OpenHolds(() => clock.elapsedMs())
    this.#writer = options.startWriter()
    this.#sums = new SumCache(options.sumsMax)
    this.#commit = new GroupCommit({
      ...options,
      writer: this.#writer,
      position: reader.lastPosition(),
      onDurable: (rows, durablePosition) => {
        this.#accounts.settlePending(durablePosition)
        options.onDurable(rows)
      },
      onFailure: (lost, cause) => this.#fail(lost, cause),
    })
    this.#accounts = new Accounts({
      ...options,
      clock: options.recordClock,
      sums: this.#sums,
      commit: this.#commit,
      holds: this.holds,
    })
    this.#loader = new AccountLoader({
      reader,
      sums: this.#sums,
      commit: this.#commit,
      clock,
      log,
      timeoutMs: options.loadTimeoutMs,
      heal: (owner, drifts) => this.heal(owner, drifts),
    })
  }

  get writer(): JournalWriter {
    return this.#writer
  }

  get durablePosition(): number {
    return this.#commit.durablePosition
  }

  get awaySinceMs(): number | null {
    return this.#commit.failedSinceMs
  }

  /** Writes this boot and ends the holds that older boots left behind: their owner is proven dead. */
  async open(): Promise<void> {
    const { reader, bootId, version } = this.#options
    this.#sums.loadSystem(reader.systemEntries(reader.lastPosition()))
    await this.#writeSystem({ kind: 'boot', bootId, version })
    const bootPosition = this.#commit.durablePosition
    const left = await findOpenHolds(reader, bootPosition - 1)
    for (const hold of left) this.holds.add(hold)
    await this.#expire(left)
    this.#sweptPosition = bootPosition
    await this.#writeSystem({ kind: 'swept', bootId, bootPosition })
    this.#state = 'open'
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#cancelRetry()
    await this.#commit.whenDurable(this.#commit.lastPosition).catch(() => undefined)
    this.#loader.forget()
    await this.#recovery.catch(() => undefined)
    await this.#commit.whenIdle()
    // All that was acknowledged is durable, however this ends.
    await this.#writer.close().catch((error: unknown) => {
      this.#options.log.warn('the journal was not closed in order', { cause: String(error) })
    })
  }

  update<Answer>(
    scope: MemberScope,
    change: Change<Account, Answer>,
    once: Once<Answer> | undefined,
  ): Promise<Answer> {
    if (this.#state !== 'open') return this.#whenOpen(() => this.update(scope, change, once))
    return this.#updateMember(scope, change, once)
  }

  updateCustomer<Answer>(
    customerId: CustomerId,
    change: Change<{ system: SystemState; customer: CustomerState }, Answer>,
    once: Once<Answer> | undefined,
  ): Promise<Answer> {
    if (this.#state !== 'open') {
      return this.#whenOpen(() => this.updateCustomer(customerId, change, once))
    }
    const customer = this.#sums.customer(customerId)
    if (customer === undefined) {
      if (customerId === systemCustomerId) return Promise.reject(systemRefused())
      const owners = [{ customerId, memberId: null }]
      return this.#whenLoaded(owners, () => this.updateCustomer(customerId, change, once))
    }
    const target: Target = { customerId, customer, member: undefined }
    const state = { system: this.#sums.system, customer: customer.state }
    return this.#run(() => this.#accounts.run(target, state, { change, once }))
  }

  updateSystem<Answer>(
    change: Change<SystemState, Answer>,
    once: Once<Answer> | undefined,
  ): Promise<Answer> {
    if (this.#state !== 'open') return this.#whenOpen(() => this.updateSystem(change, once))
    return this.#run(() => this.#accounts.run(systemTarget, this.#sums.system, { change, once }))
  }

  /** Puts the clock of record back behind a wrong jump; throws when there is none to undo. */
  correctClock(command: ClockCommand): Promise<ClockCorrection> {
    if (this.#state !== 'open') return this.#whenOpen(() => this.correctClock(command))
    return this.#run(() => this.#accounts.correctClock(command))
  }

  /** Ends holds whose time is up, and notes now and then how far all holds have ended. */
  async sweep(): Promise<void> {
    if (this.#state !== 'open') return
    await this.#expire(this.holds.overdue())
    const last = this.#commit.durablePosition
    if (this.#state !== 'open' || last - this.#sweptPosition < sweptEvery) return
    const bootPosition = Math.min(this.holds.oldestPosition() ?? last + 1, last + 1)
    if (bootPosition - this.#sweptPosition < sweptEvery / 2) return
    this.#sweptPosition = bootPosition
    await this.#writeSystem({ kind: 'swept', bootId: this.#options.bootId, bootPosition })
  }

  /** Records drift in the account's own chain, with a seal for the snapshot that replaces the wrong one. */
  heal(owner: SumOwner, drifts: readonly DriftReport[]): void {
    const { customerId, memberId } = owner
    const customer = memberId === null ? this.#sums.customer(customerId) : undefined
    const member = memberId === null ? undefined : this.#sums.member({ customerId, memberId })
    if (this.#commit.isFailed || (customer ?? member) === undefined) return
    const nowMs = this.#options.recordClock.nowMs()
    const draft: NewEntry = {
      atMs: nowMs,
      actor: 'system',
      legs: [],
      body: { kind: 'drift_found', drifts },
      ...(memberId === null ? {} : { memberId }),
    }
    const forcedSeal = memberId === null ? 'customer' : 'member'
    this.#accounts.write({ customerId, customer, member }, [draft], { nowMs, forcedSeal })
  }

  /** Builds sums anew beside the warm ones, and heals the stored snapshot if it is not what it should be. */
  async recheck(owner: SumOwner): Promise<readonly DriftReport[]> {
    if (this.#state !== 'open') return []
    const { reader } = this.#options
    const isWarm = this.warmText(owner) !== undefined
    const drifts = await this.inspect(owner)
    const stored = reader.snapshot(owner)
    if (drifts.length === 0 || this.#state !== 'open') return drifts
    // A cold account is healed by loading it; a snapshot that was replaced meanwhile needs no healing.
    if (!isWarm) await this.#loader.load(owner)
    else if (stored === undefined || !isSound(reader, stored)) this.#loader.report(owner, drifts)
    return drifts
  }

  /** How an account's stored snapshot differs from the journal. */
  async inspect(owner: SumOwner): Promise<readonly DriftReport[]> {
    const { drifts } =
      owner.memberId === null
        ? await this.#loader.inspect(owner, customerSums)
        : await this.#loader.inspect(owner, memberSums)
    return drifts
  }

  warmText(owner: SumOwner): ReturnType<SumCache['textOf']> {
    return this.#sums.textOf(owner)
  }

  /** Forgets the warm sums of one account; the next change builds them anew. */
  drop(owner: SumOwner): void {
    this.#sums.spoilOwner(owner, this.#commit.lastPosition)
  }

  #updateMember<Answer>(
    scope: MemberScope,
    change: Change<Account, Answer>,
    once: Once<Answer> | undefined,
  ): Promise<Answer> {
    const { customerId } = scope
    const customer = this.#sums.customer(customerId)
    const member = this.#sums.member(scope)
    if (customer === undefined || member === undefined) {
      if (customerId === systemCustomerId) return Promise.reject(systemRefused())
      const owners = [{ customerId, memberId: null }, scope]
      return this.#whenLoaded(owners, () => this.#updateMember(scope, change, once))
    }
    const account = {
      system: this.#sums.system,
      customer: customer.state,
      member: member.state,
    }
    const target: Target = { customerId, customer, member }
    return this.#run(() => this.#accounts.run(target, account, { change, once }))
  }

  /** A change that throws has written nothing; its error is the caller's. */
  #run<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    if (this.#commit.isFailed || this.#commit.isFull) return Promise.reject(unavailable(undefined))
    try {
      return run()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Loads sums and runs the change on them; meanwhile they are not put out of memory for others. */
  async #whenLoaded<Answer>(
    owners: readonly SumOwner[],
    again: () => Promise<Answer>,
    wait = (work: Promise<unknown>): Promise<unknown> => this.#loader.withinDeadline(work),
  ): Promise<Answer> {
    for (const owner of owners) this.#sums.pin(owner)
    try {
      await wait(Promise.all(owners.map((owner) => this.#loader.load(owner))))
      return await again()
    } finally {
      for (const owner of owners) this.#sums.unpin(owner)
    }
  }

  async #whenOpen<Answer>(again: () => Promise<Answer>): Promise<Answer> {
    if (this.#state === 'recovering') await this.#loader.withinDeadline(this.#recovery)
    if (this.#state !== 'open') throw unavailable(undefined)
    return again()
  }

  async #writeSystem(body: EntryBody): Promise<void> {
    const change = (_state: SystemState, { nowMs }: ChangeContext) => ({
      answer: undefined,
      entries: [{ atMs: nowMs, actor: 'system', legs: [], body }],
    })
    await this.#accounts.run(systemTarget, this.#sums.system, { change })
  }

  async #expire(holds: readonly ListedHold[]): Promise<void> {
    for (let from = 0; from < holds.length; from += endsAtOnce) {
      const some = holds.slice(from, from + endsAtOnce)
      const ends = some.map((hold) => this.#endHold(hold, hold.holdId, 'expire'))
      // A hold of a damaged account waits until it is mended; a start tells it instead.
      await Promise.all(ends.map(this.#state === 'open' ? passOverDamage : passOverQuarantine))
    }
  }

  async #endHold(scope: MemberScope, holdId: HoldId, how: 'expire' | 'void'): Promise<void> {
    const { customerId, memberId } = scope
    const owner = { customerId, memberId }
    const change = endingLeftHold(holdId, how)
    // However long the sums take: a start or a recovery that gave up here would give up for everybody.
    const wait = (work: Promise<unknown>): Promise<unknown> => work
    const owners = [{ customerId, memberId: null }, owner]
    await this.#whenLoaded(owners, () => this.#updateMember(owner, change, undefined), wait)
  }

  #fail(lost: readonly JournalRow[], cause: unknown): void {
    const { log } = this.#options
    log.error('the journal could not be written; its sums are built anew', {
      cause: cause instanceof Error ? cause.message : String(cause),
      entries: lost.length,
    })
    this.#lost.add(lost)
    this.#loader.forget()
    this.#accounts.forget()
    this.#options.onForgotten()
    if (this.#state === 'open') {
      this.#state = 'recovering'
      this.#recover(retryFirstMs)
    }
  }

  #recover(retryMs: number): void {
    this.#recovery = this.#readAgain().then(
      () => {
        if (this.#state !== 'recovering') return
        this.#state = 'open'
        this.#options.log.info('the journal is open again', { position: this.durablePosition })
      },
      (cause: unknown) => {
        const message = cause instanceof Error ? cause.message : String(cause)
        this.#options.log.error('the journal is still away', { cause: message, retryMs })
        if (this.#state !== 'recovering') return
        const again = (): void => this.#recover(Math.min(retryMs * 2, retryMaxMs))
        if (cause instanceof JournalTakenError) this.#options.onTaken(cause)
        else this.#cancelRetry = this.#options.clock.after(retryMs, again)
        throw unavailable(cause)
      },
    )
    this.#recovery.catch(() => undefined)
  }

  /** A fresh connection that writes, the positions that the file has, an end to every doubtful hold. */
  async #readAgain(): Promise<void> {
    const { reader, startWriter } = this.#options
    await this.#commit.whenIdle()
    await this.#writer.close().catch(() => undefined)
    this.#writer = startWriter()
    await this.#writer.write({ kind: 'prove_writing' })
    this.#lost.check(reader, this.durablePosition)
    const last = reader.lastPosition()
    this.#loader.forget()
    this.#sums.loadSystem(reader.systemEntries(last))
    this.holds.replace(await findOpenHolds(reader, last))
    this.#commit.restart(this.#writer, last)
    this.#accounts.restart(reader.lastMs() ?? 0)
    this.#options.onForgotten()
    await this.#lost.endHolds(last, (scope, holdId) =>
      passOverDamage(this.#endHold(scope, holdId, 'void')),
    )
  }
}
