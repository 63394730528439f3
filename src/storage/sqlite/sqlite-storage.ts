import type { Account, CustomerState, SystemState } from '../../core/account.ts'
import { applyToSystem } from '../../core/apply.ts'
import { emptySystem } from '../../core/empty-state.ts'
import type { Entry } from '../../core/entry.ts'
import {
  bootId,
  systemCustomerId,
  type BootId,
  type CustomerId,
  type HoldId,
  type MemberId,
  type PersonId,
} from '../../core/ids.ts'
import { freshId } from '../../system/random.ts'
import { RecordClock } from '../../system/record-clock.ts'
import {
  UnknownScopeError,
  type BackupOptions,
  type BackupReport,
  type Change,
  type ClockCommand,
  type ClockCorrection,
  type ClockStatus,
  type CommittedScope,
  type CustomerRows,
  type EntryQuery,
  type Erasure,
  type KeyRecord,
  type MemberScope,
  type NamedCustomer,
  type NamedId,
  type OpenHoldsFacts,
  type Once,
  type Person,
  type Storage,
  type StorageHealth,
  type VerifyOptions,
  type VerifyReport,
} from '../storage.ts'
import type { ActBook, SignInAnswer, SignInDatabase } from '../console-storage.ts'
import { FolderBackups } from '../backup/folder-backups.ts'
import { BackgroundWork } from './background-work.ts'
import { CommitListeners } from './commit-listeners.ts'
import { DamageList } from '../sqlite-file/damage-list.ts'
import { StorageCheckUp } from '../sqlite-verify/storage-check-up.ts'
import { keptCopies, ownDataFolder, type DataFolder } from '../sqlite-file/data-folder.ts'
import { folderTrouble } from '../sqlite-file/folder-trouble.ts'
import type { JournalRow } from '../entry-codec.ts'
import { Quarantine } from '../quarantine.ts'
import { unavailable } from './group-commit.ts'
import { prepareJournal } from '../sqlite-file/journal-file.ts'
import type { UpgradeStep } from './migrate.ts'
import { endOf, findEntries, findHoldEntries } from '../sqlite-file/journal-queries.ts'
import { JournalReader } from '../sqlite-file/journal-reader.ts'
import type { SideWrite } from '../sqlite-log/journal-writer.ts'
import { KnownKeys } from './known-keys.ts'
import { LiveJournal } from './live-journal.ts'
import { endProcess } from './lost-batches.ts'
import { logClock } from './log-clock.ts'
import { LogKeeper } from '../sqlite-log/log-keeper.ts'
import { customerSums, memberSums, rebuild } from '../sqlite-sums/rebuild.ts'
import type { SqliteStorageOptions } from './sqlite-options.ts'
import { findAccounts, openActBook, openSignInDatabase } from '../sqlite-file/side-tables.ts'
import { SnapshotAudit } from '../sqlite-sums/snapshot-audit.ts'
import { copierWith, writerWith } from '../sqlite-log/start-threads.ts'
import { restingFor } from './resting.ts'
import { verifyJournal } from '../sqlite-verify/verify.ts'

export const snapshotEveryDefault = 256
const sealAgeMaxDefault = 1024 * 1024
const sumsMaxDefault = 20_000
const loadTimeoutMsDefault = 5000

const sweepEveryMs = 1000
const auditEveryMs = 1000
const tendLogEveryMs = 200

/**
 * The journal in one SQLite file, owned by this process. Throws `DataFolderOwnedError` when another process
 * owns it and `JournalUnusableError` when the file is damaged, foreign or newer.
 */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<Storage> {
  const folder = ownOrTell(options)
  try {
    prepareJournal(folder.journalPath, options.driver, (step) => tellUpgrade(options, step))
    const storage = new SqliteStorage(folder, options)
    await storage.open()
    return storage
  } catch (error) {
    folder.release()
    throw folderTrouble(options.dataFolder, error)
  }
}

function ownOrTell({ dataFolder, driver }: SqliteStorageOptions): DataFolder {
  try {
    return ownDataFolder(dataFolder, driver)
  } catch (error) {
    throw folderTrouble(dataFolder, error)
  }
}

function tellUpgrade({ log, onUpgrade }: SqliteStorageOptions, step: UpgradeStep): void {
  log.info(step.isDone ? 'the journal has its new format' : 'the journal gets a new format', step)
  onUpgrade?.(step)
}

class SqliteStorage implements Storage {
  readonly bootId: BootId
  readonly acts: ActBook
  readonly quarantine: Quarantine
  readonly #signIn: SignInDatabase
  readonly #folder: DataFolder
  readonly #options: SqliteStorageOptions
  readonly #reader: JournalReader
  readonly #journal: LiveJournal
  readonly #audit: SnapshotAudit
  readonly #logKeeper: LogKeeper
  readonly #damage: DamageList
  readonly #checkUp: StorageCheckUp
  readonly #recordClock: RecordClock
  readonly #keys: KnownKeys
  readonly #listeners: CommitListeners
  readonly #background: BackgroundWork
  readonly #backups: FolderBackups
  #isClosed = false

