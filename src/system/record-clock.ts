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
  /** Wall time less the clock of record: positive while the wall clock is ahead. */
  readonly driftMs: number
  /** A forward jump of the wall clock is being held back until something confirms it. */
  readonly isJumpHeld: boolean
  /** The wall clock lies so far behind that it was set back, or a jump was followed that was wrong. */
  readonly isBehind: boolean
  /** The last outside date that was heard, and how long ago; null when none was since the start. */
  readonly witness: { readonly dateMs: number; readonly ageMs: number } | null
}

/** A span of time that was passed over at once, and on whose word. */
export type TakenJump = {
  readonly fromMs: number
  readonly toMs: number
  readonly cause: 'start' | 'witness' | 'operator'
}

/**
 * The clock of record: the one clock that windows, caps and expiries are decided by (W3).
 *
 *   moment = last moment + time that passed, slewed towards the wall clock
 *
 * It steps back only by a correction, which is an entry of the journal. A wall clock that jumps forward is
 * not followed until an outside date agrees with it or the operator says so, because a wrong jump would end
 * everybody's windows at once. While a jump is held, time goes on by what passes.
 */
export class RecordClock {
  readonly #clock: Clock
  readonly #onChange: (status: RecordClockStatus) => void
  #recordMs: number
  #elapsedMs: number
  #isJumpHeld = false
  #isBehind = false
  /** Jumps taken by this process; the journal tells them before anything else at the new time. */
  #jumps: readonly TakenJump[] = []
  #toldCount = 0
  /** The last outside date, and when it was told, by elapsed time. */
  #witness: { readonly dateMs: number; readonly elapsedMs: number } | undefined

  /** `lastMs` is the moment of the journal's last entry; undefined for an empty journal. */
  constructor(options: {
    readonly clock: Clock
    readonly lastMs: number | undefined
    /** Called once when a jump is held or the wall clock is found behind, and once when that is over. */
    readonly onChange: (status: RecordClockStatus) => void
  }) {
    this.#clock = options.clock
    this.#onChange = options.onChange
    this.#elapsedMs = options.clock.elapsedMs()
    const wallMs = options.clock.wallMs()
    const lastMs = options.lastMs ?? wallMs
    this.#recordMs = lastMs
    const absenceMs = wallMs - lastMs
    if (absenceMs > absenceMaxMs) this.#setState({ isJumpHeld: true, isBehind: false })
    else if (absenceMs > jumpMinMs) this.#adopt('start')
    else this.#recordMs = Math.max(lastMs, wallMs)
  }

  nowMs(): number {
    const elapsedMs = this.#clock.elapsedMs()
    const passedMs = Math.max(0, elapsedMs - this.#elapsedMs)
    this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs)
    this.#recordMs += passedMs
    const aheadMs = this.#clock.wallMs() - this.#recordMs
    if (aheadMs > jumpMinMs) {
      if (this.#isWitnessed()) this.#adopt('witness')
      else this.#setState({ isJumpHeld: true, isBehind: false })
    } else {
      const slewMaxMs = passedMs * slewPart
      this.#recordMs += Math.min(Math.max(aheadMs, -slewMaxMs), slewMaxMs)
      // The way out is half as far as the way in, so that nothing flickers on the line.
      const isBehind = aheadMs < (this.#isBehind ? -jumpMinMs / 2 : -jumpMinMs)
      this.#setState({ isJumpHeld: false, isBehind })
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
    this.#adopt('operator')
  }

  /** Goes back; the caller writes the entry that says so, and leaves these jumps whole, before any other. */
  stepBack(
    toMs: number,
    left: readonly { readonly fromMs: number; readonly toMs: number }[],
  ): void {
    this.#recordMs = toMs
    this.#jumps = this.#jumps.filter((jump) =>
      left.some((one) => one.fromMs === jump.fromMs && one.toMs === jump.toMs),
    )
    this.setTold()
    this.nowMs()
  }

  /** The journal was read again: no entry may come before its last, and jumps past that were lost with others. */
  resume(lastMs: number): void {
    this.#recordMs = Math.max(this.#recordMs, lastMs)
    this.#jumps = this.#jumps.filter(({ toMs }) => toMs > lastMs)
    this.#toldCount = 0
  }

  /** Jumps that the journal may not know yet. */
  untold(): readonly TakenJump[] {
    return this.#jumps.slice(this.#toldCount)
  }

  /** The journal knows all of them. */
  setTold(): void {
    this.#toldCount = this.#jumps.length
  }

  status(): RecordClockStatus {
    this.nowMs()
    return this.#status()
  }

  #status(): RecordClockStatus {
    const [recordMs, wallMs] = [Math.floor(this.#recordMs), this.#clock.wallMs()]
    const witness = this.#witness
    return {
      recordMs,
      wallMs,
      driftMs: Math.round(wallMs - recordMs),
      isJumpHeld: this.#isJumpHeld,
      isBehind: this.#isBehind,
      witness:
        witness === undefined
          ? null
          : {
              dateMs: witness.dateMs,
              ageMs: Math.max(0, Math.round(this.#elapsedMs - witness.elapsedMs)),
            },
    }
  }

  #adopt(cause: TakenJump['cause']): void {
    const wallMs = this.#clock.wallMs()
    if (wallMs > this.#recordMs) {
      const [fromMs, toMs] = [Math.floor(this.#recordMs), Math.floor(wallMs)]
      this.#recordMs = wallMs
      if (toMs - fromMs > jumpMinMs) {
        this.#jumps = [...this.#jumps, { fromMs, toMs, cause }]
      }
    }
    this.#setState({ isJumpHeld: false, isBehind: this.#isBehind })
  }

  #isWitnessed(): boolean {
    if (this.#witness === undefined) return false
    const expectedMs = this.#witness.dateMs + (this.#elapsedMs - this.#witness.elapsedMs)
    return Math.abs(this.#clock.wallMs() - expectedMs) <= jumpMinMs
  }

  #setState({ isJumpHeld, isBehind }: { isJumpHeld: boolean; isBehind: boolean }): void {
    if (this.#isJumpHeld === isJumpHeld && this.#isBehind === isBehind) return
    this.#isJumpHeld = isJumpHeld
    this.#isBehind = isBehind
    this.#onChange(this.#status())
  }
}
