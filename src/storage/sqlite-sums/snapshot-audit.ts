import type { JournalReader } from '../sqlite-file/journal-reader.ts'
import type { LiveJournal } from '../sqlite/live-journal.ts'
import { isSound, ownerOf } from './rebuild.ts'

/** Snapshots looked at in one slice; each costs one read and one digest. */
const snapshotsPerSlice = 50

/**
 * Walks through all stored snapshots, over and over, and compares each with the seal in the journal. One
 * that does not fit is recomputed, reported and replaced before anybody would begin a rebuild at it.
 */
export class SnapshotAudit {
  readonly #reader: JournalReader
  readonly #journal: LiveJournal
  #customerId = ''
  #memberId = ''

  constructor(reader: JournalReader, journal: LiveJournal) {
    this.#reader = reader
    this.#journal = journal
  }

  async checkNext(): Promise<void> {
    for (let count = 0; count < snapshotsPerSlice; count += 1) {
      const snapshot = this.#reader.snapshotAfter(this.#customerId, this.#memberId)
      this.#customerId = snapshot?.customerId ?? ''
      this.#memberId = snapshot?.memberId ?? ''
      if (snapshot === undefined) return
      if (!isSound(this.#reader, snapshot)) await this.#journal.recheck(ownerOf(snapshot))
    }
  }
}
