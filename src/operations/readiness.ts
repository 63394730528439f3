import type { Parts } from './parts.ts'

/** Whether new requests should be sent here: what a load balancer, a container or a supervisor asks. */
export type ReadinessAnswer =
  | { readonly status: 'ready' }
  | { readonly status: 'not_ready'; readonly reason: 'stopping' | 'journal_away' }

/** A prober waits a second or so; an answer that comes later is none. */
const probeMaxMs = 800

export class Readiness {
  readonly #parts: Pick<Parts, 'storage' | 'clock'>
  #isStopping = false
  #looking: Promise<boolean> | undefined

  constructor(parts: Pick<Parts, 'storage' | 'clock'>) {
    this.#parts = parts
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** From now on the answer is no, while requests that come all the same are served. */
  beginStopping(): void {
    this.#isStopping = true
  }

  async look(): Promise<ReadinessAnswer> {
    if (this.#isStopping) return { status: 'not_ready', reason: 'stopping' }
    // Anybody may ask, also in floods and while the disk hangs: one question to it serves all who ask meanwhile.
    this.#looking ??= this.#isJournalThere().finally(() => {
      this.#looking = undefined
    })
    const isWritable = await this.#looking
    return isWritable ? { status: 'ready' } : { status: 'not_ready', reason: 'journal_away' }
  }

  /** A change that writes nothing waits for what was written before it, so it asks the disk. */
  async #isJournalThere(): Promise<boolean> {
    const { storage, clock } = this.#parts
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const cancel = clock.after(probeMaxMs, () => resolve(false))
    const asked = storage.updateSystem(() => ({ answer: true, entries: [] })).catch(() => false)
    const isThere = await Promise.race([asked, late])
    cancel()
    return isThere
  }
}
