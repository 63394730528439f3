import type { Account, MemberState, WindowInstance, WindowLeg } from './account.ts'
import { reachBack } from './clock-jumps.ts'
import type { KeptWindows, Pin } from './entry.ts'
import { limitId, type LimitId } from './ids.ts'

/**
 * The window instances that entries have pinned. One per limit is the latest; others are kept where a
 * corrected clock can make them run again: those that a correction can go back into, and those that
 * began in a future which has not come yet.
 */
const windowsKeptMax = 128

/** Opens an instance with the bounds that this entry fixes, unless it is already the running one. */
export function pinWindow(state: MemberState, pin: Pin, kept?: KeptWindows): void {
  const { limitId: id, startMs } = pin
  const known = state.windows.get(id)
  if (known !== undefined && known.startMs === startMs) return
  const again = state.keptWindows.find((one) => one.limitId === id && one.startMs === startMs)
  const isOpened = kept?.openedIds?.includes(id) === true
  state.keptWindows = state.keptWindows.filter(
    (one) => one.limitId !== id || (isOpened ? one.startMs < startMs : one !== again),
  )
  if (known !== undefined && kept?.limitIds.includes(id) === true) {
    const reachable = state.keptWindows.filter(({ endMs }) => endMs > kept.sinceMs)
    state.keptWindows = [...reachable, known].slice(-windowsKeptMax)
  }
  state.windows.set(id, again ?? { ...pin, used: 0n, held: 0n })
}

/** An instance by its limit and start, among those that may still count. */
export function findWindow(
  state: MemberState,
  id: LimitId,
  startMs: number,
): WindowInstance | undefined {
  const latest = state.windows.get(id)
  if (latest?.startMs === startMs) return latest
  return state.keptWindows.find((one) => one.limitId === id && one.startMs === startMs)
}

/** A ledger account of an instance, `window:<limit>:<start>:<part>`, taken apart. */
export function windowAccount(account: string): {
  readonly limitId: LimitId
  readonly startMs: number
  readonly part: string
} {
  // Sliced, not split: this runs for every leg of every request.
  const idEnd = account.indexOf(':', 7)
  const startEnd = account.indexOf(':', idEnd + 1)
  return {
    limitId: limitId(account.slice(7, idEnd)),
    startMs: Number(account.slice(idEnd + 1, startEnd)),
    part: account.slice(startEnd + 1),
  }
}

/** What is pinned of a limit at a moment. */
export type Pinned = {
  /** The latest instance that has begun: it runs, or was the last that did. */
  readonly latest: WindowInstance | undefined
  /** When an instance begins that the clock once went ahead to; nothing else runs into it. */
  readonly nextStartMs: number
}

export function pinnedAt(member: MemberState, id: LimitId, nowMs: number): Pinned {
  let latestStartMs = -Infinity
  let nextStartMs = Infinity
  for (const known of [...member.keptWindows, member.windows.get(id)]) {
    if (known?.limitId !== id) continue
    const { startMs } = known
    if (startMs > nowMs) nextStartMs = Math.min(nextStartMs, startMs)
    else latestStartMs = Math.max(latestStartMs, startMs)
  }
  return { latest: findWindow(member, id, latestStartMs), nextStartMs }
}

/**
 * Which limits' newest instances must be kept when these bounds are pinned after them: those that a
 * correction of the clock can go back into, and those that have not begun. A session that has not begun was
 * opened by a wrong clock, and the one that opens now takes its place.
 */
export function windowsToKeep(
  { system, member }: Pick<Account, 'system' | 'member'>,
  pins: readonly (WindowLeg & { readonly isOpening?: boolean })[],
  nowMs: number,
): KeptWindows | undefined {
  const limitIds: LimitId[] = []
  const openedIds: LimitId[] = []
  const reach = reachBack(system.jumps, nowMs)
  for (const { limitId: id, startMs, isOpening } of pins) {
    const newest = member.windows.get(id)
    if (newest === undefined) continue
    if (isOpening === true && pinnedAt(member, id, startMs).nextStartMs !== Infinity) {
      openedIds.push(id)
    }
    // Anchored instances ahead of a correction wait for their time; sessions do not come again.
    const isReachable =
      reach !== undefined &&
      newest.endMs > reach.sinceMs &&
      (isOpening !== true || newest.startMs <= reach.untilMs)
    const isBefore = newest.startMs < startMs && isReachable
    const isAhead = newest.startMs > startMs && isOpening !== true
    if (isBefore || isAhead) limitIds.push(id)
  }
  if (limitIds.length + openedIds.length === 0) return undefined
  const kept = { limitIds, sinceMs: reach?.sinceMs ?? nowMs }
  return openedIds.length === 0 ? kept : { ...kept, openedIds }
}
