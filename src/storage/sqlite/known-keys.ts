import type { JournalRow } from '../entry-codec.ts'
import type { KeyRecord } from '../storage.ts'

const keysMax = 50_000

/** Records of keys, kept in memory until a key changes. Unknown keys are never kept. */
export class KnownKeys {
  readonly #records = new Map<string, KeyRecord>()
  readonly #find: (keyHash: string) => KeyRecord | undefined

  constructor(find: (keyHash: string) => KeyRecord | undefined) {
    this.#find = find
  }

  record(keyHash: string): KeyRecord | undefined {
    const known = this.#records.get(keyHash)
    if (known !== undefined) return known
    const found = this.#find(keyHash)
    if (found !== undefined) {
      if (this.#records.size >= keysMax) this.#records.clear()
      this.#records.set(keyHash, found)
    }
    return found
  }

  note(rows: readonly JournalRow[]): void {
    if (rows.some(({ kind }) => kind === 'key_issued' || kind === 'key_revoked')) this.forget()
  }

  forget(): void {
    this.#records.clear()
  }
}
