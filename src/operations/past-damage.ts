import type { Entry } from '../core/entry.ts'
import { StorageUnavailableError, type EntryQuery } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/**
 * Lists of many accounts go on where an entry of one is damaged, and say what they left out. Whoever asks about that
 * account alone is told "unavailable": half of its books is no answer (D12).
 */

/** Of so many damaged entries a list tells; with more, the journal has to be looked at first. */
const damagedMax = 20

export type EntriesPastDamage = {
  /** As the query wants them, but for those that cannot be read. */
  readonly entries: readonly Entry[]
  /** Their positions. */
  readonly damaged: readonly number[]
}

/** The entries that can be read; throws what `entries` throws where it is not an entry of its own that is damaged. */
export async function entriesPastDamage(
  storage: Pick<Parts['storage'], 'entries'>,
  query: EntryQuery & { readonly rowsMax: number },
  left: number = damagedMax,
): Promise<EntriesPastDamage> {
  try {
    return { entries: await storage.entries(query), damaged: [] }
  } catch (error) {
    const position = damagedPosition(error)
    const { afterPosition = 0, beforePosition = Infinity, rowsMax, isNewestFirst } = query
    const isWithin = position !== null && position > afterPosition && position < beforePosition
    if (!isWithin || left === 0) throw error
    const later = { ...query, afterPosition: position }
    const earlier = { ...query, beforePosition: position }
    const [first, second] = isNewestFirst === true ? [later, earlier] : [earlier, later]
    const begun = await entriesPastDamage(storage, first, left - 1)
    const missing = rowsMax - begun.entries.length
    const damaged = [...begun.damaged, position]
    if (missing <= 0) return { entries: begun.entries, damaged }
    const rest = await entriesPastDamage(
      storage,
      { ...second, rowsMax: missing },
      Math.max(0, left - damaged.length),
    )
    return {
      entries: [...begun.entries, ...rest.entries],
      damaged: [...damaged, ...rest.damaged],
    }
  }
}

/** An account of a list whose entries cannot be read: it is named, without figures. */
export type Unreadable<Id> = {
  readonly id: Id
  readonly name: string | null
  readonly damagedPosition: number
}

/** What was read of one account of a list, or which of its entries is damaged. */
export async function unlessDamaged<Answer>(
  read: Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly damagedPosition: number }> {
  try {
    return { answer: await read }
  } catch (error) {
    const position = damagedPosition(error)
    if (position === null) throw error
    return { damagedPosition: position }
  }
}

/** The entry whose damage is the reason of a failure; null where it is another. */
const damagedPosition = (error: unknown): number | null =>
  error instanceof StorageUnavailableError ? error.damagedPosition : null
