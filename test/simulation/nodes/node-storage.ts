import type { Account, CustomerState, SystemState } from '../../../src/core/account.ts'
import { bootId, systemCustomerId, type BootId, type CustomerId } from '../../../src/core/ids.ts'
import { BackgroundWork } from '../../../src/storage/sqlite/background-work.ts'
import { CommitListeners } from '../../../src/storage/sqlite/commit-listeners.ts'
import type { JournalRow } from '../../../src/storage/entry-codec.ts'
import { endingLeftHold } from '../../../src/storage/left-hold.ts'
import { Quarantine } from '../../../src/storage/quarantine.ts'
import { passOverQuarantine } from '../../../src/storage/sqlite-file/damage-list.ts'
import {
  BackupError,
  ClockNotCorrectableError,
  UnknownScopeError,
  type BackupReport,
  type Change,
  type ClockCorrection,
  type ClockStatus,
  type CommittedScope,
  type MemberScope,
  type Once,
  type OpenHoldsFacts,
  type Storage,
  type StorageHealth,
  type VerifyOptions,
  type VerifyReport,
} from '../../../src/storage/storage.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Logger } from '../../../src/system/logger.ts'
import { freshId, type Random } from '../../../src/system/random.ts'
import type { DatabaseHold, NodeName, Wire } from './database-types.ts'
import { JournalView } from './journal-view.ts'
import { NodeChanges } from './node-changes.ts'
import type { SharedDatabase } from './shared-database.ts'
import { verifyDatabase } from './verify-database.ts'

export type NodeOptions = {
  readonly database: SharedDatabase
  readonly wire: Wire
  /** Its row among the leases; no two processes have one at a time. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly version: string
  /** Another process took this one's name: it must not serve any more. */
  readonly onFenced: () => void
}

const sweepEveryMs = 1000

/** The storage of one node of several, over the database that they share. */
export async function openNodeStorage(options: NodeOptions): Promise<NodeStorage> {
  const storage = new NodeStorage(options)
  await storage.open()
  return storage
}

export class NodeStorage extends JournalView implements Storage {
  readonly bootId: BootId
  readonly quarantine: Quarantine
  readonly #node: NodeName
  readonly #options: NodeOptions
  readonly #changes: NodeChanges
  readonly #listeners: CommitListeners
  readonly #background: BackgroundWork
  #lastVerify: StorageHealth['lastVerify'] = null
  #open: readonly (DatabaseHold & { readonly dueMs: number })[] = []
  #isClosed = false

  constructor(options: NodeOptions) {
    const { database, wire, name, clock, random, log } = options
    super(database, wire, () => this.recordNowMs())
    this.bootId = bootId(freshId(random, 'boot'))
    this.#node = { name, bootId: this.bootId }
    this.#options = options
    this.#listeners = new CommitListeners(log)
    this.#background = new BackgroundWork(clock, log)
    this.quarantine = new Quarantine(clock, log)
    this.#changes = new NodeChanges({ ...options, node: this.#node, quarantine: this.quarantine })
  }

