import type { Clock } from './clock.ts'

/** A wall clock that is this far ahead of the clock of record has jumped; nobody's clock drifts so far. */
export const jumpMinMs = 5 * 60 * 1000
/** After a start, so much time since the last entry needs no witness: a machine may be off for a day. */
export const absenceMaxMs = 24 * 60 * 60 * 1000
/** How fast the clock of record runs towards the wall clock: a part of the time that passes. */
const slewPart = 0.1

export type RecordClockStatus = {
  readonly recordMs: number
  readonly wallMs: number
  /** A forward jump of the wall clock is being held back until something confirms it. */
  readonly isJumpHeld: boolean
}

/**
 * The clock of record: the one clock that windows, caps and expiries are decided by (W3).
 *
 *   moment = last moment + time that passed, slewed towards the wall clock
 *
 * It never steps back. A wall clock that jumps forward is not followed until an outside date agrees with it
 * or the operator says so, because a wrong jump would end everybody's windows at once. While a jump is
 * held, time goes on by what passes.
 */
export class RecordClock {
  readonly #clock: Clock
  readonly #onJump: (status: RecordClockStatus) => void
  #recordMs: number
  #elapsedMs: number
  #isJumpHeld = false
  /** The last outside date, and when it was told, by elapsed time. */
  #witness: { readonly dateMs: number; readonly elapsedMs: number } | undefined

  /** `lastMs` is the moment of the journal's last entry; undefined for an empty journal. */
  constructor(options: {
    readonly clock: Clock
    readonly lastMs: number | undefined
    /** Called once when a jump is held, and once when it is over. */
    readonly onJump: (status: RecordClockStatus) => void
  }) {
    this.#clock = options.clock
    this.#onJump = options.onJump
    this.#elapsedMs = options.clock.elapsedMs()
    const wallMs = options.clock.wallMs()
    const lastMs = options.lastMs ?? wallMs
    const isAbsenceShort = wallMs - lastMs <= absenceMaxMs
    this.#recordMs = isAbsenceShort ? Math.max(lastMs, wallMs) : lastMs
    if (!isAbsenceShort) this.#setHeld(true)
  }

  nowMs(): number {
    const elapsedMs = this.#clock.elapsedMs()
    const passedMs = Math.max(0, elapsedMs - this.#elapsedMs)
    this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs)
    this.#recordMs += passedMs
    const aheadMs = this.#clock.wallMs() - this.#recordMs
    if (aheadMs > jumpMinMs) {
      if (this.#isWitnessed()) this.#adopt()
      else this.#setHeld(true)
    } else {
      const slewMaxMs = passedMs * slewPart
      this.#recordMs += Math.min(Math.max(aheadMs, -slewMaxMs), slewMaxMs)
      this.#setHeld(false)
    }
    return Math.floor(this.#recordMs)
  }

  /** An outside moment, such as the Date header of an upstream's answer. */
  corroborate(dateMs: number): void {
    if (!Number.isFinite(dateMs)) return
    this.#witness = { dateMs, elapsedMs: this.#clock.elapsedMs() }
    if (this.#isJumpHeld) this.nowMs()
  }

  /** The operator's word that the wall clock is right. A wall clock that is behind changes nothing. */
  adoptWall(): void {
    this.nowMs()
    this.#adopt()
  }

  status(): RecordClockStatus {
    const recordMs = this.nowMs()
    return { recordMs, wallMs: this.#clock.wallMs(), isJumpHeld: this.#isJumpHeld }
  }

  #adopt(): void {
    this.#recordMs = Math.max(this.#recordMs, this.#clock.wallMs())
    this.#setHeld(false)
  }

  #isWitnessed(): boolean {
    if (this.#witness === undefined) return false
    const expectedMs = this.#witness.dateMs + (this.#elapsedMs - this.#witness.elapsedMs)
    return Math.abs(this.#clock.wallMs() - expectedMs) <= jumpMinMs
  }

  #setHeld(isHeld: boolean): void {
    if (this.#isJumpHeld === isHeld) return
    this.#isJumpHeld = isHeld
    const recordMs = Math.floor(this.#recordMs)
    this.#onJump({ recordMs, wallMs: this.#clock.wallMs(), isJumpHeld: isHeld })
  }
}
