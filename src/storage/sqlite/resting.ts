import type { Clock } from '../../system/clock.ts'

/** Long work takes at most this part of its thread's time: after each piece it rests in proportion. */
export function restingFor(clock: Clock, share: number): () => Promise<void> {
  let beganMs = clock.elapsedMs()
  return async () => {
    const restMs = Math.max(1, (clock.elapsedMs() - beganMs) * (1 / share - 1))
    await new Promise<void>((resolve) => void clock.after(restMs, resolve))
    beganMs = clock.elapsedMs()
  }
}
