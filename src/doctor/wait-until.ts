import type { Clock } from '../system/clock.ts'

/**
 * Waiting for a moment of the wall clock over hours in which the machine may sleep and its clock may be set. Both
 * clocks are looked at; the first that has come to the moment ends the wait, and a large difference between
 * them is told, since a prompt that is sent too early costs nothing.
 */
export type WaitEnd = {
  readonly kind: 'reached' | 'interrupted' | 'stopped'
  /** How far the wall clock was set meanwhile: ahead is positive. */
  readonly clockStepMs: number
}

export type Waiting = {
  readonly clock: Clock
  readonly untilMs: number
  /** Told at every look: how long it still is. */
  readonly onTick: (leftMs: number) => void
  /** Looked at every time; true ends the wait. */
  readonly isStopped?: () => boolean
  readonly interrupted: Promise<void>
  readonly tickMs: number
}

const stepMinMs = 60_000

export async function waitUntil(waiting: Waiting): Promise<WaitEnd> {
  const { clock, untilMs, tickMs } = waiting
  const start = { wallMs: clock.wallMs(), elapsedMs: clock.elapsedMs() }
  let isInterrupted = false
  const interrupted = waiting.interrupted.then(() => {
    isInterrupted = true
  })
  for (;;) {
    const passedMs = clock.elapsedMs() - start.elapsedMs
    const stepMs = clock.wallMs() - start.wallMs - passedMs
    const clockStepMs = Math.abs(stepMs) >= stepMinMs ? stepMs : 0
    const byWallMs = untilMs - clock.wallMs()
    const byElapsedMs = untilMs - start.wallMs - passedMs
    if (isInterrupted) return { kind: 'interrupted', clockStepMs }
    if (Math.min(byWallMs, byElapsedMs) <= 0) return { kind: 'reached', clockStepMs }
    if (waiting.isStopped?.() === true) return { kind: 'stopped', clockStepMs }
    waiting.onTick(byWallMs)
    await Promise.race([interrupted, delay(clock, Math.min(tickMs, byWallMs, byElapsedMs))])
  }
}

const delay = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(Math.max(1, ms), resolve))

/** "3 h 20 min 05 s", for a line that is rewritten. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const parts = [hours > 0 ? `${hours} h` : '', hours > 0 || minutes > 0 ? `${minutes} min` : '']
  return [...parts, `${String(seconds % 60).padStart(2, '0')} s`].filter(Boolean).join(' ')
}

/** "90m", "2h", "1h30m" from now, or a moment such as 2026-11-28T21:06:00Z. */
export function momentTyped(text: string, nowMs: number): number | undefined {
  const span = /^(?=.)(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$/.exec(text.trim())
  if (span !== null) {
    const [, hours = '0', minutes = '0', seconds = '0'] = span
    return nowMs + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  }
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text.trim())) return undefined
  const atMs = Date.parse(text.trim())
  return Number.isFinite(atMs) ? atMs : undefined
}
