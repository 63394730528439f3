import { touchesCustomer } from '../../../src/core/apply.ts'
import type { Entry } from '../../../src/core/entry.ts'
import { systemCustomerId, type CustomerId, type HoldId } from '../../../src/core/ids.ts'
import { BrokenInvariantError } from '../../../src/core/invariants.ts'
import { encodeEntry, type JournalRow } from '../../../src/storage/entry-codec.ts'
import { endingLeftHold } from '../../../src/storage/left-hold.ts'
import type { Quarantine } from '../../../src/storage/quarantine.ts'
import {
  OperationConflictError,
  OperationRepeatedError,
  StorageUnavailableError,
  type Change,
  type Changed,
  type ChangeContext,
  type CommittedScope,
  type NewEntry,
  type Once,
} from '../../../src/storage/storage.ts'
import type { Clock } from '../../../src/system/clock.ts'
import type { Logger } from '../../../src/system/logger.ts'
import type { CommitAnswer, NodeName, Snapshot, Wire } from './database-types.ts'
import { CommitDoubts, type DoubtfulHold } from './commit-doubts.ts'
import { NodeSums, type CustomerSums } from './node-sums.ts'
import type { SharedDatabase } from './shared-database.ts'

/** When others change the same customer all the time, so many attempts are made. */
const attemptsMax = 32

export type Job<Answer> = {
  readonly change: Change<CustomerSums, Answer>
  readonly once: Once<Answer> | undefined
  /** Committed only while nobody is left to end this hold. */
  readonly onlyIfLeft?: HoldId
}

/** What a change is told beside the sums. */
type Moment = Pick<Snapshot, 'nowMs' | 'lastMs'> & { readonly nextPosition: number }

const momentOf = (snapshot: Snapshot): Moment => ({
  ...snapshot,
  nextPosition: snapshot.position + 1,
})

type Turn = {
  last: Promise<unknown>
  /** Raised when a commit's outcome is not known: whoever waits behind it is told so. */
  doubts: number
}

/**
 * Runs changes on a node. Each attempt asks the database for what is new, folds it, runs the pure change, and hands
 * its entries back under the condition that nothing newer came in between; what came in between is read, and the
 * change runs again. A change that writes nothing rests on the transaction in which it asked.
 */
export class NodeChanges {
  readonly sums = new NodeSums()
  position = 0
  readonly #database: SharedDatabase
  readonly #wire: Wire
  readonly #node: NodeName
  readonly #clock: Clock
  readonly #log: Logger
  readonly #onFenced: () => void
  readonly #quarantine: Quarantine
  readonly #turns = new Map<CustomerId, Turn>()
  readonly #doubts = new CommitDoubts()
  #commits = 0
  #isClosed = false
  #isAway = false
  /** The last moment that the database told, and when, by this node's own time. */
  #told: { readonly nowMs: number; readonly elapsedMs: number } | undefined

  constructor(options: {
    readonly database: SharedDatabase
    readonly wire: Wire
    readonly node: NodeName
    readonly clock: Clock
    readonly log: Logger
    readonly onFenced: () => void
    readonly quarantine: Quarantine
  }) {
    this.#database = options.database
    this.#wire = options.wire
    this.#node = options.node
    this.#clock = options.clock
    this.#log = options.log
    this.#onFenced = options.onFenced
    this.#quarantine = options.quarantine
  }

  nowMs(): number {
    if (this.#told === undefined) return this.#clock.wallMs()
    const { nowMs, elapsedMs } = this.#told
    return Math.floor(nowMs + this.#clock.elapsedMs() - elapsedMs)
  }

  hear(position: number): void {
    this.position = Math.max(this.position, position)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled([...this.#turns.values()].map(({ last }) => last))
  }

  /** Changes of one customer run one after another on this node; those of other nodes are found at the commit. */
  run<Answer>(scope: CommittedScope, job: Job<Answer>): Promise<Answer> {
    const { customerId } = scope
    return this.#inTurn(customerId, async () => {
      await this.#endDoubtsOf(customerId)
      return this.#attemptAll(scope, job)
    })
  }

  async endDoubtful(): Promise<void> {
    for (const customerId of this.#doubts.customers) {
      await this.#inTurn(customerId, () => this.#endDoubtsOf(customerId))
    }
  }

  #inTurn<Answer>(customerId: CustomerId, work: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#turns.get(customerId) ?? { last: Promise.resolve(), doubts: 0 }
    this.#turns.set(customerId, turn)
    const { doubts } = turn
    const result = turn.last.then(() => {
      if (this.#isClosed || turn.doubts !== doubts) throw unavailable(undefined)
      return work()
    })
    turn.last = result.catch(() => undefined)
    return result
  }

  async #attemptAll<Answer>(scope: CommittedScope, job: Job<Answer>): Promise<Answer> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const done = await this.#attempt(scope, job)
      if (done !== null) return done.answer
    }
    throw new StorageUnavailableError(
      'Limits cannot be checked right now: other servers change this customer all the time. Try again shortly.',
    )
  }

