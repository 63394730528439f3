import type { Actor } from '../core/entry.ts'
import type { VerifyReport } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** Recomputes everything from the journal and says so; heals stored derivations that differ. */
export function verify(
  parts: Pick<Parts, 'storage'>,
  command: {
    readonly actor: Actor
    readonly isHealing: boolean
    readonly onProgress?: (done: number, total: number) => void
  },
): Promise<VerifyReport> {
  return parts.storage.verify(command)
}
