import type { GateParts } from '../../operations/parts.ts'
import { findHeader } from '../reply/forward-headers.ts'
import type { ReplyHead } from '../reply/upstream.ts'

/** How often at most the upstream is asked for the time; its Date header has whole seconds anyway. */
const everyMs = 10_000

/**
 * Tells the clock of record what time the upstream says it is: the outside moment that lets it follow a
 * jump of this machine's own clock, or ignore it.
 */
export function createClockWitness({ storage, clock }: GateParts): (head: ReplyHead) => void {
  let nextMs = 0
  return (head) => {
    const nowMs = clock.elapsedMs()
    if (nowMs < nextMs) return
    const dateMs = Date.parse(findHeader(head.rawHeaders, 'date') ?? '')
    if (Number.isNaN(dateMs)) return
    nextMs = nowMs + everyMs
    // A cache passes the Date of the first answer on, and says how long ago that was.
    const ageMs = Number(findHeader(head.rawHeaders, 'age') ?? '0') * 1000
    storage.corroborateClock(dateMs + (ageMs > 0 ? ageMs : 0))
  }
}
