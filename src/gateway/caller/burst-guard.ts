import { admitBurst, type BurstAnswer, type BurstRule } from '../../core/burst.ts'
import type { KeyId } from '../../core/ids.ts'
import type { Clock } from '../../system/clock.ts'

/** The burst rule applied per key. Keys that have been quiet long enough to be whole again are forgotten. */
export interface BurstGuard {
  admit(keyId: KeyId): BurstAnswer
}

/** Above this many remembered keys, quiet ones are looked for; active keys always stay. */
const sweepFromKeys = 1024

export function createBurstGuard(rule: BurstRule, clock: Clock): BurstGuard {
  const wholeAgainMs = new Map<KeyId, number>()
  let sweepAtSize = sweepFromKeys

  const sweep = (nowMs: number): void => {
    for (const [keyId, moment] of wholeAgainMs) if (moment <= nowMs) wholeAgainMs.delete(keyId)
    sweepAtSize = Math.max(sweepFromKeys, wholeAgainMs.size * 2)
  }

  return {
    admit(keyId) {
      const nowMs = clock.elapsedMs()
      if (wholeAgainMs.size >= sweepAtSize) sweep(nowMs)
      const answer = admitBurst(rule, wholeAgainMs.get(keyId), nowMs)
      if (answer.isAdmitted) wholeAgainMs.set(keyId, answer.wholeAgainMs)
      return answer
    },
  }
}
