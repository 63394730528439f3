import { StorageUnavailableError } from './storage.ts'

/**
 * An entry whose own words are damaged, or do not fit the entries before it. Like a damaged page, it says
 * nothing about anybody's limits: whoever needs it is told "unavailable", and never "out" or nothing at all (D12).
 */
export class DamagedEntryError extends StorageUnavailableError {
  override readonly damagedPosition: number

  constructor(position: number, cause: unknown) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    super(
      `Limits cannot be checked right now, because entry ${position} of the journal is damaged (${problem}).`,
      { cause },
    )
    this.damagedPosition = position
  }
}
