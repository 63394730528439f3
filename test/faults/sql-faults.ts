import { kill, pid } from 'node:process'
import type { SqlDriver } from '../../src/storage/sqlite-file/sql-driver.ts'
import { places, watchedDriver, type Place, type Step } from './watched-driver.ts'

/** What happens at a place: errors as SQLite tells them, or the end of the process. */
const kinds = {
  io: { errcode: 10, message: 'disk I/O error' },
  full: { errcode: 13, message: 'database or disk is full' },
  busy: { errcode: 5, message: 'database is locked' },
  corrupt: { errcode: 11, message: 'database disk image is malformed' },
  kill: undefined,
} as const

export type FaultKind = keyof typeof kinds
export const faultKinds = Object.keys(kinds).filter((kind): kind is FaultKind => kind in kinds)

export type SqlFault = {
  readonly kind: FaultKind
  readonly place: Place
  /** After it: the call has happened, and its caller hears that it has not. */
  readonly when: 'before' | 'after'
  /** So many calls at this place go well first. */
  readonly skipped?: number
  /** How often it strikes; for ever when it is left out. */
  readonly times?: number
  /** SQLite ends the transaction by itself with some errors (full disk, I/O), and not with others. */
  readonly endsTransaction?: boolean
}

/** One row of numbers for each armed fault, in memory that a writer's thread shares with the test. */
const slotsMax = 8
const fields = ['kind', 'place', 'when', 'skipped', 'left', 'endsTransaction', 'struck'] as const
type Field = (typeof fields)[number]
const forEver = 2 ** 30

export class SqlFaults {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  /** `memory` of another one: both see the same faults. */
  constructor(memory = new SharedArrayBuffer(slotsMax * fields.length * 4)) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  /** From now on, until it has struck often enough or the answer's `end` is called. */
  arm(fault: SqlFault): ArmedFault {
    const slot = this.#freeSlot()
    this.#set(slot, 'place', places.indexOf(fault.place))
    this.#set(slot, 'when', fault.when === 'before' ? 0 : 1)
    this.#set(slot, 'skipped', fault.skipped ?? 0)
    this.#set(slot, 'left', fault.times ?? forEver)
    this.#set(slot, 'endsTransaction', fault.endsTransaction === true ? 1 : 0)
    this.#set(slot, 'struck', 0)
    this.#set(slot, 'kind', 1 + faultKinds.indexOf(fault.kind))
    return {
      struck: () => this.#get(slot, 'struck'),
      end: () => this.#set(slot, 'left', 0),
    }
  }

  driver(): SqlDriver {
    return watchedDriver((step) => this.#pass(step))
  }

  #pass({ place, when, db }: Step): void {
    for (let slot = 0; slot < slotsMax; slot += 1) {
      if (this.#get(slot, 'kind') === 0 || this.#get(slot, 'left') === 0) continue
      if (places[this.#get(slot, 'place')] !== place) continue
      if (this.#get(slot, 'when') !== (when === 'before' ? 0 : 1)) continue
      const skipped = this.#get(slot, 'skipped')
      this.#set(slot, 'skipped', Math.max(0, skipped - 1))
      if (skipped > 0) continue
      const left = this.#get(slot, 'left')
      if (left !== forEver) this.#set(slot, 'left', left - 1)
      this.#set(slot, 'struck', this.#get(slot, 'struck') + 1)
      if (this.#get(slot, 'endsTransaction') === 1 && db?.isTransaction === true)
        db.exec('ROLLBACK')
      strike(faultKinds[this.#get(slot, 'kind') - 1] ?? 'io')
    }
  }

  /** Faults that are over make room. */
  #freeSlot(): number {
    for (let slot = 0; slot < slotsMax; slot += 1) {
      if (this.#get(slot, 'kind') === 0 || this.#get(slot, 'left') === 0) return slot
    }
    throw new Error('Too many faults are armed at once')
  }

  #get(slot: number, field: Field): number {
    return Atomics.load(this.#cells, slot * fields.length + fields.indexOf(field))
  }

  #set(slot: number, field: Field, value: number): void {
    Atomics.store(this.#cells, slot * fields.length + fields.indexOf(field), value)
  }
}

export type ArmedFault = { readonly struck: () => number; readonly end: () => void }

/** An error as `node:sqlite` throws it. */
export class PlantedSqlError extends Error {
  readonly code = 'ERR_SQLITE_ERROR'
  readonly errcode: number

  constructor({ message, errcode }: { readonly message: string; readonly errcode: number }) {
    super(message)
    this.errcode = errcode
  }
}

function strike(kind: FaultKind): void {
  const error = kinds[kind]
  if (error !== undefined) throw new PlantedSqlError(error)
  kill(pid, 'SIGKILL')
}
