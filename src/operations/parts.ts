import type { BootId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { DecisionSigner } from './decision-id.ts'
import type { WaitingLine } from './waiting-line.ts'

/** What every operation stands on. */
export type Parts = {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
}

/** What admission needs besides: one of each per gateway process. */
export type GateParts = Parts & {
  readonly signer: DecisionSigner
  readonly line: WaitingLine
  readonly bootId: BootId
  /** The longest a hold may live, in milliseconds. */
  readonly holdMaxMs: number
}
