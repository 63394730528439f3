import { mkdirSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { primaryCode } from '../../../src/storage/sqlite-file/data-folder.ts'
import { PlantedSqlError } from '../../faults/sql-faults.ts'
import type { Place, Step } from '../../faults/watched-driver.ts'
import type { Chance } from '../engine/chance.ts'
import type { Disk } from '../engine/disk.ts'
import type { Life } from '../engine/life.ts'

type SqlError = { readonly errcode: number; readonly message: string }

/** Errors as SQLite tells them. */
const errors = [
  { errcode: 10, message: 'disk I/O error' },
  { errcode: 13, message: 'database or disk is full' },
  { errcode: 5, message: 'database is locked' },
] as const satisfies readonly SqlError[]

const writePlaces = ['begin', 'insert entry', 'insert snapshot', 'commit', 'write beside'] as const
const readPlaces = [
  'read',
  'read chain',
  'read last position',
  'read snapshot',
  'read rows',
] as const

type Armed = {
  readonly place: Place | 'any'
  readonly when: Step['when']
  skipped: number
  left: number
  readonly strike: (step: Step) => void
}

/** What the disk of one process does to it. */
export class DiskFaults {
  readonly #disk: Disk
  readonly #life: Life
  readonly #chance: Chance
  /** Told of every fault that strikes. */
  onStrike: () => void = () => {}
  #armed: Armed[] = []

  constructor(disk: Disk, life: Life, chance: Chance) {
    this.#disk = disk
    this.#life = life
    this.#chance = chance
    disk.onStep = (step) => this.#pass(step)
  }

  /** From now on some statement fails, for a while. */
  fail(): string {
    const chance = this.#chance
    if (chance.percent(25)) return this.#failDone()
    const isWrite = chance.percent(70)
    const place = isWrite ? chance.pick(writePlaces) : chance.pick(readPlaces)
    const error = chance.pick<SqlError>(errors)
    const isSelfEnding = chance.percent(25)
    const when = isWrite && chance.percent(30) ? 'after' : 'before'
    this.#armed.push({
      place,
      when,
      skipped: chance.below(6),
      left: chance.between(1, 6),
      strike: ({ db }) => {
        if (isSelfEnding && db?.isTransaction === true) db.exec('ROLLBACK')
        throw new PlantedSqlError(error)
      },
    })
    return `${error.message} ${when} ${place}`
  }

  /** A commit happens, and its process hears that it has not. */
  #failDone(): string {
    const [error] = errors
    this.#arm({ place: 'commit', when: 'after', skipped: this.#chance.below(4) }, () => {
      throw new PlantedSqlError(error)
    })
    return 'a commit of unknown outcome'
  }

  /** The process ends at one of the next calls to its disk, before or after it. */
  killWithin(): string {
    const when = this.#chance.pick(['before', 'after'] as const)
    const place = this.#chance.percent(60) ? this.#chance.pick(writePlaces) : 'any'
    this.#arm({ place, when, skipped: this.#chance.below(place === 'any' ? 60 : 4) }, () =>
      this.#die(),
    )
    return `kill ${when} ${place}`
  }

  /** The power goes while a commit, or a copy of the log, is on its way to the disk. */
  losePower(): string {
    const place = this.#chance.percent(70) ? 'commit' : 'checkpoint'
    const file = place === 'commit' ? 'journal.db-wal' : 'journal.db'
    const path = join(this.#disk.folder, file)
    const read = (): Buffer => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0))
    const skipped = this.#chance.below(3)
    let before: Buffer = Buffer.alloc(0)
    this.#arm({ place, when: 'before', skipped }, ({ db }) => {
      before = read()
      // Where SQLite was told not to wait for the disk, nothing of the log is safe.
      const level = Number(db?.prepare('PRAGMA synchronous').get()?.['synchronous'])
      if (place === 'commit' && level < fullySynced) before = Buffer.alloc(0)
      // What SQLite had in hand of the other file was safe before it began.
      const rest = join(this.#disk.folder, place === 'commit' ? 'journal.db' : 'journal.db-wal')
      const kept = existsSync(rest) ? readFileSync(rest) : null
      this.#arm({ place, when: 'after', skipped: 0 }, () => {
        this.#disk.keepImage((folder) => {
          mkdirSync(folder, { recursive: true })
          writeFileSync(join(folder, file), torn(before, read(), this.#chance))
          if (kept !== null)
            writeFileSync(join(folder, rest.slice(rest.lastIndexOf('/') + 1)), kept)
        })
        this.#die()
      })
    })
    return `power loss in a ${place}`
  }

  /** What is stored beside the journal says something else from now on. */
  corruptSnapshots(): string {
    const db = new DatabaseSync(join(this.#disk.folder, 'journal.db'), { timeout: 0 })
    try {
      const rows = db.prepare('SELECT customer_id, member_id, state FROM snapshot').all()
      const row = rows[this.#chance.below(rows.length)]
      if (row === undefined) return 'no snapshot to corrupt'
      const [customerId, memberId] = [String(row['customer_id']), String(row['member_id'])]
      db.prepare('UPDATE snapshot SET state = ? WHERE customer_id = ? AND member_id = ?').run(
        this.#corrupted(String(row['state'])),
        customerId,
        memberId,
      )
      return `corrupt snapshot of ${customerId} ${memberId}`
    } catch (error) {
      // The server is in the middle of a commit that hangs.
      if (primaryCode(error) === sqliteBusy) return 'no snapshot to corrupt while it is locked'
      throw error
    } finally {
      db.close()
    }
  }

  end(): void {
    this.#armed = []
  }

  #corrupted(state: string): string {
    const digits = [...state.matchAll(/\d/g)].map(({ index }) => index)
    const at = digits[this.#chance.below(digits.length)]
    if (at === undefined || this.#chance.percent(20)) return state.slice(0, state.length >> 1)
    return `${state.slice(0, at)}${(Number(state[at]) + 1) % 10}${state.slice(at + 1)}`
  }

  #arm(at: Pick<Armed, 'place' | 'when' | 'skipped'>, strike: Armed['strike']): void {
    this.#armed.push({ ...at, left: 1, strike })
  }

  #die(): void {
    this.#life.die()
    this.#disk.refuse()
  }

  #pass(step: Step): void {
    for (const armed of this.#armed) {
      if (armed.place !== 'any' && armed.place !== step.place) continue
      if (armed.when !== step.when || armed.left === 0) continue
      if (armed.skipped > 0) {
        armed.skipped -= 1
        continue
      }
      armed.left -= 1
      this.#armed = this.#armed.filter(({ left }) => left > 0)
      this.onStrike()
      armed.strike(step)
    }
  }
}

/** `PRAGMA synchronous` as a number: FULL, which waits for the disk at each commit. */
const fullySynced = 2
const sqliteBusy = 5

const sector = 512

/** Sectors that were not synced are the new ones or the old ones, as it comes. */
function torn(before: Buffer, after: Buffer, chance: Chance): Buffer {
  const kind = chance.below(4)
  if (kind === 0) return before
  if (kind === 1) return after
  const length = kind === 2 ? after.length : Math.max(before.length, after.length)
  const mixed = Buffer.alloc(length)
  after.copy(mixed)
  for (let at = 0; at < length; at += sector) {
    const end = Math.min(length, at + sector)
    const isSame = after.subarray(at, end).equals(before.subarray(at, end))
    if (isSame || chance.percent(50)) continue
    mixed.fill(0, at, end)
    if (at < before.length) before.copy(mixed, at, at, Math.min(end, before.length))
  }
  return mixed
}