  constructor(folder: DataFolder, options: SqliteStorageOptions) {
    const { clock, log, random, version } = options
    const startWriter = options.startWriter ?? writerWith(options.driver)
    this.#folder = folder
    this.#options = options
    this.#listeners = new CommitListeners(log)
    this.bootId = bootId(freshId(random, 'boot'))
    this.#reader = new JournalReader(folder.journalPath, options.driver)
    this.#keys = new KnownKeys((keyHash) => this.#reader.findKey(keyHash))
    this.#recordClock = new RecordClock({
      clock,
      lastMs: this.#reader.lastMs(),
      onChange: (status) => logClock(log, status),
    })
    this.quarantine = new Quarantine(clock, log)
    this.#journal = new LiveJournal({
      reader: this.#reader,
      startWriter: () => startWriter(folder.journalPath),
      clock,
      recordClock: this.#recordClock,
      log,
      bootId: this.bootId,
      version,
      snapshotEvery: options.snapshotEvery ?? snapshotEveryDefault,
      sealAgeMax: options.sealAgeMax ?? sealAgeMaxDefault,
      sumsMax: options.sumsMax ?? sumsMaxDefault,
      loadTimeoutMs: options.loadTimeoutMs ?? loadTimeoutMsDefault,
      lingerMs: options.lingerMs ?? 0,
      quarantine: this.quarantine,
      onDurable: (rows) => this.#onDurable(rows),
      onForgotten: () => this.#keys.forget(),
      onTaken: options.onTaken ?? endProcess,
    })
    const beside = {
      reader: this.#reader,
      write: (side: SideWrite) => this.#write(side),
      nowMs: () => this.recordNowMs(),
    }
    this.#signIn = openSignInDatabase(beside)
    this.acts = openActBook(beside)
    const { journalPath } = folder
    this.#backups = new FolderBackups({ folder: options.dataFolder, journalPath, clock, log })
    this.#background = new BackgroundWork(clock, log)
    this.#audit = new SnapshotAudit(this.#reader, this.#journal)
    this.#damage = new DamageList(clock, log)
    const found = { damage: this.#damage, quarantine: this.quarantine }
    this.#checkUp = new StorageCheckUp({ folder: options.dataFolder, clock, ...found })
    this.#logKeeper = new LogKeeper({
      copier: (options.startCopier ?? copierWith(options.driver))(folder.journalPath),
      askWriter: (work) => this.#journal.writer.tendLog(work),
      clock,
      log,
    })
  }

  async open(): Promise<void> {
    try {
      await this.#journal.open()
    } catch (error) {
      await this.#journal.close().catch(() => undefined)
      this.#reader.close()
      throw error
    }
    this.#background.repeat('sweep', sweepEveryMs, () => this.#journal.sweep())
    this.#background.repeat('audit', auditEveryMs, () => this.#audit.checkNext())
    this.#background.repeat('log', tendLogEveryMs, () => this.#logKeeper.tend())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#background.stop()
    try {
      await this.#backups.close()
      await this.#logKeeper.close().catch(() => undefined)
      await this.#journal.close()
    } finally {
      this.#reader.close()
      this.#folder.release()
    }
  }

  update<Answer>(
    scope: MemberScope,
    change: Change<Account, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer> {
    const own = this.quarantine.guard(scope.customerId, change)
    return this.#damage.watch(scope, this.#journal.update(scope, own, once))
  }

  updateCustomer<Answer>(
    customerId: CustomerId,
    change: Change<{ system: SystemState; customer: CustomerState }, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer> {
    const scope = { customerId, memberId: null }
    const own = this.quarantine.guard(customerId, change)
    return this.#damage.watch(scope, this.#journal.updateCustomer(customerId, own, once))
  }

  updateSystem<Answer>(change: Change<SystemState, Answer>, once?: Once<Answer>): Promise<Answer> {
    return this.#journal.updateSystem(change, once)
  }

  async accountAt(scope: MemberScope, position: number): Promise<Account> {
    const until = Math.min(position, this.durablePosition)
    const checkCurrent = (): void => this.#assertOpen()
    const system = emptySystem()
    for (const entry of this.#reader.systemEntries(until)) applyToSystem(system, entry)
    const shared = { customerId: scope.customerId, memberId: null }
    const customer = await rebuild(this.#reader, customerSums, {
      owner: shared,
      until,
      checkCurrent,
    })
    const member = await rebuild(this.#reader, memberSums, { owner: scope, until, checkCurrent })
    if (scope.customerId === systemCustomerId || member.lastPosition === 0) {
      throw new UnknownScopeError(
        `No member ${scope.memberId} of customer ${scope.customerId} was there at position ${position}`,
      )
    }
    return { system, customer: customer.state, member: member.state }
  }

  entries(query: EntryQuery): Promise<readonly Entry[]> {
    return findEntries(this.#reader, query, this.durablePosition)
  }

  async findHoldEnd(memberId: MemberId, holdId: HoldId): Promise<Entry | undefined> {
    return endOf(await this.holdEntries(holdId), memberId)
  }

  holdEntries(holdId: HoldId): Promise<readonly Entry[]> {
    return findHoldEntries(this.#reader, holdId, this.durablePosition)
  }

  openHoldCount(customerId: CustomerId): number {
    return this.#journal.holds.count(customerId)
  }

  openHolds(oldestMax = 0): OpenHoldsFacts {
    const { holds } = this.#journal
    return { ...holds.summary(this.recordNowMs()), oldest: holds.list(oldestMax) }
  }

  async findKey(keyHash: string): Promise<KeyRecord | undefined> {
    return this.#keys.record(keyHash)
  }

  async members(customerId?: CustomerId): Promise<readonly MemberScope[]> {
    return this.#reader.members(customerId)
  }

  async customers(rows: CustomerRows): Promise<readonly NamedCustomer[]> {
    return this.#reader.customers(rows, this.durablePosition)
  }

  async putPerson(person: Person): Promise<void> {
    await this.#write({ kind: 'put_person', person })
  }

  async putPersonOnce(person: Person): Promise<void> {
    await this.#write({ kind: 'put_person', person, isOnce: true })
  }

  async findPerson(id: NamedId): Promise<Person | undefined> {
    return this.#reader.findPerson(id)
  }

  async persons(): Promise<readonly Person[]> {
    return this.#reader.persons()
  }

  async erasePersons(ids: readonly NamedId[]): Promise<Erasure> {
    await this.#write({ kind: 'erase_persons', ids })
    const copies = keptCopies(this.#options.dataFolder)
    return { isComplete: await this.#logKeeper.empty(), copies }
  }

  async accountsOf(scope: Parameters<Storage['accountsOf']>[0]): Promise<readonly PersonId[]> {
    return findAccounts(this.#reader, scope)
  }

  signInDatabase(): SignInDatabase {
    return this.#signIn
  }

  async secret(name: string, make: () => string): Promise<string> {
    const known = this.#reader.findSecret(name)
    if (known !== undefined) return known
    // Two callers may make one each; the first that is written stays, and both read that one.
    await this.#write({ kind: 'put_secret', name, value: make() })
    const value = this.#reader.findSecret(name)
    if (value === undefined) throw new Error(`The secret "${name}" was written and is not there`)
    return value
  }

  async replaceSecret(name: string, value: string): Promise<void> {
    await this.#write({ kind: 'put_secret', name, value, isReplacing: true })
  }

  async verify(options: VerifyOptions): Promise<VerifyReport> {
    const { clock, verifyShare } = this.#options
    const resting = verifyShare === undefined ? {} : { rest: restingFor(clock, verifyShare) }
    const verified = await verifyJournal(this.#reader, this.#journal, { ...options, ...resting })
    this.#checkUp.noteVerify(verified)
    return verified.report
  }

  backup(options: BackupOptions): Promise<BackupReport> {
    return this.#backups.take(options)
  }

  health(): Promise<StorageHealth> {
    return this.#checkUp.facts({
      log: this.#logKeeper.facts,
      awaySinceMs: this.#journal.awaySinceMs,
      lastBackup: this.#backups.last,
    })
  }

  get durablePosition(): number {
    return this.#journal.durablePosition
  }

  onCommit(listener: (changed: readonly CommittedScope[]) => void): () => void {
    return this.#listeners.add(listener)
  }

  recordNowMs(): number {
    return this.#recordClock.nowMs()
  }

  clockStatus(): ClockStatus {
    return { ...this.#recordClock.status(), correctsToMs: this.#journal.correctedMs() ?? null }
  }

  corroborateClock(dateMs: number): void {
    this.#recordClock.corroborate(dateMs)
  }

  adoptWallClock(): void {
    this.#recordClock.adoptWall()
  }

  correctClock(command: ClockCommand): Promise<ClockCorrection> {
    return this.#journal.correctClock(command)
  }

  async #write(side: SideWrite): Promise<SignInAnswer> {
    try {
      const answer = await this.#journal.writer.write(side)
      this.#logKeeper.noteWrite()
      return answer
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('The storage is closed')
  }

  #onDurable(rows: readonly JournalRow[]): void {
    this.#logKeeper.noteWrite()
    this.#keys.note(rows)
    this.#listeners.tell(rows)
  }
}
