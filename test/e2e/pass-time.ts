import { setTimeout } from 'node:timers/promises'
import type { ManualClock } from '../contract/manual-clock.ts'

/** Time that passes beside the sockets until it is told to stop, or its test is over. */
export interface PassingTime extends Disposable {
  end(): void
}

const stepMs = 100
/** Real time for one step: a commit that waits for the real disk must not seem to take ten seconds. */
const realMs = 4

export function passTime(clock: ManualClock): PassingTime {
  let isOver = false
  const pass = async (): Promise<void> => {
    while (!isOver) {
      clock.pass(stepMs)
      await setTimeout(realMs)
    }
  }
  void pass()
  const end = (): void => {
    isOver = true
  }
  return { end, [Symbol.dispose]: end }
}
