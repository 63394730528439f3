import type { Logger } from '../../system/logger.ts'
import type { JournalRow } from '../entry-codec.ts'
import type { CommittedScope } from '../storage.ts'

type Listener = (changed: readonly CommittedScope[]) => void

/** Who is told after each commit what it changed; one that fails keeps nobody from hearing it. */
export class CommitListeners {
  readonly #listeners = new Set<Listener>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  add(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(rows: readonly JournalRow[]): void {
    if (this.#listeners.size === 0) return
    const changed = new Map<string, CommittedScope>()
    for (const { customerId, memberId } of rows) {
      changed.set(`${customerId}:${memberId ?? ''}`, { customerId, memberId })
    }
    for (const listener of this.#listeners) {
      try {
        listener([...changed.values()])
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error)
        this.#log.warn('a listener of commits failed', { cause })
      }
    }
  }
}
