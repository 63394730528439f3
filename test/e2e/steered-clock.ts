import type { Clock } from '../../src/system/clock.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** The real clock, which a test can move forward: whatever would have happened until then happens now. */
export interface SteeredClock extends Clock {
  advance(byMs: number): void
  /** The wall clock is set, and no time passes. */
  stepWall(byMs: number): void
}

type Timer = { readonly dueMs: number; readonly fire: () => void; cancel: () => void }

export function createSteeredClock(): SteeredClock {
  const real = createSystemClock()
  const timers = new Set<Timer>()
  let aheadMs = 0
  let steppedMs = 0
  const elapsedMs = (): number => real.elapsedMs() + aheadMs
  return {
    wallMs: () => real.wallMs() + aheadMs + steppedMs,
    elapsedMs,
    after(delayMs, callback) {
      const timer: Timer = {
        dueMs: elapsedMs() + delayMs,
        fire: () => {
          timers.delete(timer)
          timer.cancel()
          callback()
        },
        cancel: () => {},
      }
      timer.cancel = real.after(delayMs, timer.fire)
      timers.add(timer)
      return () => {
        timers.delete(timer)
        timer.cancel()
      }
    },
    stepWall(byMs) {
      steppedMs += byMs
    },
    advance(byMs) {
      aheadMs += byMs
      const nowMs = elapsedMs()
      const due = [...timers].filter((timer) => timer.dueMs <= nowMs)
      for (const timer of due.toSorted((left, right) => left.dueMs - right.dueMs)) timer.fire()
    },
  }
}
