import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '../../src/storage/storage.ts'
import { StorageUnavailableError } from '../../src/storage/storage.ts'
import type { Logger } from '../../src/system/logger.ts'
import { systemRandom } from '../../src/system/random.ts'
import { memoryFolder } from '../faults/memory-folder.ts'
import type { Wire } from '../simulation/nodes/database-types.ts'
import { openNodeStorage } from '../simulation/nodes/node-storage.ts'
import { SharedDatabase } from '../simulation/nodes/shared-database.ts'
import { ManualClock } from './manual-clock.ts'
import type { StorageBed } from './storage.ts'

/** The way to the database, on which commits wait or are lost while a test says so. */
class BedWire implements Wire {
  isCut = false
  isFailing = false
  failNext: 'before' | 'after' | 'later' | null = null
  /** Lets the commit arrive that was late. */
  arrive: () => Promise<unknown> = () => Promise.resolve(undefined)
  isStill = false
  gate: Promise<void> = Promise.resolve()

  async ask<Answer>(name: string, act: () => Answer | Promise<Answer>): Promise<Answer> {
    if (this.isCut || this.isStill) throw lost()
    if (name !== 'commit') return act()
    await this.gate
    const how = this.failNext
    this.failNext = null
    if (how === 'later') this.arrive = async () => act()
    if (this.isCut || this.isFailing || how === 'before' || how === 'later') throw lost()
    const answer = await act()
    if (how === 'after') throw lost()
    return answer
  }
}

const lost = (): Error => new StorageUnavailableError('The database did not answer')

/** One node of the database that several can share: a crash leaves its lease behind, and the next start takes its name. */
export class NodesBed implements StorageBed {
  readonly clock = new ManualClock()
  readonly logged: string[] = []
  readonly database: SharedDatabase
  readonly #root = memoryFolder('nodes')
  readonly #opened: { readonly name: string; readonly storage: Storage; readonly wire: BedWire }[] =
    []
  #wire = new BedWire()

  constructor() {
    const folder = join(this.#root, 'database')
    mkdirSync(folder)
    this.database = new SharedDatabase(folder, this.clock)
  }

  open(): Promise<Storage> {
    return this.openNode('node-1', this.#wire)
  }

  async openNode(name: string, wire = new BedWire()): Promise<Storage> {
    const note = (message: string): void => void this.logged.push(message)
    const log: Logger = { info: () => undefined, warn: note, error: note }
    const { database, clock } = this
    const storage = await openNodeStorage({
      database,
      wire,
      name,
      clock,
      random: systemRandom,
      log,
      version: 'test',
      onFenced: () => note(`${name} lost its name`),
    })
    database.onCommit.add((rows, position) => {
      if (!wire.isCut) storage.hear(rows, position)
    })
    this.#opened.push({ name, storage, wire })
    return storage
  }

  /** Nothing goes between this node and its database. */
  standStill(name: string): void {
    this.#eachOf(name, (wire) => (wire.isStill = true))
  }

  wake(name: string): void {
    this.#eachOf(name, (wire) => (wire.isStill = false))
  }

  /** The next commit of the first node is late; the answer lets it arrive. */
  delayNextCommit(): () => Promise<unknown> {
    const wire = this.#wire
    wire.failNext = 'later'
    return () => wire.arrive()
  }

  #eachOf(name: string, act: (wire: BedWire) => void): void {
    for (const one of this.#opened) if (one.name === name) act(one.wire)
  }

  crash(): Promise<void> {
    this.#wire.isCut = true
    this.#wire = new BedWire()
    return Promise.resolve()
  }

  failNextCommit(how: 'before' | 'after'): void {
    this.#wire.failNext = how
  }

  failCommits(): () => void {
    const wire = this.#wire
    wire.isFailing = true
    return () => void (wire.isFailing = false)
  }

  holdCommits(): () => void {
    const gate = Promise.withResolvers<void>()
    this.#wire.gate = gate.promise
    return gate.resolve
  }

  /** Nodes store no sums. */
  damageDerivations(): number {
    return 0
  }

  dropDerivations(): void {}

  async end(): Promise<void> {
    for (const { storage, wire } of this.#opened) {
      wire.isCut = true
      wire.gate = Promise.resolve()
      await Promise.race([storage.close(), Promise.resolve()])
    }
    await this.database.close()
    rmSync(this.#root, { recursive: true, force: true })
  }
}
