import type { App } from '../../../src/app.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import type { Link, Weather } from './link.ts'
import type { Port } from './network.ts'

/** Whoever serves a world: one process with its disk, or several nodes with the database that they share. */
export interface Servers {
  /** So many starts there were. */
  readonly lives: number
  /** Everybody who shall serve does. */
  readonly isWhole: boolean
  /** One that serves now. */
  readonly app: App | null
  /** The process over whose death everything ends, where there is only one. */
  readonly life: Life | null
  start(): void
  /** Between two events: buries who died, and has the next one started. */
  tend(): void
  end(): void
  /** Undefined when nobody listens where this caller comes to. */
  connect(port: Port, chance: Chance, weather?: Partial<Weather>): Link | undefined
  /** The world reads the journal, and meets no faults; it does so only while somebody serves. */
  look(see: (parts: GateParts) => Promise<void>): Promise<void>
  /** Empty as long as there is none. */
  operatorToken(): string
}
