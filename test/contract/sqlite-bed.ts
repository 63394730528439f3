import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openJournalWriter, type JournalWriter } from '../../src/storage/sqlite/journal-writer.ts'
import {
  openSqliteStorage,
  type SqliteStorageOptions,
} from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Logger } from '../../src/system/logger.ts'
import { systemRandom } from '../../src/system/random.ts'
import { ManualClock } from './manual-clock.ts'
import { bedSnapshotEvery, type StorageBed } from './storage.ts'

/** What a bed's writer has been told to do to the next commits. */
class Faults {
  next: 'before' | 'after' | undefined
  isAway = false
  /** The process has died: whatever still runs of it reaches no disk. */
  isDead = false
  held: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  hold(): () => void {
    const gate = Promise.withResolvers<void>()
    this.held = gate.promise
    this.#release = gate.resolve
    return gate.resolve
  }

  die(): void {
    this.isDead = true
    this.#release()
  }
}

function faulty(inner: JournalWriter, faults: Faults): JournalWriter {
  return {
    commit: async (batch) => {
      await faults.held
      const how = faults.next
      faults.next = undefined
      if (faults.isDead || faults.isAway || how === 'before') throw new Error('disk I/O error')
      await inner.commit(batch)
      if (how === 'after') throw new Error('disk I/O error after the commit')
    },
    write: (side) => inner.write(side),
    close: () => inner.close(),
  }
}

export class SqliteBed implements StorageBed {
  readonly clock = new ManualClock()
  readonly logged: string[] = []
  readonly root = mkdtempSync(join(tmpdir(), 'plimsoll-bed-'))
  readonly #openWriter: (path: string) => JournalWriter
  readonly #more: Partial<SqliteStorageOptions>
  readonly #opened: { readonly storage: Storage; readonly faults: Faults }[] = []
  #faults = new Faults()
  #folders = 0

  constructor(
    openWriter: (path: string) => JournalWriter = openJournalWriter,
    more: Partial<SqliteStorageOptions> = {},
  ) {
    this.#openWriter = openWriter
    this.#more = more
    mkdirSync(this.folder, { mode: 0o700 })
  }

  get folder(): string {
    return join(this.root, `data-${this.#folders}`)
  }

  get journalPath(): string {
    return join(this.folder, 'journal.db')
  }

  get log(): Logger {
    const note = (message: string): void => void this.logged.push(message)
    return { info: () => undefined, warn: note, error: note }
  }

  async open(): Promise<Storage> {
    const faults = this.#faults
    const storage = await openSqliteStorage({
      dataFolder: this.folder,
      clock: this.clock,
      random: systemRandom,
      log: this.log,
      version: 'test',
      snapshotEvery: bedSnapshotEvery,
      startWriter: (path) => faulty(this.#openWriter(path), faults),
      ...this.#more,
    })
    this.#opened.push({ storage, faults })
    return storage
  }

  /** The files as they lie on the disk at this moment go on in another folder. */
  async crash(): Promise<void> {
    this.#faults.die()
    this.#faults = new Faults()
    const from = this.folder
    this.#folders += 1
    mkdirSync(this.folder, { mode: 0o700 })
    for (const name of ['journal.db', 'journal.db-wal']) {
      if (existsSync(join(from, name))) cpSync(join(from, name), join(this.folder, name))
    }
  }

  failNextCommit(how: 'before' | 'after'): void {
    this.#faults.next = how
  }

  failCommits(): () => void {
    const faults = this.#faults
    faults.isAway = true
    return () => {
      faults.isAway = false
    }
  }

  holdCommits(): () => void {
    return this.#faults.hold()
  }

  damageDerivations(): number {
    return this.inFile((db) => {
      const damaged = db
        .prepare(`UPDATE snapshot SET state = replace(state, '"heldNanos":"', '"heldNanos":"9')`)
        .run()
      return Number(damaged.changes)
    })
  }

  dropDerivations(): void {
    this.inFile((db) => db.exec('DELETE FROM snapshot'))
  }

  /** Somebody else's hand in the file. */
  inFile<Answer>(act: (db: DatabaseSync) => Answer): Answer {
    const db = new DatabaseSync(this.journalPath, { timeout: 5000 })
    try {
      return act(db)
    } finally {
      db.close()
    }
  }

  async end(): Promise<void> {
    for (const { storage, faults } of this.#opened) {
      faults.die()
      await storage.close()
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}
