import type { Clock } from '../../src/system/clock.ts'

const checkEveryMs = 60_000
const unwatchedChecksMax = 10

/** Resolves once ten checks in a row, a minute apart, have found nobody looking. */
export function untilUnwatched(clock: Clock, viewerCount: () => number): Promise<void> {
  return new Promise((resolve) => {
    let unwatchedChecks = 0
    const look = (): void => {
      unwatchedChecks = viewerCount() === 0 ? unwatchedChecks + 1 : 0
      if (unwatchedChecks >= unwatchedChecksMax) resolve()
      else clock.after(checkEveryMs, look)
    }
    clock.after(checkEveryMs, look)
  })
}
