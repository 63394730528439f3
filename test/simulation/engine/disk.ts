import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  openJournalWriter,
  type JournalWriter,
} from '../../../src/storage/sqlite-log/journal-writer.ts'
import type { SqlConnection, SqlDriver } from '../../../src/storage/sqlite-file/sql-driver.ts'
import { watchedDriver, type Step } from '../../faults/watched-driver.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import type { Timeline } from './timeline.ts'

/** What a dead process gets from its disk. */
export class DeadProcessError extends Error {}

export type DiskWeather = {
  /** How long a write usually takes, on its way and back. */
  readonly writeMs: number
}

/**
 * The disk as one process sees it: the real SQLite on files in memory. The writer runs in this thread, its orders
 * one after another and each after a while, as those to the writer's own thread do.
 */
export class Disk {
  readonly folder: string
  readonly driver: SqlDriver
  readonly #life: Life
  readonly #timeline: Timeline
  readonly #chance: Chance
  readonly #open = new Set<SqlConnection>()
  /** Told of every call before and after it; throws where the call should fail. */
  onStep: (step: Step) => void = () => {}
  /** Told how long an order takes, all in all. */
  onOrder: (takesMs: number) => void = () => {}
  weather: DiskWeather
  #freeAtMs = 0
  /** Writes what a power loss has left of the files over the others of the image. */
  #spoil: ((folder: string) => void) | null = null
  /** The world looks at the journal, and meets no faults. */
  isLookedAt = false

  constructor(options: {
    readonly folder: string
    readonly life: Life
    readonly timeline: Timeline
    readonly chance: Chance
    readonly weather: DiskWeather
  }) {
    this.folder = options.folder
    this.#life = options.life
    this.#timeline = options.timeline
    this.#chance = options.chance
    this.weather = options.weather
    this.driver = watchedDriver((step) => this.#watch(step))
  }

  readonly startWriter = (path: string): JournalWriter => {
    const writer = openJournalWriter(path, this.driver)
    return {
      commit: async (batch) => {
        await this.#turn('commit')
        return writer.commit(batch)
      },
      write: async (side) => {
        await this.#turn(side.kind)
        return writer.write(side)
      },
      tendLog: async (work) => {
        await this.#turn(`log ${work}`)
        return writer.tendLog(work)
      },
      close: async () => {
        await this.#turn('close')
        return writer.close()
      },
    }
  }

  /** Does nothing for so long. */
  hang(ms: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#timeline.nowMs + ms)
  }

  keepImage(spoil: (folder: string) => void): void {
    this.#spoil = spoil
  }

  refuse(): never {
    throw new DeadProcessError('This process is dead')
  }

  /** The files as they are at this moment, for the next process. */
  copyTo(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.folder)) {
      // The memory that processes share dies with them.
      if (!name.endsWith('-shm')) copyFileSync(join(this.folder, name), join(folder, name))
    }
    this.#spoil?.(folder)
  }

  /** After the death: what is left of this process is let go. */
  discard(): void {
    for (const db of this.#open) {
      try {
        db.close()
      } catch {
        // It was closed before.
      }
    }
    this.#open.clear()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #turn(name: string): Promise<void> {
    const { nowMs } = this.#timeline
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + this.#chance.wait(this.weather.writeMs)
    this.onOrder(this.#freeAtMs - nowMs)
    return new Promise((resolve) => {
      this.#life.after(this.#freeAtMs - nowMs, { kind: 'disk', name }, resolve)
    })
  }

  #watch(step: Step): void {
    if (this.#life.isDead) this.refuse()
    const { db, place, when } = step
    if (db !== undefined && place !== 'close') this.#open.add(db)
    if (db !== undefined && place === 'close' && when === 'after') this.#open.delete(db)
    if (!this.isLookedAt) this.onStep(step)
  }
}
