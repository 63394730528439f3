import type { ManualClock } from '../contract/manual-clock.ts'

/** Lets a manual clock run beside the sockets, in steps, until it is told to stop. */
export function passTime(clock: ManualClock): { end(): void } {
  let isOver = false
  const step = (): void => {
    if (isOver) return
    clock.pass(100)
    setImmediate(step)
  }
  step()
  return {
    end: () => {
      isOver = true
    },
  }
}
