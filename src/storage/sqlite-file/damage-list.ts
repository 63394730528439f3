import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import { DamagedEntryError } from '../damaged-entry.ts'
import { ImpossibleChangeError } from '../quarantine.ts'
import type { CommittedScope, StorageProblem } from '../storage.ts'
import { primaryCode } from './data-folder.ts'

const damagesMax = 100
const sqliteCorrupt = 11

/** Whether a read failed because the file itself is damaged, and not because it was away for a moment. */
export function isDamage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DamagedEntryError || primaryCode(cause) === sqliteCorrupt) return true
  }
  return false
}

/**
 * Waits for work on one account, whose damaged entries must not stop what is done for all of them. A file that
 * answers "corrupt" does: it may mean what was to be written.
 */
export async function passOverDamage(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (damagedPosition(error) === null && !(error instanceof ImpossibleChangeError)) throw error
  }
}

/** The same where damage has to be told, and a change that is refused for its customer alone has been. */
export async function passOverQuarantine(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof ImpossibleChangeError)) throw error
  }
}

/** The entry that is damaged by itself, where the file around it can be read. */
function damagedPosition(error: unknown): number | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DamagedEntryError) return cause.damagedPosition
  }
  return null
}

type Damage = { readonly sinceMs: number; readonly position: number | null }

/** What was found damaged in the journal file since this boot: by reading an account, or by `verify`. */
export class DamageList {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #found = new Map<string, Damage>()
  #faultCount = 0
  #faultSinceMs = 0

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** Looks on while something is done for an account, and notes it when its part of the file is damaged. */
  watch<Answer>(scope: CommittedScope, work: Promise<Answer>): Promise<Answer> {
    work.catch((error: unknown) => {
      if (isDamage(error)) this.#note(scope, damagedPosition(error))
    })
    return work
  }

  /** Faults as the newest `verify` found them. */
  replaceFaults(faults: readonly string[]): void {
    if (this.#faultCount === 0) this.#faultSinceMs = this.#clock.wallMs()
    this.#faultCount = faults.length
  }

  #note({ customerId, memberId }: CommittedScope, position: number | null): void {
    const where =
      memberId === null ? `customer ${customerId}` : `member ${memberId} of ${customerId}`
    if (this.#found.has(where) || this.#found.size >= damagesMax) return
    this.#found.set(where, { sinceMs: this.#clock.wallMs(), position })
    this.#log.error('a part of the journal is damaged, and an account cannot be read', {
      customerId,
      memberId,
      position,
    })
  }

  problems(): readonly StorageProblem[] {
    const remedy =
      'Run npm run plimsoll -- verify, keep a copy of the data folder, and restore your last backup (docs/backup.md).'
    const found: StorageProblem[] = []
    for (const [where, { sinceMs, position }] of this.#found) {
      const what = position === null ? 'its part of the file' : `entry ${position}`
      const message = `The journal of ${where} cannot be read: ${what} is damaged. Others are served.`
      found.push({ name: 'journal-damaged', message, remedy, sinceMs })
    }
    if (this.#faultCount > 0) {
      const message = `The last verify found ${this.#faultCount} damaged places in the journal.`
      found.push({ name: 'journal-damaged', message, remedy, sinceMs: this.#faultSinceMs })
    }
    return found
  }
}
