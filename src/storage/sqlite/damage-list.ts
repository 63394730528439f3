import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { CommittedScope, StorageProblem } from '../storage.ts'
import { primaryCode } from './data-folder.ts'

const damagesMax = 100
const sqliteCorrupt = 11

/** Whether a read failed because the file itself is damaged, and not because it was away for a moment. */
export function isDamage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (primaryCode(cause) === sqliteCorrupt) return true
  }
  return false
}

/** What was found damaged in the journal file since this boot: by reading an account, or by `verify`. */
export class DamageList {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #sinceMs = new Map<string, number>()
  #faultCount = 0
  #faultSinceMs = 0

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** Looks on while something is done for an account, and notes it when its part of the file is damaged. */
  watch<Answer>(scope: CommittedScope, work: Promise<Answer>): Promise<Answer> {
    work.catch((error: unknown) => {
      if (isDamage(error)) this.#note(scope)
    })
    return work
  }

  /** Faults as the newest `verify` found them. */
  replaceFaults(faults: readonly string[]): void {
    if (this.#faultCount === 0) this.#faultSinceMs = this.#clock.wallMs()
    this.#faultCount = faults.length
  }

  #note({ customerId, memberId }: CommittedScope): void {
    const where =
      memberId === null ? `customer ${customerId}` : `member ${memberId} of ${customerId}`
    if (this.#sinceMs.has(where) || this.#sinceMs.size >= damagesMax) return
    this.#sinceMs.set(where, this.#clock.wallMs())
    this.#log.error('a part of the journal is damaged, and an account cannot be read', {
      customerId,
      memberId,
    })
  }

  problems(): readonly StorageProblem[] {
    const remedy =
      'Run npm run plimsoll -- verify, keep a copy of the data folder, and restore your last backup (docs/backup.md).'
    const found: StorageProblem[] = []
    for (const [where, sinceMs] of this.#sinceMs) {
      const message = `The journal of ${where} cannot be read: its part of the file is damaged. Others are served.`
      found.push({ name: 'journal-damaged', message, remedy, sinceMs })
    }
    if (this.#faultCount > 0) {
      const message = `The last verify found ${this.#faultCount} damaged places in the journal.`
      found.push({ name: 'journal-damaged', message, remedy, sinceMs: this.#faultSinceMs })
    }
    return found
  }
}
