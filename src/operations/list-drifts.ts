import type { DriftReport } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** A difference between a stored derivation and the journal, and when it was found. */
export type FoundDrift = DriftReport & {
  readonly customerId: CustomerId
  /** The member whose sums they are; null for the customer's shared ones. */
  readonly memberId: MemberId | null
  readonly position: number
  readonly foundAtMs: number
}

/** Differences that were found and put right, newest first. */
export async function listDrifts(
  { storage }: Pick<Parts, 'storage'>,
  query: { readonly customerId?: CustomerId; readonly rowsMax: number },
): Promise<readonly FoundDrift[]> {
  const entries = await storage.entries({ ...query, kind: 'drift_found', isNewestFirst: true })
  const found = entries.flatMap(({ customerId, memberId, position, atMs, body }) =>
    body.kind === 'drift_found'
      ? body.drifts.map((drift) => ({ ...drift, customerId, memberId, position, foundAtMs: atMs }))
      : [],
  )
  return found.slice(0, query.rowsMax)
}

/** The last difference that concerned this member or its customer's shared rows. */
export async function lastDriftOf(
  parts: Pick<Parts, 'storage'>,
  { customerId, memberId }: MemberScope,
): Promise<FoundDrift | null> {
  const drifts = await listDrifts(parts, { customerId, rowsMax: 1000 })
  return drifts.find((drift) => drift.memberId === null || drift.memberId === memberId) ?? null
}
