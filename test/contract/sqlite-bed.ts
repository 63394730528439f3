import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  openJournalWriter,
  type JournalWriter,
} from '../../src/storage/sqlite-log/journal-writer.ts'
import type { SqliteStorageOptions } from '../../src/storage/sqlite/sqlite-options.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Logger } from '../../src/system/logger.ts'
import { systemRandom } from '../../src/system/random.ts'
import { memoryFolder } from '../faults/memory-folder.ts'
import { SqlFaults, type ArmedFault, type SqlFault } from '../faults/sql-faults.ts'
import { ManualClock } from './manual-clock.ts'
import { bedSnapshotEvery, type StorageBed } from './storage.ts'

/** Commits of a bed wait here while a test holds them; a process that died never goes on. */
class Gate {
  #open: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  hold(): () => void {
    const gate = Promise.withResolvers<void>()
    this.#open = gate.promise
    this.#release = gate.resolve
    return gate.resolve
  }

  release(): void {
    this.#release()
  }

  before(inner: JournalWriter): JournalWriter {
    return {
      commit: async (batch) => {
        await this.#open
        await inner.commit(batch)
      },
      write: (side) => inner.write(side),
      tendLog: (work) => inner.tendLog(work),
      close: () => inner.close(),
    }
  }
}

/** One life of the process: what is done to its disk, and to its time. */
class Life {
  readonly faults = new SqlFaults()
  readonly gate = new Gate()
  #isOver = false

  /** Whatever still runs of it commits nothing any more. */
  die(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.faults.arm({ kind: 'io', place: 'begin', when: 'before' })
    this.gate.release()
  }
}

export type OpenWriter = (path: string, faults: SqlFaults) => JournalWriter

const writeHere: OpenWriter = (path, faults) => openJournalWriter(path, faults.driver())

export class SqliteBed implements StorageBed {
  readonly clock = new ManualClock()
  readonly logged: string[] = []
  readonly root = memoryFolder('bed')
  readonly #openWriter: OpenWriter
  readonly #more: Partial<SqliteStorageOptions>
  readonly #opened: { readonly storage: Storage; readonly life: Life }[] = []
  #life = new Life()
  #folders = 0

  constructor(openWriter: OpenWriter = writeHere, more: Partial<SqliteStorageOptions> = {}) {
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
    const life = this.#life
    const storage = await openSqliteStorage({
      dataFolder: this.folder,
      clock: this.clock,
      random: systemRandom,
      log: this.log,
      version: 'test',
      snapshotEvery: bedSnapshotEvery,
      driver: life.faults.driver(),
      startWriter: (path) => life.gate.before(this.#openWriter(path, life.faults)),
      ...this.#more,
    })
    this.#opened.push({ storage, life })
    return storage
  }

  /** The files as they lie on the disk at this moment go on in another folder. */
  async crash(): Promise<void> {
    this.#life.die()
    this.#life = new Life()
    const from = this.folder
    this.#folders += 1
    mkdirSync(this.folder, { mode: 0o700 })
    for (const name of ['journal.db', 'journal.db-wal']) {
      if (existsSync(join(from, name))) cpSync(join(from, name), join(this.folder, name))
    }
  }

  failNextCommit(how: 'before' | 'after'): void {
    if (how === 'before') this.arm({ kind: 'io', place: 'begin', when: 'before', times: 1 })
    else this.arm({ kind: 'io', place: 'commit', when: 'after', times: 1 })
  }

  failCommits(): () => void {
    return this.arm({ kind: 'io', place: 'begin', when: 'before' }).end
  }

  /** A fault of the disk, or of SQLite, at one kind of statement. */
  arm(fault: SqlFault): ArmedFault {
    return this.#life.faults.arm(fault)
  }

  holdCommits(): () => void {
    return this.#life.gate.hold()
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
    for (const { storage, life } of this.#opened) {
      life.die()
      await storage.close()
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}
