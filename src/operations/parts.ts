import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { Storage } from '../storage/storage.ts'

/** What every operation stands on. */
export type Parts = {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
}
