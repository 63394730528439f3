import type { Account, CustomerState, SystemState } from '../core/account.ts'
import type { Actor, DriftReport, Entry, EntryDraft, EntryKind } from '../core/entry.ts'
import type {
  BootId,
  CustomerId,
  HoldId,
  KeyId,
  MemberId,
  OperationId,
  PersonId,
} from '../core/ids.ts'
import type { ActBook, SignInDatabase } from './console-storage.ts'

/**
 * The journal and what stands beside it. SQLite implements it now, PostgreSQL has to pass the same
 * contract suite (`test/contract/storage.ts`).
 *
 * What always holds, whoever implements it:
 * - A change sees running sums that this process built from journal entries, never a stored derivation
 *   that it did not check against the journal (R1, R2).
 * - `update` resolves only when every entry that its change wrote *or read* is durable (R3), also when the
 *   change wrote nothing. When a commit fails or its outcome is unknown, everything that was built on it
 *   rejects with `StorageUnavailableError`, and its sums are forgotten.
 * - Changes of one customer run one after another, each on the result of the one before.
 * - A change whose entries would break an invariant (core/invariants.ts) writes nothing, and its customer's changes are
 *   refused with `StorageUnavailableError` until a `verify` finds its books sound.
 */
export interface Storage {
  /**
   * Runs `change` on one member's account. The change is pure and synchronous: nothing waits while it runs.
   * With `once`, a change whose idempotency key the customer used before does not run again (R4).
   */
  update<Answer>(
    scope: MemberScope,
    change: Change<Account, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer>
  /** The same for the customer's shared rows alone (top-ups, switches, caps). */
  updateCustomer<Answer>(
    customerId: CustomerId,
    change: Change<{ system: SystemState; customer: CustomerState }, Answer>,
    once?: Once<Answer>,
  ): Promise<Answer>
  /** The same for plans, prices and the node's own entries. */
  updateSystem<Answer>(change: Change<SystemState, Answer>, once?: Once<Answer>): Promise<Answer>

  /** The account as it was after the entry at `position`: the same fold that decisions use, over a prefix. */
  accountAt(scope: MemberScope, position: number): Promise<Account>
  /** Entries in journal order. */
  entries(query: EntryQuery): Promise<readonly Entry[]>
  /** The entry that ended this hold, if any; of several (expired, then settled late) the last. */
  findHoldEnd(memberId: MemberId, holdId: HoldId): Promise<Entry | undefined>
  /** Every entry of one hold, oldest first: placed, grown, ended. Empty for an unknown hold. */
  holdEntries(holdId: HoldId): Promise<readonly Entry[]>
  /** How many holds of this customer's members are open now, on this node. */
  openHoldCount(customerId: CustomerId): number
  /** All open holds of this node, the end of the one that expires first, and where the oldest were placed. */
  openHolds(oldestMax?: number): OpenHoldsFacts

  findKey(keyHash: string): Promise<KeyRecord | undefined>
  members(customerId?: CustomerId): Promise<readonly MemberScope[]>
  /** Customers in the order in which they were opened, with their names: what a search looks through. */
  customers(page: CustomerRows): Promise<readonly NamedCustomer[]>

  /** Names and addresses, kept apart from the journal so that they can be erased (R6). */
  putPerson(person: Person): Promise<void>
  /** Does nothing for an id that has, or ever had, a name: what was erased does not come back by a repeat. */
  putPersonOnce(person: Person): Promise<void>
  findPerson(id: NamedId): Promise<Person | undefined>
  /** Those of accounts at the console among them. */
  persons(): Promise<readonly Person[]>
  /**
   * Their names and addresses are gone from every file of the storage once `isComplete`; so are the accounts at the
   * console that have one of these ids, with passwords, sessions and links.
   */
  erasePersons(ids: readonly NamedId[]): Promise<Erasure>
  /** Who has an account at the console for this customer, or for one member of it. */
  accountsOf(scope: {
    readonly customerId: CustomerId
    readonly memberId?: MemberId
  }): Promise<readonly PersonId[]>

  /** Where the console's accounts and sessions are kept, for the library that keeps them. */
  signInDatabase(): SignInDatabase
  /** What was done at the admin API and is no journal entry. */
  readonly acts: ActBook

  /** A secret of this installation (operator token hash, decision signing key), made once and kept. */
  secret(name: string, make: () => string): Promise<string>
  /** Takes the place of the one that was kept, for good. */
  replaceSecret(name: string, value: string): Promise<void>

  /** Recomputes everything: chains, sums, snapshots, holds. Reports; heals stored derivations when asked. */
  verify(options: VerifyOptions): Promise<VerifyReport>

  /**
   * Writes a copy of everything at one journal position while the storage goes on, checks it as `verify` does, and
   * only then gives it its name. Throws `BackupError`; then there is no file, or the one that was there before.
   */
  backup(options: BackupOptions): Promise<BackupReport>

  /** Throws `StorageUnavailableError` for a customer in quarantine: nothing is decided for it, also no refusal. */
  readonly quarantine: { assertServed(customerId: CustomerId): void; endWithProcess(): void }

  /** What a check-up shows of the storage itself: its log, its disk, its backups, and what is wrong. */
  health(): Promise<StorageHealth>

  /** This process's boot; holds of older boots were expired before the storage opened for business. */
  readonly bootId: BootId
  /** The position of the last durable entry. */
  readonly durablePosition: number
  /** Calls back after each commit with the scopes that changed; returns how to stop. */
  onCommit(listener: (changed: readonly CommittedScope[]) => void): () => void

  /** The clock of record: goes back by a correction only, and does not follow a jump of the wall clock unasked. */
  recordNowMs(): number
  /** The clock of record beside the wall clock, for health pages and alerts. */
  clockStatus(): ClockStatus
  /** Tells the clock of record an outside moment, such as an upstream's Date header. */
  corroborateClock(dateMs: number): void
  /** The operator's word that the wall clock is right: the clock of record takes it at once. */
  adoptWallClock(): void
  /**
   * Undoes jumps that were wrong: the clock of record goes back to wall time, yet not before the first of
   * them, by an entry. Throws `ClockNotCorrectableError` when the wall clock is behind no jump.
   */
  correctClock(command: ClockCommand): Promise<ClockCorrection>
  close(): Promise<void>
}

export type MemberScope = { readonly customerId: CustomerId; readonly memberId: MemberId }

export type OpenHoldsFacts = {
  readonly count: number
  readonly firstEndMs: number | null
  /** In journal order. */
  readonly oldest: readonly (MemberScope & { readonly holdId: HoldId; readonly position: number })[]
}

export type CustomerRows = { readonly afterPosition: number; readonly rowsMax: number }

export type NamedCustomer = {
  readonly customerId: CustomerId
  /** Of the entry that opened it. */
  readonly position: number
  readonly name: string | null
}

/** A changed customer, and its member when the entry was a member's own. */
export type CommittedScope = { readonly customerId: CustomerId; readonly memberId: MemberId | null }

export type ClockStatus = {
  readonly recordMs: number
  readonly wallMs: number
  /** Wall time less the clock of record: positive while the wall clock is ahead. */
  readonly driftMs: number
  /** Set while a forward jump of the wall clock is held back: a person should look. */
  readonly isJumpHeld: boolean
  /** Set while the wall clock is minutes behind: it was set back, or a jump was followed that was wrong. */
  readonly isBehind: boolean
  /** Where `correctClock` would put the clock; null while there is nothing to correct. */
  readonly correctsToMs: number | null
  /** The last outside date that was heard (the upstream's), and how long ago; null when none was. */
  readonly witness: { readonly dateMs: number; readonly ageMs: number } | null
}

export type ClockCommand = { readonly operationId: OperationId; readonly actor: Actor }

/** From when to when the clock of record went back. */
export type ClockCorrection = { readonly fromMs: number; readonly toMs: number }

/**
 * One command's idempotency key (R4). The key belongs to one customer; its first entry with this
 * `operationId` is the witness. Other content under the same key is an `OperationConflictError`.
 */
export type Once<Answer> = {
  readonly operationId: OperationId
  readonly operationDigest: string
  /** The first run's answer, made from its journal entry. */
  readonly answerAgain: (first: Entry) => Answer
}

export type ChangeContext = {
  readonly nowMs: number
  /** Of the last entry that the change can have read. */
  readonly position: number
  /** That the first entry written by the change will get. */
  readonly nextPosition: number
}

export type Changed<Answer> = {
  readonly answer: Answer
  /** Written in this order, in one transaction; none for a refusal. */
  readonly entries: readonly NewEntry[]
}

export type NewEntry = EntryDraft & {
  /** Set when the entry belongs to a member; absent for the customer's shared rows. */
  readonly memberId?: MemberId
}

export type Change<State, Answer> = (state: State, context: ChangeContext) => Changed<Answer>

export type EntryQuery = {
  readonly customerId?: CustomerId
  readonly memberId?: MemberId
  readonly afterPosition?: number
  readonly beforePosition?: number
  readonly operationId?: OperationId
  /** Only entries that change the customer's shared rows (`touchesCustomer` in core/apply.ts). */
  readonly isShared?: boolean
  /** Only entries of this kind; meant for the rare ones (openings, keys, drifts), which are indexed. */
  readonly kind?: EntryKind
  /** Only entries of these kinds. With one of traffic among them, positions bound what is looked through. */
  readonly kinds?: readonly EntryKind[]
  /** Only entries whose stored body holds this text; looks through all that the rest of the query names. */
  readonly bodyText?: string
  /** Newest first when set; else oldest first. */
  readonly isNewestFirst?: boolean
  /** At most this many; default and maximum 1,000. */
  readonly rowsMax?: number
}

export type KeyRecord = {
  readonly keyId: KeyId
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly isRevoked: boolean
}

/** What can have a name. */
export type NamedId = CustomerId | MemberId | KeyId | PersonId

export type Person = {
  readonly id: NamedId
  readonly name: string
  readonly email: string | null
}

export type VerifyOptions = {
  /** Rewrite stored derivations that differ, and record the drift in the journal. */
  readonly isHealing: boolean
  readonly actor: Actor
  /** Called now and then with how far it is. */
  readonly onProgress?: (done: number, total: number) => void
}

export type VerifyReport = {
  readonly entryCount: number
  readonly customerCount: number
  readonly memberCount: number
  readonly openHoldCount: number
  /** Broken chains, unbalanced or impossible entries: the journal itself is damaged. */
  readonly faults: readonly string[]
  /** Stored derivations that differ from the journal. */
  readonly drifts: readonly DriftReport[]
  readonly isHealed: boolean
}

export type BackupOptions = {
  /** An absolute path outside the storage's own place. */
  readonly file: string
  /** An older backup at that path is replaced; anything else never is. */
  readonly isReplacing: boolean
  readonly onProgress?: (progress: BackupProgress) => void
}

export type BackupProgress = {
  readonly phase: 'copy' | 'check'
  readonly done: number
  readonly total: number
}

/** What a journal file that nobody uses says, recomputed; it is sound when there are no faults. */
export type CheckedJournal = {
  /** Of its last entry, and so how many entries it has. */
  readonly position: number
  readonly lastEntryAtMs: number | null
  readonly customerCount: number
  readonly memberCount: number
  readonly openHoldCount: number
  readonly faults: readonly string[]
}

export type BackupReport = CheckedJournal & {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** A backup or a restore that did not happen; what was there before is as it was. */
export class BackupError extends Error {
  readonly code:
    | 'backup_exists'
    | 'backup_place'
    | 'backup_failed'
    | 'backup_damaged'
    | 'backup_running'

  constructor(code: BackupError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * What was erased cannot be read by anybody. `isComplete` is false while a reader of an old state keeps it in a
 * file all the same; the storage goes on trying, and `health` says `erasure-open` until it is gone. `copies` are files
 * that were kept before an upgrade or a restore: nothing changes them, so they may hold it until somebody removes them.
 */
export type Erasure = { readonly isComplete: boolean; readonly copies: readonly string[] }

export type StorageHealth = {
  /** Bytes written that a start has to read again, and what they are kept below. */
  readonly logBytes: number
  readonly logBytesMax: number
  /** When the log was last copied into the journal file; null: not since this boot. */
  readonly lastCheckpointAtMs: number | null
  /** Space that is left for the data folder; null where the system does not say. */
  readonly diskFreeBytes: number | null
  /** The last backup of this folder that was checked and found right. */
  readonly lastBackup: { readonly position: number; readonly atMs: number } | null
  /** The last `verify` of this boot that ran to its end. */
  readonly lastVerify: {
    readonly atMs: number
    readonly faultCount: number
    readonly driftCount: number
  } | null
  readonly problems: readonly StorageProblem[]
}

export type StorageProblem = {
  readonly name:
    | 'journal-away'
    | 'journal-damaged'
    | 'customer-quarantined'
    | 'log-too-long'
    | 'erasure-open'
    | 'disk-low'
  readonly message: string
  readonly remedy: string
  /** Null where nobody noticed when it began. */
  readonly sinceMs: number | null
}

/** Storage is away, full or unsure what it committed. Callers answer 503, never "out" (D12). */
export class StorageUnavailableError extends Error {
  readonly code = 'limits_unavailable'
  /** The entry that is damaged, where that is the reason: then waiting does not help. */
  readonly damagedPosition: number | null = null
}

/** The same idempotency key was used before with other content (R4). */
export class OperationConflictError extends Error {
  readonly code = 'operation_conflict'
}

/**
 * A change wrote an idempotency key that its customer had used before, with the same content, and was not
 * applied. `first` is the durable entry of the first run. Calls that pass `once` never see this.
 */
export class OperationRepeatedError extends Error {
  readonly code = 'operation_repeated'
  readonly first: Entry
  constructor(first: Entry) {
    super('This operation was carried out before; its first answer stands')
    this.first = first
  }
}

/** The clock of record took no jump that the wall clock now lies before. */
export class ClockNotCorrectableError extends Error {
  readonly code = 'clock_not_correctable'
}

/** Another process owns this data folder. */
export class DataFolderOwnedError extends Error {
  readonly code = 'data_folder_owned'
}

/** The data folder cannot be read or written as it has to be; a person has to see to the disk or to rights. */
export class DataFolderUnusableError extends Error {
  readonly code = 'data_folder_unusable'
}

/** The files are not a Plimsoll journal, are damaged, or come from a newer version. */
export class JournalUnusableError extends Error {
  readonly code = 'journal_unusable'
}

/** Somebody else wrote the journal, or put another one in its place, while this process owned it. */
export class JournalTakenError extends Error {
  readonly code = 'journal_taken'
}

/** No such customer or member. */
export class UnknownScopeError extends Error {
  readonly code = 'unknown_scope'
}
