import type { BurstAnswer } from '../../core/burst.ts'
import type { MemberId } from '../../core/ids.ts'
import { costOf } from '../../core/usage.ts'
import type { Clock } from '../../system/clock.ts'
import type { AskedRequest } from '../caller/asked-request.ts'
import type { Gate } from '../gate.ts'
import type { RelayEnd } from '../reply/relay.ts'
import type { Trace } from '../trace.ts'

/**
 * Requests whose callers leave after they were sent and before the upstream said anything. Nobody knows
 * what they used, so they are void; the upstream may bill their input to the operator all the same. They are
 * counted, and a member that does it all the time is slowed down: a person who changes their mind is not.
 */
export interface AbandonGuard {
  /** Whether the member may send another one now. Takes nothing away. */
  ask(memberId: MemberId): BurstAnswer
  count(memberId: MemberId): void
}

/** One every two seconds goes on for ever, and this many at once after a pause. */
const perMinute = 30
const atOnceMax = 60
/** Above this many remembered members, those that are whole again are forgotten. */
const sweepFromMembers = 1024

export function createAbandonGuard(clock: Clock): AbandonGuard {
  const spacingMs = 60_000 / perMinute
  const wholeAgainMs = new Map<MemberId, number>()

  const sweep = (nowMs: number): void => {
    for (const [id, moment] of wholeAgainMs) if (moment <= nowMs) wholeAgainMs.delete(id)
  }

  return {
    ask(memberId) {
      const nowMs = clock.elapsedMs()
      const wholeMs = wholeAgainMs.get(memberId) ?? nowMs
      const earlyMs = wholeMs - nowMs - spacingMs * (atOnceMax - 1)
      return earlyMs > 0
        ? { isAdmitted: false, retryAfterMs: Math.ceil(earlyMs) }
        : { isAdmitted: true, wholeAgainMs: wholeMs }
    },
    count(memberId) {
      const nowMs = clock.elapsedMs()
      if (wholeAgainMs.size >= sweepFromMembers) sweep(nowMs)
      wholeAgainMs.set(memberId, Math.max(wholeAgainMs.get(memberId) ?? nowMs, nowMs) + spacingMs)
    },
  }
}

export function noteAbandoned(
  gate: Pick<Gate, 'abandons' | 'account'>,
  trace: Trace,
  request: {
    readonly asked: AskedRequest
    readonly end: RelayEnd
    readonly memberId: MemberId
  },
): void {
  const { asked, end, memberId } = request
  if (end.how !== 'caller_left' || end.head !== null || !end.wasSent) return
  gate.abandons.count(memberId)
  const { inputTokensExpected } = asked.facts
  const nanos = asked.price === null ? 0n : costOf(asked.price, { input: inputTokensExpected })
  gate.account.countAbandoned(nanos)
  trace.fields.abandonedNanos = nanos.toString()
}
