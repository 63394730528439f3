import type { Entry } from '../core/entry.ts'
import type { Storage } from '../storage/storage.ts'

/** Moments rise with positions, except where the clock of record was put back; such entries are rare and indexed. */
export const readCorrections = (storage: Storage): Promise<readonly Entry[]> =>
  storage.entries({ kind: 'clock_corrected' })

/** No entry before this one is later than the answer: its own moment, or one that the clock went back from. */
export function latestBefore(
  { atMs, position }: Pick<Entry, 'atMs' | 'position'>,
  corrections: readonly Entry[],
): number {
  let latestMs = atMs
  for (const { position: correctedAt, body } of corrections) {
    if (body.kind === 'clock_corrected' && correctedAt < position)
      latestMs = Math.max(latestMs, body.fromMs)
  }
  return latestMs
}
