import { setImmediate as nextImmediate } from 'node:timers/promises'

/**
 * Giving others a turn of the event loop. It waits for no time to pass, so it is no timer, and tests with a
 * clock of their own need not move it.
 */
export const nextTurn = (): Promise<void> => nextImmediate()

/** Calls back after everything that is ready now has had its turn. */
export function onNextTurn(callback: () => void): void {
  setImmediate(callback)
}