  /** Null when somebody else was faster. */
  async #attempt<Answer>(
    scope: CommittedScope,
    job: Job<Answer>,
  ): Promise<{ readonly answer: Answer } | null> {
    const { once } = job
    const stale = this.#refuseFromOldSums(scope, job)
    if (stale !== null) return stale
    const snapshot = await this.#read(scope.customerId, once)
    if (once !== undefined && snapshot.first !== undefined) {
      refuseOtherContent(snapshot.first, once.operationDigest)
      return { answer: once.answerAgain(snapshot.first) }
    }
    const { changed, rows } = this.#runOn(scope, job, momentOf(snapshot))
    if (rows.length === 0) return { answer: changed.answer }
    const committed = await this.#commit(scope, rows, job)
    switch (committed.kind) {
      case 'done': {
        const answer = this.#exactly(scope, { job, snapshot, changed, rows, committed })
        this.sums.customer(scope.customerId).holds = committed.holds
        return { answer }
      }
      case 'conflict':
        return null
      case 'repeated': {
        const digest = rows.find((row) => row.operationId === committed.first.operationId)
        refuseOtherContent(committed.first, digest?.operationDigest ?? undefined)
        // A command's own key finds its first answer when it asks again.
        if (once?.operationId === committed.first.operationId) return null
        throw new OperationRepeatedError(committed.first)
      }
      case 'lease over':
        if (await this.#wire.ask('renew', () => this.#database.renew(this.#node))) return null
        this.#onFenced()
        throw unavailable(undefined)
      case 'fenced':
        this.#onFenced()
        throw unavailable(undefined)
      case 'not left':
        // Its node lives again, and ends it.
        return { answer: changed.answer }
    }
  }

  async #read<Answer>(customerId: CustomerId, once: Once<Answer> | undefined): Promise<Snapshot> {
    const sums = this.sums.customer(customerId)
    const question = { customerId, known: sums.position, systemKnown: sums.systemPosition }
    const key = once === undefined ? {} : { operationId: once.operationId }
    const snapshot = await this.#wire.ask('read', () =>
      this.#database.read({ ...question, ...key }),
    )
    sums.take(snapshot)
    this.hear(snapshot.position)
    const nowMs = Math.max(snapshot.nowMs, this.#told === undefined ? 0 : this.nowMs())
    this.#told = { nowMs, elapsedMs: this.#clock.elapsedMs() }
    return snapshot
  }

  #runOn<Answer>(
    { customerId, memberId }: CommittedScope,
    { change, once }: Job<Answer>,
    { nowMs, lastMs, nextPosition }: Moment,
  ): { readonly changed: Changed<Answer>; readonly rows: readonly JournalRow[] } {
    const sums = this.sums.customer(customerId)
    const isSystem = customerId === systemCustomerId
    const position = sums.readPosition(memberId)
    const context: ChangeContext = { nowMs, position, nextPosition }
    const changed = change(sums, context)
    const entries = stamp(changed.entries, once).map((draft, index): Entry => {
      const own = draft.memberId ?? null
      if (own !== null && own !== memberId) {
        throw new Error('A change may write entries of its own member only')
      }
      return { ...draft, position: nextPosition + index, customerId, memberId: own }
    })
    for (const { atMs } of entries) {
      if (Number.isSafeInteger(atMs) && atMs >= lastMs && atMs <= nowMs) continue
      throw new Error(`An entry carries the moment of its change; got ${atMs}, not ${nowMs}`)
    }
    if (!isSystem) this.#tryOut(sums, entries)
    const rows = entries.map((entry) =>
      encodeEntry(entry, {
        isShared: !isSystem && touchesCustomer(entry),
        memberSeal: null,
        customerSeal: null,
      }),
    )
    return { changed, rows }
  }

  #tryOut(sums: CustomerSums, entries: readonly Entry[]): void {
    try {
      sums.tryOut(entries)
    } catch (error) {
      throw error instanceof BrokenInvariantError ? this.#quarantine.add(error) : error
    }
  }

  /**
   * Positions are given at the commit. When others came before, the answer is made once more with its own position:
   * the change is pure, so all else is the same.
   */
  #exactly<Answer>(
    scope: CommittedScope,
    done: {
      readonly job: Job<Answer>
      readonly snapshot: Snapshot
      readonly changed: Changed<Answer>
      readonly rows: readonly JournalRow[]
      readonly committed: Extract<CommitAnswer, { kind: 'done' }>
    },
  ): Answer {
    const { job, snapshot, changed, rows, committed } = done
    this.hear(committed.position)
    const nextPosition = committed.position - rows.length + 1
    if (nextPosition === snapshot.position + 1) return changed.answer
    const again = this.#runOn(scope, job, { ...snapshot, nextPosition })
    const isSame = again.rows.every(({ body }, index) => body === rows[index]?.body)
    if (!isSame || again.rows.length !== rows.length) {
      throw new Error('A change that runs again on the same sums writes something else')
    }
    return again.changed.answer
  }

  async #commit(
    { customerId, memberId }: CommittedScope,
    rows: readonly JournalRow[],
    { onlyIfLeft }: { readonly onlyIfLeft?: HoldId },
  ): Promise<CommitAnswer> {
    const sums = this.sums.customer(customerId)
    const commitId = `${this.#node.bootId} ${(this.#commits += 1)}`
    const order = {
      node: this.#node,
      commitId,
      customerId,
      known: sums.position,
      systemKnown: sums.systemPosition,
      rows,
      ...(onlyIfLeft === undefined ? {} : { onlyIfLeft }),
    }
    try {
      const answer = await this.#wire.ask('commit', () => this.#database.commit(order))
      this.#isAway = false
      return answer
    } catch (cause) {
      this.#doubt({ customerId, memberId }, { commitId, rows, cause })
      throw unavailable(cause)
    }
  }

  /** What was built on it is forgotten, and its holds are voided before anything else happens to the customer (R3). */
  #doubt(
    { customerId, memberId }: CommittedScope,
    lost: {
      readonly commitId: string
      readonly rows: readonly JournalRow[]
      readonly cause: unknown
    },
  ): void {
    const { commitId, rows, cause } = lost
    this.sums.forget(customerId)
    const turn = this.#turns.get(customerId)
    if (turn !== undefined) turn.doubts += 1
    if (!this.#isAway) {
      const problem = cause instanceof Error ? cause.message : String(cause)
      this.#log.warn('the journal could not be written; its sums are built anew', { problem })
    }
    this.#isAway = true
    if (this.#database.bugs.has('an unknown commit is taken for a failed one')) return
    this.#doubts.add({ customerId, memberId }, commitId, rows)
  }

  #endDoubtsOf(customerId: CustomerId): Promise<void> {
    return this.#doubts.end(customerId, {
      hasHappened: (commitId) => this.#wire.ask('fence', () => this.#database.fence(commitId)),
      endHold: (hold) => this.#void(hold),
    })
  }

  async #void({ holdId: id, ...scope }: DoubtfulHold): Promise<void> {
    const change = endingLeftHold(id, 'void')
    await this.#attemptAll(scope, {
      once: undefined,
      change: (sums, context) => change(sums.account(scope.memberId), context),
    })
  }

  /** The mistake of a node that believes its cache where it refuses. */
  #refuseFromOldSums<Answer>(
    scope: CommittedScope,
    job: Job<Answer>,
  ): { readonly answer: Answer } | null {
    const { last } = this.sums.customer(scope.customerId)
    if (!this.#database.bugs.has('refusals rest on old sums') || last === undefined) return null
    if (scope.memberId === null || job.onlyIfLeft !== undefined) return null
    const nowMs = Math.max(last.nowMs, this.nowMs())
    const { changed, rows } = this.#runOn(scope, job, { ...momentOf(last), nowMs })
    return rows.length === 0 && isRefusal(changed.answer) ? { answer: changed.answer } : null
  }
}

const isRefusal = (answer: unknown): boolean =>
  JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'bigint' ? '' : value,
  ).includes('"kind":"deny"')

function unavailable(cause: unknown): StorageUnavailableError {
  return new StorageUnavailableError(
    'Limits cannot be checked right now, because the database does not answer. Try again shortly.',
    { cause },
  )
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

function refuseOtherContent(first: Entry, operationDigest: string | undefined): void {
  if (first.operationDigest === operationDigest) return
  throw new OperationConflictError(
    'This idempotency key was used before with other content. Use a new key for a new operation.',
  )
}
