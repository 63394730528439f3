import { worstOf, type HealthFact } from '../../operations/health.ts'
import type { Parts } from '../../operations/parts.ts'
import type { OverviewAnswer } from '../contract/desk.ts'

const keptMs = 30_000

/** The server's check-up for a page that asks every second: made anew when it is half a minute old. */
export class KeptCheckUp {
  readonly #parts: Pick<Parts, 'storage' | 'clock'>
  readonly #check: () => Promise<readonly HealthFact[]>
  #last: { readonly elapsedMs: number; readonly look: Promise<OverviewAnswer['health']> } | null =
    null

  constructor(
    parts: Pick<Parts, 'storage' | 'clock'>,
    check: () => Promise<readonly HealthFact[]>,
  ) {
    this.#parts = parts
    this.#check = check
  }

  look(): Promise<OverviewAnswer['health']> {
    const elapsedMs = this.#parts.clock.elapsedMs()
    if (this.#last === null || elapsedMs - this.#last.elapsedMs >= keptMs) {
      const look = this.#lookAnew()
      this.#last = { elapsedMs, look }
      look.catch(() => (this.#last = null))
    }
    return this.#last.look
  }

  async #lookAnew(): Promise<OverviewAnswer['health']> {
    const facts = await this.#check()
    return { atMs: this.#parts.storage.recordNowMs(), status: worstOf(facts), facts }
  }
}
