import type { GateParts } from '../../operations/parts.ts'
import type { Upstream } from '../reply/upstream.ts'

/**
 * Asks the upstream for the time while a jump of the wall clock is held back. After a day without an entry
 * (a weekend) the clock of record waits for a witness; without asking, a window that ended meanwhile would
 * go on refusing, and a refused request never reaches the upstream whose Date header is the witness. Without an
 * upstream (its clock is this machine's own) nobody is asked, and the operator's word is waited for.
 */
export interface ClockWatch {
  /** Resolves when the clock is right, or nobody answered in time; goes on asking now and then. */
  start(): Promise<void>
  stop(): void
}

/** How long the first answer may hold up a start, and how often the question is asked again. */
const firstAnswerMaxMs = 3000
const askEveryMs = 30_000

export function createClockWatch(
  { storage, clock }: Pick<GateParts, 'storage' | 'clock'>,
  upstream: Pick<Upstream, 'send'> | null,
): ClockWatch {
  let cancel = (): void => {}
  let isStopped = false

  const ask = (asked: Pick<Upstream, 'send'>): Promise<void> =>
    new Promise((resolve) => {
      const cancelWait = clock.after(firstAnswerMaxMs, resolve)
      const done = (): void => {
        cancelWait()
        resolve()
      }
      // The witness of every reply's head hears the date; what the answer says does not matter.
      const receiver = { onHead: done, onChunk: () => {}, onEnd: done, onFailure: done }
      asked.send({ method: 'GET', path: '/v1/models?limit=1', headers: [], body: null }, receiver)
    })

  const watch = async (): Promise<void> => {
    if (isStopped) return
    if (storage.clockStatus().isJumpHeld && upstream !== null) await ask(upstream)
    cancel = clock.after(askEveryMs, () => void watch())
  }

  return {
    start: watch,
    stop() {
      isStopped = true
      cancel()
    },
  }
}
