import type { BrokenInvariantError } from '../core/invariants.ts'
import type { CustomerId } from '../core/ids.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import {
  StorageUnavailableError,
  type Change,
  type Storage,
  type StorageProblem,
} from './storage.ts'

/**
 * A rule of ours drafted an entry that would have broken the books of one customer. Nothing of the change was written;
 * like a damaged entry, it says nothing about anybody's limits, so whoever asks is told "unavailable" and never "out".
 */
export class ImpossibleChangeError extends StorageUnavailableError {}

type QuarantineGate = Storage['quarantine']

type Case = { readonly sinceMs: number; readonly broken: BrokenInvariantError }

/** Told one by one; how many more there are is said with the last. */
const problemsMax = 20

/**
 * Customers whose changes are refused because one of them was impossible, until a `verify` finds its books sound or
 * the process ends (docs/decisions/0024-a-customer-in-quarantine.md). Their books can be read, their holds expire.
 */
export class Quarantine implements QuarantineGate {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #cases = new Map<CustomerId, Case>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** The first impossible change of a customer is told; later ones are its ends of holds, tried again. */
  add(broken: BrokenInvariantError): ImpossibleChangeError {
    const { entry, fault } = broken
    const { customerId, memberId, position, body } = entry
    if (!this.#cases.has(customerId)) {
      this.#cases.set(customerId, { sinceMs: this.#clock.wallMs(), broken })
      const { invariant, what } = fault
      const fields = { customerId, memberId, invariant, what, entry: body.kind, position }
      this.#log.error('a change would have broken the books: its customer is in quarantine', fields)
    }
    return refusal(broken)
  }

  assertServed(customerId: CustomerId): void {
    const known = this.#cases.get(customerId)
    if (known !== undefined) throw refusal(known.broken)
  }

  /** The same change, which writes nothing while its customer is in quarantine; what only reads goes on. */
  guard<State, Answer>(
    customerId: CustomerId,
    change: Change<State, Answer>,
  ): Change<State, Answer> {
    return (state, context) => {
      const changed = change(state, context)
      if (changed.entries.length > 0) this.assertServed(customerId)
      return changed
    }
  }

  /** The journal was recomputed: whose books were found sound is served again, whatever is wrong in others. */
  lift(isSound: (customerId: CustomerId) => boolean): void {
    for (const customerId of this.#cases.keys()) {
      if (!isSound(customerId)) continue
      this.#cases.delete(customerId)
      this.#log.info('its books are sound: a customer is out of quarantine', { customerId })
    }
  }

  /** The gateway serves nobody any more, and what was used can still be settled; commands are as guarded as before. */
  endWithProcess(): void {
    for (const customerId of this.#cases.keys()) {
      this.#log.info('the server stops: the quarantine of a customer ends', { customerId })
    }
    this.#cases.clear()
  }

  problems(): readonly StorageProblem[] {
    const problems: StorageProblem[] = []
    for (const [customerId, { sinceMs, broken }] of this.#cases) {
      const { entry, fault } = broken
      const { memberId, position, body } = entry
      const whose = memberId === null ? '' : ` of member ${memberId}`
      const message = `Customer ${customerId} is in quarantine: entry ${position} ("${body.kind}"${whose}) ${fault.what}, which breaks ${fault.invariant}. It was not written, and others are served.`
      problems.push({ name: 'customer-quarantined', message, remedy, sinceMs })
      if (problems.length === problemsMax) break
    }
    return problems
  }
}

const remedy =
  'This is a fault of the program: keep the log of that moment and report it. Run npm run plimsoll -- verify; when it finds the books of the customer sound, or after a restart, the customer is served again.'

const refusal = (cause: BrokenInvariantError): ImpossibleChangeError =>
  new ImpossibleChangeError(
    "Limits of this customer cannot be checked right now: a change was stopped that does not fit its books. The operator's health page says more.",
    { cause },
  )