  /** Takes its name, which proves an older process of that name dead, and ends what it and others left behind. */
  async open(): Promise<void> {
    const { version } = this.#options
    const { bootId: ownId } = this
    await this.wire.ask('register', () => this.database.register(this.#node))
    await this.updateSystem((_system, { nowMs }) => ({
      answer: undefined,
      entries: [
        { atMs: nowMs, actor: 'system', legs: [], body: { kind: 'boot', bootId: ownId, version } },
      ],
    }))
    for (const hold of await this.#leftHolds()) await this.#expire(hold)
    await this.#lookAtHolds()
    this.#background.repeat('sweep', sweepEveryMs, () => this.#sweep())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#background.stop()
    await this.#changes.close()
    await this.wire.ask('leave', () => this.database.leave(this.#node)).catch(() => undefined)
  }

  /** The database tells every node of every commit. */
  hear(rows: readonly JournalRow[], position: number): void {
    this.#changes.hear(position)
    this.#listeners.tell(rows)
  }

  update<Answer>(
    scope: MemberScope,
    change: Change<Account, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer> {
    const { customerId, memberId } = scope
    if (customerId === systemCustomerId) return Promise.reject(systemRefused())
    const own = this.quarantine.guard(customerId, change)
    return this.#changes.run(scope, {
      once,
      change: (sums, context) => own(sums.account(memberId), context),
    })
  }

  updateCustomer<Answer>(
    customerId: CustomerId,
    change: Change<{ system: SystemState; customer: CustomerState }, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer> {
    if (customerId === systemCustomerId) return Promise.reject(systemRefused())
    const own = this.quarantine.guard(customerId, change)
    return this.#changes.run(
      { customerId, memberId: null },
      {
        once,
        change: ({ system, state }, context) => own({ system, customer: state }, context),
      },
    )
  }

  updateSystem<Answer>(change: Change<SystemState, Answer>, once?: Once<Answer>): Promise<Answer> {
    return this.#changes.run(
      { customerId: systemCustomerId, memberId: null },
      { once, change: ({ system }, context) => change(system, context) },
    )
  }

  /** Within a change, what the database says in the transaction of that change. */
  openHoldCount(customerId: CustomerId): number {
    return this.#changes.sums.customer(customerId).holds.length
  }

  /** As the last round of this node saw them. */
  openHolds(oldestMax = 0): OpenHoldsFacts {
    const elapsedMs = this.#options.clock.elapsedMs()
    const dueMs = this.#open.map((hold) => hold.dueMs)
    const firstEndMs =
      dueMs.length === 0 ? null : this.recordNowMs() + Math.min(...dueMs) - elapsedMs
    const oldest = this.#open
      .slice(0, oldestMax)
      .map(({ customerId, memberId, holdId, position }) => ({
        customerId,
        memberId,
        holdId,
        position,
      }))
    return { count: this.#open.length, firstEndMs, oldest }
  }

  async verify(options: VerifyOptions): Promise<VerifyReport> {
    const sums = this.#changes.sums.all()
    const report = await this.wire.ask('verify', () => verifyDatabase(this.database, sums, options))
    const { faults, drifts } = report
    const counts = { faultCount: faults.length, driftCount: drifts.length }
    this.#lastVerify = { atMs: this.recordNowMs(), ...counts }
    this.quarantine.lift(() => faults.length === 0)
    return report
  }

  backup(): Promise<BackupReport> {
    const message = 'The database of several nodes is backed up by its own means'
    return Promise.reject(new BackupError('backup_place', message))
  }

  health(): Promise<StorageHealth> {
    return Promise.resolve({
      logBytes: 0,
      logBytesMax: 1,
      lastCheckpointAtMs: null,
      diskFreeBytes: null,
      lastBackup: null,
      lastVerify: this.#lastVerify,
      problems: this.quarantine.problems(),
    })
  }

  get durablePosition(): number {
    return this.#changes.position
  }

  onCommit(listener: (changed: readonly CommittedScope[]) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Never ahead of the database's own, which alone counts. */
  recordNowMs(): number {
    return this.#changes.nowMs()
  }

  clockStatus(): ClockStatus {
    const recordMs = this.recordNowMs()
    const wallMs = this.#options.clock.wallMs()
    const isRight = { isJumpHeld: false, isBehind: false, correctsToMs: null, witness: null }
    return { recordMs, wallMs, driftMs: Math.round(wallMs - recordMs), ...isRight }
  }

  /** The clock of a node decides nothing: there is nothing to confirm, to follow or to undo. */
  corroborateClock(): void {}

  adoptWallClock(): void {}

  correctClock(): Promise<ClockCorrection> {
    return Promise.reject(new ClockNotCorrectableError('The clock is that of the database'))
  }

  /** Says that this node lives, ends what others left, and what it does not know of its own. */
  async #sweep(): Promise<void> {
    const isOwn = await this.wire.ask('renew', () => this.database.renew(this.#node))
    if (!isOwn) return this.#options.onFenced()
    await this.#changes.endDoubtful()
    for (const hold of await this.#leftHolds()) await this.#expire(hold)
    await this.#lookAtHolds()
  }

  #leftHolds(): Promise<readonly DatabaseHold[]> {
    return this.wire.ask('left holds', () => this.database.leftHolds(this.#node))
  }

  async #lookAtHolds(): Promise<void> {
    const holds = await this.wire.ask('holds', () => this.database.holds())
    const elapsedMs = this.#options.clock.elapsedMs()
    this.#open = holds.map((hold) => ({ ...hold, dueMs: elapsedMs + hold.leftMs }))
  }

  async #expire({ customerId, memberId, holdId }: DatabaseHold): Promise<void> {
    const change = endingLeftHold(holdId, 'expire')
    const ending = this.#changes.run(
      { customerId, memberId },
      {
        once: undefined,
        onlyIfLeft: holdId,
        change: (sums, context) => change(sums.account(memberId), context),
      },
    )
    await passOverQuarantine(ending)
  }
}

const systemRefused = (): UnknownScopeError =>
  new UnknownScopeError('Entries of the installation itself are written by updateSystem')
