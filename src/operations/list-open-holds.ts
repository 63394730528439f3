import type { HoldSource } from '../core/account.ts'
import type { HoldId, KeyId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** A request that runs now, by its hold. */
export type RunningHold = MemberScope & {
  readonly holdId: HoldId
  readonly atMs: number
  readonly keyId: KeyId | null
  readonly model: string
  readonly source: HoldSource
  /** What it keeps now: its expected cost, or more once the meter passed that. */
  readonly heldNanos: Nanos
  readonly expiresAtMs: number
}

export type OpenHoldsLook = {
  readonly count: number
  /** The end of the one that expires first. */
  readonly firstEndMs: number | null
  /** The oldest, at most as many as were asked for. */
  readonly holds: readonly RunningHold[]
  /** Of the listed ones; of all when `count` is as large as the list. */
  readonly heldNanos: Nanos
}

export async function listOpenHolds(
  { storage }: Pick<Parts, 'storage'>,
  rowsMax: number,
): Promise<OpenHoldsLook> {
  const holds: RunningHold[] = []
  const { count, firstEndMs, oldest } = storage.openHolds(rowsMax)
  for (const { holdId } of oldest) {
    const entries = await storage.holdEntries(holdId)
    const [placed] = entries
    const last = entries.at(-1)
    if (placed?.body.kind !== 'held' || placed.memberId === null) continue
    // It may have ended since the list was made.
    if (last?.body.kind !== 'held' && last?.body.kind !== 'hold_grown') continue
    const { customerId, memberId, atMs, body } = placed
    const { keyId, source, facts, expiresAtMs } = body
    holds.push({
      customerId,
      memberId,
      holdId,
      atMs,
      keyId,
      model: facts.model,
      source,
      heldNanos: last.body.amounts.money,
      expiresAtMs,
    })
  }
  const heldNanos = holds.reduce((sum, hold) => sum + hold.heldNanos, 0n)
  return { count, firstEndMs, holds, heldNanos }
}
