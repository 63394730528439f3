import type { MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { Storage } from '../storage/storage.ts'
import { latestBefore, readCorrections } from './clock-corrections.ts'
import { isNarrowing, isWanted, type HistoryFilter } from './history-filter.ts'
import { asSeenBy, type HistoryLine, type LineDraft } from './history-lines.ts'
import {
  readHistoryNow,
  splitExpired,
  walkHistory,
  type HistoryNow,
  type HistoryOwner,
  type HistoryStep,
} from './history-walk.ts'
import type { Parts } from './parts.ts'

export type History = {
  /** Oldest first. */
  readonly lines: readonly HistoryLine[]
  readonly openingNanos: Nanos
  readonly closingNanos: Nanos
  /** What lines that were asked not to be shown changed between opening and closing. */
  readonly leftOutNanos: Nanos
  /** The journal position that it was read at. */
  readonly position: number
  /** There are older lines, or entries that were not looked at yet; ask again with it. */
  readonly beforePosition: number | null
  /** Everything wanted from this moment on is here, or on a newer page; null: nothing older is wanted. */
  readonly searchedToMs: number | null
}

export type HistoryQuery = HistoryOwner & {
  readonly beforePosition?: number
  /** At most this many lines; default 50, maximum 500. */
  readonly rowsMax?: number
  readonly filter?: HistoryFilter
}

const rowsDefault = 50
const rowsMaxAllowed = 500
/** A filter that finds little looks at so many entries for one page, and says how far it came. */
const entriesSearchedMax = 10_000

/**
 * The newest page of history. It adds up: opening balance plus every change, with what was left out, is the
 * closing balance, and the closing balance of the newest page is the balance that the gate itself decides on.
 */
export async function history(
  parts: Pick<Parts, 'storage'>,
  query: HistoryQuery,
): Promise<History> {
  const { customerId, memberId, beforePosition, filter = {} } = query
  const now = await readHistoryNow(parts, customerId)
  const expired = splitExpired(now.expired, filter)
  // Pages that follow each other take the same of them for granted.
  const place = `${customerId} ${expired.beforeNanos}`
  const start = startOf(parts.storage, { beforePosition, place }, now)
  const owner = memberId === undefined ? { customerId } : { customerId, memberId }
  const page = new Page({
    filter,
    memberId,
    rowsMax: Math.min(query.rowsMax ?? rowsDefault, rowsMaxAllowed),
    beforePosition: beforePosition ?? Infinity,
    balanceNanos: start.balanceNanos,
  })
  const corrections = filter.fromMs === undefined ? [] : await readCorrections(parts.storage)
  const isOver = ({ entry }: HistoryStep): boolean =>
    filter.fromMs !== undefined && latestBefore(entry, corrections) < filter.fromMs
  if (start.isNow) {
    page.pass(expired.behindNanos)
    for (const draft of expired.within) page.take(draft)
  }
  const steps = walkHistory(parts, {
    owner,
    system: now.system,
    isNewestFirst: true,
    beforePosition: start.beforePosition,
  })
  let more: HistoryStep | undefined
  for await (const step of steps) {
    if (isOver(step)) break
    if (page.isFull(step)) {
      more = step
      break
    }
    for (const draft of step.drafts) page.take(draft)
  }
  const found = page.found()
  // The step that no longer fitted is newer than the page that begins with it.
  const before = more === undefined ? null : more.entry.position + 1
  if (before !== null) keepBalance(parts.storage, `${place} ${before}`, found.openingNanos)
  return {
    ...found,
    position: now.position,
    beforePosition: before,
    searchedToMs: more?.entry.atMs ?? null,
  }
}

/** Balances at positions where pages ended. What the journal says of a position never changes, so they hold. */
const balances = new WeakMap<Storage, Map<string, Nanos>>()
const balancesMax = 5000

function keepBalance(storage: Storage, place: string, balanceNanos: Nanos): void {
  const kept = balances.get(storage) ?? new Map<string, Nanos>()
  balances.set(storage, kept)
  kept.set(place, balanceNanos)
  const [oldest] = kept.keys()
  if (kept.size > balancesMax && oldest !== undefined) kept.delete(oldest)
}

/** A page that follows one that was read begins where that ended; any other is reached from the newest entry. */
function startOf(
  storage: Storage,
  {
    beforePosition,
    place,
  }: { readonly beforePosition: number | undefined; readonly place: string },
  now: HistoryNow,
) {
  const known =
    beforePosition === undefined
      ? undefined
      : balances.get(storage)?.get(`${place} ${beforePosition}`)
  if (beforePosition === undefined || known === undefined) {
    const { balanceNanos, position } = now
    return { isNow: true, balanceNanos, beforePosition: position + 1 }
  }
  return { isNow: false, balanceNanos: known, beforePosition }
}

type PageTerms = {
  readonly filter: HistoryFilter
  readonly memberId: MemberId | undefined
  readonly rowsMax: number
  readonly beforePosition: number
  readonly balanceNanos: Nanos
}

/** Takes lines from the newest back, so that every balance is the gate's own less what came after. */
class Page {
  readonly #terms: PageTerms
  readonly #isSearch: boolean
  readonly #lines: HistoryLine[] = []
  #balanceNanos: Nanos
  #closingNanos: Nanos | undefined
  #leftOutNanos: Nanos = 0n
  #searched = 0

  constructor(terms: PageTerms) {
    this.#terms = terms
    this.#isSearch = isNarrowing(terms.filter)
    this.#balanceNanos = terms.balanceNanos
  }

  /** Lines of one entry stay on one page, so that no page begins between them. */
  isFull({ entry, drafts }: HistoryStep): boolean {
    if (entry.position >= this.#terms.beforePosition) return false
    this.#searched += 1
    if (this.#isSearch && this.#searched > entriesSearchedMax) return true
    if (this.#lines.length < this.#terms.rowsMax) return false
    const last = this.#lines.at(-1)
    return drafts.some((draft) => {
      const line = this.#seen(draft)
      return isWanted(line, this.#terms.filter) && !canFold(last, line)
    })
  }

  /** What is behind the range and no line of it. */
  pass(changeNanos: Nanos): void {
    this.#balanceNanos -= changeNanos
  }

  take(draft: LineDraft): void {
    const { beforePosition, filter } = this.#terms
    const isAhead =
      draft.position >= beforePosition || (draft.atMs >= (filter.toMs ?? Infinity) && this.#isAhead)
    if (!isAhead) {
      this.#closingNanos ??= this.#balanceNanos
      const line = this.#seen(draft)
      if (isWanted(line, filter))
        addLine(this.#lines, { ...line, balanceNanos: this.#balanceNanos })
      else this.#leftOutNanos += draft.changeNanos
    }
    this.#balanceNanos -= draft.changeNanos
  }

  found(): Pick<History, 'lines' | 'openingNanos' | 'closingNanos' | 'leftOutNanos'> {
    return {
      lines: this.#lines.toReversed(),
      openingNanos: this.#balanceNanos,
      closingNanos: this.#closingNanos ?? this.#balanceNanos,
      leftOutNanos: this.#leftOutNanos,
    }
  }

  /** Nothing of the span was met yet. */
  get #isAhead(): boolean {
    return this.#closingNanos === undefined
  }

  #seen(draft: LineDraft): LineDraft {
    return asSeenBy(this.#terms.memberId, draft)
  }
}

/** Neighbouring lines about other members are one. What changed nothing of theirs is nobody's to read. */
const canFold = (newer: LineDraft | undefined, line: LineDraft): boolean =>
  line.kind === 'other_members' && (line.changeNanos === 0n || newer?.kind === 'other_members')

function addLine(lines: HistoryLine[], line: HistoryLine): void {
  const newer = lines.at(-1)
  if (!canFold(newer, line)) {
    lines.push(line)
    return
  }
  if (line.changeNanos === 0n || newer === undefined) return
  // The oldest position of what was folded.
  const { position } = line
  const changeNanos = newer.changeNanos + line.changeNanos
  lines[lines.length - 1] = { ...newer, position, changeNanos }
}
