import type { Body } from './entry-rules.ts'

/** A wall clock this far ahead of the clock of record has jumped, and an entry is seen a while after it was written. */
const jumpMs = 6 * 60_000
/** A start follows its machine's clock so far without a witness. */
const absenceMs = 24 * 60 * 60_000 + jumpMs

type Jump = { readonly fromMs: number; readonly toMs: number }

/** What is right about the clocks of the world, when an entry is looked at. */
export type ClocksNow = {
  readonly trueMs: number
  readonly wallOffMs: number
  /** So long the machine may have slept since the entry was written. */
  readonly sleptMs: number
}

/**
 * Whether the clock of record goes where it may: with its machine's clock while that is near, ahead by a jump that
 * somebody vouched for, and back by a correction, never behind what it undoes.
 */
export class ClockRules {
  /** So far ahead of the right time it may be. */
  #ceilingMs = 0
  /** How far the dates of the LLM API were ever from the right time. */
  readonly #witnessed = new Set<number>([0])
  #jumps: Jump[] = []
  #wordsGiven = 0
  corrections = 0

  setWall(offMs: number): void {
    // The clock of record runs towards a wall clock that is near.
    if (offMs - this.#ceilingMs <= jumpMs) this.#ceilingMs = Math.max(this.#ceilingMs, offMs)
  }

  setWitness(offMs: number): void {
    this.#witnessed.add(offMs)
  }

  /** Somebody says that the machine's clock is right. */
  giveWord(): void {
    this.#wordsGiven += 1
  }

  /** What is wrong with a jump; null when nothing is. */
  takeJump({ fromMs, toMs, cause }: Body<'clock_adopted'>, now: ClocksNow): string | null {
    this.#jumps.push({ fromMs, toMs })
    const offMs = toMs - now.trueMs
    this.#ceilingMs = Math.max(this.#ceilingMs, offMs + now.sleptMs)
    this.setWall(now.wallOffMs)
    const by = `the clock of record jumps by ${toMs - fromMs} ms`
    if (cause === 'start') return toMs - fromMs > absenceMs ? `${by} at a start` : null
    if (cause === 'operator') return this.#wordsGiven > 0 ? null : `${by} on nobody's word`
    const isWitnessed = [...this.#witnessed].some((one) => Math.abs(offMs - one) <= jumpMs)
    return isWitnessed || now.sleptMs > 0 ? null : `${by}, which no witness has said`
  }

  takeCorrection({ fromMs, toMs }: Body<'clock_corrected'>, now: ClocksNow): string | null {
    this.corrections += 1
    const undone = this.#undoneBy({ fromMs, toMs })
    const restMs = undone.reduce((sum, jump) => sum + jump.toMs - jump.fromMs, toMs - fromMs)
    // Of the last that it takes, what it has not gone back can be undone by another.
    const rest = undone.slice(-1).map((jump) => ({ ...jump, toMs: jump.fromMs + restMs }))
    this.#jumps = this.#jumps.filter((jump) => !undone.includes(jump))
    if (restMs > 0) this.#jumps.push(...rest)
    this.#ceilingMs = Math.max(0, toMs - now.trueMs + now.sleptMs)
    this.setWall(now.wallOffMs)
    if (toMs >= fromMs) return `a correction goes from ${fromMs} to ${toMs}`
    const skippedMs = undone.reduce((sum, jump) => sum + jump.toMs - jump.fromMs, 0)
    const firstMs = Math.min(...undone.map((jump) => jump.fromMs))
    const leastMs = Math.max(firstMs, fromMs - skippedMs)
    return toMs >= leastMs ? null : `a correction goes to ${toMs}, behind ${leastMs}`
  }

  /** All jumps past where it goes, and as many before them as it takes to go back so far. */
  #undoneBy({ fromMs, toMs }: Jump): readonly Jump[] {
    const undone: Jump[] = []
    let leftMs = fromMs - toMs
    for (const jump of this.#jumps.toSorted((left, right) => right.toMs - left.toMs)) {
      if (jump.toMs <= toMs && leftMs <= 0) break
      undone.push(jump)
      leftMs -= jump.toMs - jump.fromMs
    }
    return undone
  }

  /** What is wrong with the moment of the last entry. */
  look(lastMs: number, { trueMs, wallOffMs, sleptMs }: ClocksNow): string | null {
    const aheadMs = lastMs - trueMs
    if (aheadMs > this.#ceilingMs + jumpMs) return `${aheadMs} ms ahead of the right time`
    // It runs slower than time until its machine's clock has caught up.
    if (sleptMs === 0 && wallOffMs <= aheadMs)
      this.#ceilingMs = Math.min(this.#ceilingMs, Math.max(0, aheadMs) + 60_000)
    return null
  }
}
