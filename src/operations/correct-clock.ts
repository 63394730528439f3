import type { ClockCorrection, ClockStatus } from '../storage/storage.ts'
import type { Command } from './command.ts'
import type { Parts } from './parts.ts'

/**
 * Undoes a jump of the clock that was followed and was wrong: the clock of record goes back to this machine's
 * clock, by an entry (docs/decisions/0010-the-clock-goes-back-by-an-entry.md). Rejects with
 * `ClockNotCorrectableError` when there is nothing to undo.
 */
export async function correctClock(
  { storage }: Pick<Parts, 'storage'>,
  { operationId, actor }: Command,
): Promise<{ readonly correction: ClockCorrection; readonly clock: ClockStatus }> {
  const correction = await storage.correctClock({ operationId, actor })
  return { correction, clock: storage.clockStatus() }
}
