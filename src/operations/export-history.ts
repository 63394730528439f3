import type { Entry } from '../core/entry.ts'
import type { Nanos } from '../core/money.ts'
import { latestBefore, readCorrections } from './clock-corrections.ts'
import { isWanted, type HistoryFilter } from './history-filter.ts'
import { asSeenBy, type HistoryLine, type LineDraft } from './history-lines.ts'
import { readHistoryNow, splitExpired, walkHistory, type HistoryOwner } from './history-walk.ts'
import type { Parts } from './parts.ts'

/**
 * A history from its beginning, oldest first, for files: what stood before the range, every line of it, and what
 * stands after. Opening balance, every change and what was left out give the closing balance; where the range reaches
 * until now, that is the balance that the gate decides on.
 */
export type ExportPart =
  | { readonly kind: 'opening'; readonly balanceNanos: Nanos; readonly position: number }
  /** `entry` is null for what time has taken and no entry has booked yet. */
  | { readonly kind: 'line'; readonly line: HistoryLine; readonly entry: Entry | null }
  | {
      readonly kind: 'closing'
      readonly balanceNanos: Nanos
      /** What lines that were not asked for changed. */
      readonly leftOutNanos: Nanos
      readonly lineCount: number
      /** False where the changes do not add up to the gate's own balance. */
      readonly addsUp: boolean
    }

export async function* exportHistory(
  parts: Pick<Parts, 'storage'>,
  query: HistoryOwner & { readonly filter: HistoryFilter },
): AsyncGenerator<ExportPart> {
  const { customerId, memberId, filter } = query
  const owner = memberId === undefined ? { customerId } : { customerId, memberId }
  const now = await readHistoryNow(parts, customerId)
  const expired = splitExpired(now.expired, filter)
  const sums = new Sums(expired.beforeNanos)
  const folded = new FoldedLines()
  const ends = endsOf(filter, await readCorrections(parts.storage))
  const walk = walkHistory(parts, {
    owner,
    system: now.system,
    isNewestFirst: false,
    beforePosition: now.position + 1,
  })
  let isOpen = false
  let isCut = false
  const takeAll = function* (
    drafts: readonly LineDraft[],
    entry: Entry | null,
  ): Generator<ExportPart> {
    for (const draft of drafts) {
      const seen = asSeenBy(memberId, draft)
      const line = { ...seen, balanceNanos: sums.add(draft.changeNanos) }
      if (isWanted(seen, filter)) yield* folded.take({ kind: 'line', line, entry })
      else sums.leaveOut(draft.changeNanos)
    }
  }
  for await (const { entry, drafts } of walk) {
    if (ends.isAfter(entry)) {
      isCut = true
      break
    }
    if (!isOpen && ends.isBefore(entry)) {
      for (const draft of drafts) sums.add(draft.changeNanos)
      continue
    }
    if (!isOpen) yield { kind: 'opening', balanceNanos: sums.balanceNanos, position: now.position }
    isOpen = true
    yield* takeAll(drafts, entry)
  }
  if (!isOpen) yield { kind: 'opening', balanceNanos: sums.balanceNanos, position: now.position }
  // They stand behind every entry, oldest last.
  yield* takeAll(expired.within.toReversed(), null)
  yield* folded.rest()
  const { balanceNanos, leftOutNanos } = sums
  const addsUp = isCut || balanceNanos + expired.behindNanos === now.balanceNanos
  yield { kind: 'closing', balanceNanos, leftOutNanos, lineCount: folded.count, addsUp }
}

/** Moments rise with positions, but for corrections of the clock: then the whole journal is looked through. */
function endsOf(
  { fromMs = -Infinity, toMs = Infinity }: HistoryFilter,
  corrections: readonly Entry[],
) {
  return {
    isBefore: (entry: Entry): boolean => latestBefore(entry, corrections) < fromMs,
    isAfter: (entry: Entry): boolean => corrections.length === 0 && entry.atMs >= toMs,
  }
}

class Sums {
  balanceNanos: Nanos
  leftOutNanos: Nanos = 0n

  constructor(balanceNanos: Nanos) {
    this.balanceNanos = balanceNanos
  }

  add(changeNanos: Nanos): Nanos {
    this.balanceNanos += changeNanos
    return this.balanceNanos
  }

  leaveOut(changeNanos: Nanos): void {
    this.leftOutNanos += changeNanos
  }
}

type ExportLine = Extract<ExportPart, { kind: 'line' }>

/** Neighbouring lines about other members leave as one; what changed nothing of theirs is nobody's to read. */
class FoldedLines {
  #waiting: ExportLine | undefined
  count = 0

  take(part: ExportLine): readonly ExportPart[] {
    const { line } = part
    if (line.kind !== 'other_members') {
      this.count += 1
      return [...this.rest(), part]
    }
    if (line.changeNanos === 0n) return []
    const older = this.#waiting?.line
    const changeNanos = line.changeNanos + (older?.changeNanos ?? 0n)
    this.#waiting = { ...part, line: { ...line, changeNanos } }
    return []
  }

  rest(): readonly ExportPart[] {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return []
    this.count += 1
    return [waiting]
  }
}
