import { uptime } from 'node:os'
import type { Clock } from './clock.ts'

/** How often at most the machine's uptime is read; one reading costs a few microseconds. */
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
 * not, so the difference of the two is added: an hour of sleep is an hour that passed.
 */
export function createSystemClock(readings: Readings = machine): Clock {
  const startMs = readings.monotonicMs()
  const startUptimeMs = readings.uptimeMs()
  let suspendedMs = 0
  let readAtMs = startMs
  return {
    wallMs: () => readings.wallMs(),
    elapsedMs: () => {
      const nowMs = readings.monotonicMs()
      if (nowMs - readAtMs >= uptimeEveryMs) {
        readAtMs = nowMs
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
