import { uptime } from 'node:os'
import type { Clock } from './clock.ts'

/** How often the machine's uptime is read; one reading costs a few microseconds. */
const uptimeEveryMs = 1000
/** Uptime is told in steps of 10 ms and read beside the other clock, so less than this is noise. */
const suspensionMinMs = 500

type Readings = {
  readonly monotonicMs: () => number
  readonly uptimeMs: () => number
  readonly wallMs: () => number
}

const machine: Readings = {
  monotonicMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
}

/**
 * The operating system's clock. The monotonic clock stands still while the machine sleeps and uptime does
 * not, so the difference of the two is added: an hour of sleep is an hour that passed. Right after a sleep
 * the wall clock has moved and the monotonic one has not, so uptime is read at once: nobody shall take the
 * sleep for a jump of the wall clock (docs/decisions/0010-the-clock-goes-back-by-an-entry.md).
 */
export function createSystemClock(readings: Readings = machine): Clock {
  const startMs = readings.monotonicMs()
  const startUptimeMs = readings.uptimeMs()
  let suspendedMs = 0
  let readAtMs = startMs
  let readAtWallMs = readings.wallMs()
  return {
    wallMs: () => readings.wallMs(),
    elapsedMs: () => {
      const nowMs = readings.monotonicMs()
      const passedMs = nowMs - readAtMs
      const wallMs = readings.wallMs()
      const hasWallMoved = Math.abs(wallMs - readAtWallMs - passedMs) > suspensionMinMs
      if (passedMs >= uptimeEveryMs || hasWallMoved) {
        readAtMs = nowMs
        readAtWallMs = wallMs
        const asleepMs = readings.uptimeMs() - startUptimeMs - (nowMs - startMs)
        if (asleepMs - suspendedMs > suspensionMinMs) suspendedMs = asleepMs
      }
      return nowMs - startMs + suspendedMs
    },
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}
