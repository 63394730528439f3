import { nextTurn } from '../../system/next-turn.ts'
import { segmentOf } from './journal-file.ts'
import type { JournalReader, Place, Range } from './journal-reader.ts'

/** Segments looked into before others get a turn; a few milliseconds at most. */
const segmentsPerTurn = 1024

/**
 * The segments that hold entries of one account or hold, in order or backwards. Most accounts have entries
 * in few segments, and finding out which costs about a microsecond for each that there is.
 */
export async function* walkSegments(
  reader: JournalReader,
  place: Place,
  walk: Range & { readonly isNewestFirst?: boolean },
): AsyncGenerator<number> {
  const first = segmentOf(walk.after + 1)
  const last = segmentOf(Math.max(walk.before - 1, 0))
  for (let done = 0; done <= last - first; done += segmentsPerTurn) {
    if (done > 0) await nextTurn()
    const count = Math.min(segmentsPerTurn, last - first + 1 - done)
    const from = walk.isNewestFirst === true ? last - done - count + 1 : first + done
    const filled = reader.filledSegments(place, { first: from, last: from + count - 1 })
    yield* walk.isNewestFirst === true ? filled.toReversed() : filled
  }
}
