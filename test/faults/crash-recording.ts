import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { turns } from '../contract/with-bed.ts'
import { callAll, furnishAll } from './callers.ts'
import { memoryFolder } from './memory-folder.ts'
import type { Promised } from './promises.ts'
import { watchedDriver, type Step } from './watched-driver.ts'

/** The files as they were at one moment of a run under load. */
export type Files = { readonly db: Buffer; readonly wal: Buffer; readonly shm: Buffer }

/** From one state of the files to the next: a commit, or a checkpoint. */
export type Moment = {
  readonly kind: 'commit' | 'checkpoint'
  readonly before: Files
  readonly after: Files
  /** A log of an earlier generation: its frames carry another salt. */
  readonly staleWal: Buffer
  /** So many promises had been made before, and may not be lost in between. */
  readonly promisedBefore: number
  /** So many rest on what is durable afterwards. */
  readonly promisedAfter: number
  /** The last entry in the file, before and afterwards. */
  readonly positions: readonly [number, number]
}

export type Recording = {
  readonly promises: readonly Promised[]
  readonly moments: readonly Moment[]
}

const callers = 12
const roundsEach = 2
const roundsOfAll = 6
const modes = ['RESTART', 'PASSIVE', 'TRUNCATE'] as const

/** Many callers at work; the files are kept as they are around each commit and each checkpoint. */
export async function recordRun(): Promise<Recording> {
  const root = memoryFolder('images')
  try {
    const recorder = new Recorder(join(root, 'data'))
    const storage = await recorder.open()
    await furnishAll(storage)
    const byHand = new DatabaseSync(recorder.path, { timeout: 5000 })
    for (let round = 0; round < roundsOfAll; round += 1) {
      await callAll(storage, recorder.callers())
      recorder.checkpoint(byHand, modes[round % modes.length] ?? 'PASSIVE')
    }
    await callAll(storage, recorder.callers())
    recorder.checkpoint(byHand, 'TRUNCATE')
    byHand.close()
    const recording = recorder.recording()
    await storage.close()
    return recording
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

class Recorder {
  readonly path: string
  readonly #folder: string
  readonly #promises: Promised[] = []
  readonly #moments: Omit<Moment, 'promisedAfter'>[] = []
  readonly #clock = new ManualClock()
  #before: Files | undefined
  #position = 0
  #promisedBefore = 0
  #staleWal: Buffer = Buffer.alloc(0)

  constructor(folder: string) {
    this.#folder = folder
    this.path = join(folder, 'journal.db')
  }

  open(): Promise<Storage> {
    return openSqliteStorage({
      dataFolder: this.#folder,
      clock: this.#clock,
      random: systemRandom,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      version: 'test',
      snapshotEvery: 4,
      driver: watchedDriver((step) => this.#watch(step)),
    })
  }

  callers(): Parameters<typeof callAll>[1] {
    return {
      count: callers,
      rounds: roundsEach,
      onPromise: (promised) => void this.#promises.push(promised),
      onWrong: (what) => {
        throw new Error(what)
      },
      onAway: () => turns(1),
    }
  }

  checkpoint(db: DatabaseSync, mode: (typeof modes)[number]): void {
    const before = this.#files()
    db.exec(`PRAGMA wal_checkpoint(${mode})`)
    const positions = [this.#position, this.#position] as const
    this.#moments.push({
      kind: 'checkpoint',
      before,
      after: this.#files(),
      staleWal: this.#staleWal,
      promisedBefore: this.#promises.length,
      positions,
    })
    if (mode !== 'PASSIVE') this.#staleWal = before.wal
  }

  recording(): Recording {
    const moments = this.#moments.map((moment, index) => ({
      ...moment,
      // What is told before the next commit begins rests on this one.
      promisedAfter: this.#moments[index + 1]?.promisedBefore ?? this.#promises.length,
    }))
    return { promises: this.#promises, moments }
  }

  #watch({ place, when, db }: Step): void {
    if (place !== 'commit' || db === undefined) return
    if (when === 'before') {
      this.#before = this.#files()
      this.#promisedBefore = this.#promises.length
      return
    }
    // A new file has no table before its first commit; nothing was promised of it either.
    const row = db.prepare('SELECT max(position) AS position FROM journal').get()
    const position = Number(row?.['position'] ?? 0)
    const positions = [this.#position, position] as const
    this.#position = position
    if (this.#before === undefined) return
    const { [0]: previous } = positions
    if (previous === 0) return
    const promisedBefore = this.#promisedBefore
    this.#moments.push({
      kind: 'commit',
      before: this.#before,
      after: this.#files(),
      promisedBefore,
      positions,
      staleWal: this.#staleWal,
    })
  }

  #files(): Files {
    const read = (name: string): Buffer => (existsSync(name) ? readFileSync(name) : Buffer.alloc(0))
    return {
      db: read(this.path),
      wal: read(`${this.path}-wal`),
      shm: read(`${this.path}-shm`),
    }
  }
}
