import type { CustomerState, MemberState } from '../../core/account.ts'
import type { DriftReport } from '../../core/entry.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import { StorageUnavailableError } from '../storage.ts'
import type { GroupCommit } from '../sqlite/group-commit.ts'
import type { JournalReader } from '../sqlite-file/journal-reader.ts'
import {
  customerSums,
  memberSums,
  rebuild,
  type Rebuilt,
  type SumOwner,
  type SumRules,
} from './rebuild.ts'
import { ownerKey, sumOf, type Sum, type SumCache } from './sum-cache.ts'

/** Drift is recorded and healed by whoever can write: the storage itself. */
export type HealDrift = (owner: SumOwner, drifts: readonly DriftReport[]) => void

/**
 * Brings sums that are not in memory there. One rebuild per account at a time; who waits longer than the
 * deadline is told that limits are unavailable, while the rebuild goes on for the next one to ask.
 */
export class AccountLoader {
  readonly #reader: JournalReader
  readonly #sums: SumCache
  readonly #commit: GroupCommit
  readonly #clock: Clock
  readonly #log: Logger
  readonly #timeoutMs: number
  readonly #heal: HealDrift
  readonly #loading = new Map<string, Promise<void>>()
  /** Raised when sums are forgotten: a rebuild that began before must not bring old sums back. */
  #generation = 0

  constructor(options: {
    readonly reader: JournalReader
    readonly sums: SumCache
    readonly commit: GroupCommit
    readonly clock: Clock
    readonly log: Logger
    readonly timeoutMs: number
    readonly heal: HealDrift
  }) {
    this.#reader = options.reader
    this.#sums = options.sums
    this.#commit = options.commit
    this.#clock = options.clock
    this.#log = options.log
    this.#timeoutMs = options.timeoutMs
    this.#heal = options.heal
  }

  /** Does nothing when these sums are in memory. */
  async load(owner: SumOwner): Promise<void> {
    const { customerId, memberId } = owner
    const { durablePosition } = this.#commit
    if (memberId === null) {
      await this.#once(owner, customerSums, (sum) => this.#sums.putCustomer(sum, durablePosition))
    } else {
      const scope = { customerId, memberId }
      await this.#once(owner, memberSums, (sum) => {
        this.#sums.putMember(scope, sum, durablePosition)
      })
    }
  }

  /** Sums as the durable entries give them, kept nowhere. */
  async inspect<State>(owner: SumOwner, rules: SumRules<State>): Promise<Rebuilt<State>> {
    const until = this.#commit.durablePosition
    return rebuild(this.#reader, rules, { owner, until, checkCurrent: this.#currentCheck() })
  }

  /** Tells a person, and whoever can write. */
  report(owner: SumOwner, drifts: readonly DriftReport[]): void {
    for (const drift of drifts) {
      this.#log.warn('stored sums differ from the journal and are replaced', { ...drift })
    }
    this.#heal(owner, drifts)
  }

  /** The wait of one caller, within the deadline. */
  async withinDeadline(work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#clock.after(this.#timeoutMs, () => {
      late.reject(
        new StorageUnavailableError(
          `Limits cannot be checked right now: building the sums of this account takes longer than ${this.#timeoutMs} ms. Try again shortly.`,
        ),
      )
    })
    try {
      await Promise.race([work, late.promise])
    } finally {
      cancel()
    }
  }

  forget(): void {
    this.#generation += 1
    this.#loading.clear()
    this.#sums.forget()
  }

  #once<State extends CustomerState | MemberState>(
    owner: SumOwner,
    rules: SumRules<State>,
    keep: (sum: Sum<State>) => void,
  ): Promise<void> {
    // Warm sums may hold entries that the file does not have yet; a rebuild would lose them.
    if (this.#sums.has(owner)) return Promise.resolve()
    const key = ownerKey(owner)
    const running = this.#loading.get(key)
    if (running !== undefined) return running
    const generation = this.#generation
    const load = this.#load(owner, rules, keep).finally(() => {
      if (this.#generation === generation) this.#loading.delete(key)
    })
    this.#loading.set(key, load)
    return load
  }

  async #load<State extends CustomerState | MemberState>(
    owner: SumOwner,
    rules: SumRules<State>,
    keep: (sum: Sum<State>) => void,
  ): Promise<void> {
    const checkCurrent = this.#currentCheck()
    await this.#commit.whenDurable(this.#sums.takeWait(owner))
    const until = this.#commit.durablePosition
    const rebuilt = await rebuild(this.#reader, rules, { owner, until, checkCurrent })
    checkCurrent()
    keep(sumOf(owner, rebuilt))
    if (rebuilt.drifts.length > 0) this.report(owner, rebuilt.drifts)
  }

  /** Throws once sums were forgotten: what was begun before is of no use any more. */
  #currentCheck(): () => void {
    const generation = this.#generation
    return () => {
      if (generation !== this.#generation) {
        throw new StorageUnavailableError('Limits cannot be checked right now. Try again shortly.')
      }
    }
  }
}
