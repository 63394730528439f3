import type { Clock } from '../../system/clock.ts'
import type { StorageProblem } from '../storage.ts'

const damagesMax = 100

/** What was found damaged in the journal file since this boot: by reading an account, or by `verify`. */
export class DamageList {
  readonly #clock: Clock
  readonly #sinceMs = new Map<string, number>()
  #faultCount = 0
  #faultSinceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `where` names the account that cannot be read. True when it was not known before. */
  note(where: string): boolean {
    if (this.#sinceMs.has(where) || this.#sinceMs.size >= damagesMax) return false
    this.#sinceMs.set(where, this.#clock.wallMs())
    return true
  }

  /** Faults as the newest `verify` found them. */
  replaceFaults(faults: readonly string[]): void {
    if (this.#faultCount === 0) this.#faultSinceMs = this.#clock.wallMs()
    this.#faultCount = faults.length
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
