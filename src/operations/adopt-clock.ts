import type { ClockStatus } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** The operator's word that this machine's clock is right: a jump that was held back is taken at once. */
export function adoptClock({ storage }: Pick<Parts, 'storage'>): ClockStatus {
  storage.adoptWallClock()
  return storage.clockStatus()
}
