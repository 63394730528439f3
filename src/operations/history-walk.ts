import type { SystemState } from '../core/account.ts'
import type { Entry } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { availableNanos } from '../core/wallet.ts'
import type { EntryQuery } from '../storage/storage.ts'
import { linesOf, unbookedExpiries, type LineDraft } from './history-lines.ts'
import type { Parts } from './parts.ts'

/** The journal of one customer, or of one member with what it shares, from either end. */

/** Whose history: a member's own has the changes of others folded. */
export type HistoryOwner = { readonly customerId: CustomerId; readonly memberId?: MemberId }

/** Where a history ends: the gate's own balance, and the position that it was read at. */
export type HistoryNow = {
  readonly position: number
  readonly atMs: number
  readonly balanceNanos: Nanos
  readonly system: SystemState
  /** Grants that time has taken and no entry has booked yet, newest first. */
  readonly expired: readonly LineDraft[]
}

export function readHistoryNow(
  { storage }: Pick<Parts, 'storage'>,
  customerId: CustomerId,
): Promise<HistoryNow> {
  // The wallet's own position may lie behind what its members did since; that moved no money, or the
  // wallet, read after it, would know.
  const durablePosition = storage.durablePosition
  return storage.updateCustomer(customerId, ({ customer, system }, { nowMs, position }) => {
    const last = Math.max(position, durablePosition)
    return {
      answer: {
        position: last,
        atMs: nowMs,
        balanceNanos: availableNanos(customer, nowMs) + customer.heldNanos,
        system,
        // They stand behind every entry, as the entry will that books them.
        expired: unbookedExpiries(customer, { nowMs, position: last + 1 }),
      },
      entries: [],
    }
  })
}

/**
 * Expiries that no entry has booked have their own moments: before a range they are in its opening balance, behind it
 * in none of its balances. So ranges that follow each other fit together, as the gate counted at their bounds.
 */
export function splitExpired(
  expired: readonly LineDraft[],
  { fromMs = -Infinity, toMs = Infinity }: { readonly fromMs?: number; readonly toMs?: number },
) {
  const sumOf = (isMeant: (draft: LineDraft) => boolean): Nanos =>
    expired.filter(isMeant).reduce((sum, { changeNanos }) => sum + changeNanos, 0n)
  return {
    beforeNanos: sumOf(({ atMs }) => atMs < fromMs),
    within: expired.filter(({ atMs }) => atMs >= fromMs && atMs < toMs),
    behindNanos: sumOf(({ atMs }) => atMs >= toMs),
  }
}

export type HistoryStep = { readonly entry: Entry; readonly drafts: readonly LineDraft[] }

type WalkParts = Pick<Parts, 'storage'>
type Walk = {
  readonly owner: HistoryOwner
  readonly system: SystemState
  readonly isNewestFirst: boolean
  /** Newest first: from before this position. Oldest first: until before it. */
  readonly beforePosition: number
}

/** Entries with their lines, read from the journal only as far as somebody asks. */
export async function* walkHistory(parts: WalkParts, walk: Walk): AsyncGenerator<HistoryStep> {
  for await (const entry of entriesOf(parts, walk))
    yield { entry, drafts: await linesOf(parts, entry, walk.system) }
}

function entriesOf(parts: WalkParts, walk: Walk): AsyncGenerator<Entry> {
  const { customerId, memberId } = walk.owner
  if (memberId === undefined) return stream(parts, { customerId }, walk)
  const own = stream(parts, { customerId, memberId }, walk)
  const shared = stream(parts, { customerId, isShared: true }, walk)
  return merged([own, shared], walk.isNewestFirst)
}

const entriesPerRead = 200

async function* stream(
  { storage }: WalkParts,
  query: EntryQuery,
  { isNewestFirst, beforePosition }: Walk,
): AsyncGenerator<Entry> {
  let range = { beforePosition, afterPosition: 0 }
  for (;;) {
    const rows = await storage.entries({
      ...query,
      ...range,
      isNewestFirst,
      rowsMax: entriesPerRead,
    })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < entriesPerRead) return
    range = isNewestFirst
      ? { ...range, beforePosition: last.position }
      : { ...range, afterPosition: last.position }
  }
}

/** Two streams in one order as one; an entry that stands in both comes once. */
async function* merged(
  [left, right]: readonly [AsyncGenerator<Entry>, AsyncGenerator<Entry>],
  isNewestFirst: boolean,
): AsyncGenerator<Entry> {
  const end = isNewestFirst ? 0 : Infinity
  const isFirst = (one: number, other: number): boolean =>
    isNewestFirst ? one >= other : one <= other
  let [one, other] = [await left.next(), await right.next()]
  while (one.done !== true || other.done !== true) {
    const onePosition = one.done === true ? end : one.value.position
    const otherPosition = other.done === true ? end : other.value.position
    const next = isFirst(onePosition, otherPosition) ? one : other
    if (next.done !== true) yield next.value
    if (isFirst(onePosition, otherPosition)) one = await left.next()
    if (isFirst(otherPosition, onePosition)) other = await right.next()
  }
}
