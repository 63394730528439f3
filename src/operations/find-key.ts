import type { KeyRecord } from '../storage/storage.ts'
import { hashKey } from './issue-key.ts'
import type { Parts } from './parts.ts'

export type KeyOwner = Omit<KeyRecord, 'isRevoked'>

/**
 * Whose key this is, or undefined for one that was never issued or is revoked. Read from storage each
 * time, so a revocation counts for the very next request.
 */
export async function findKey(
  parts: Pick<Parts, 'storage'>,
  keyText: string,
): Promise<KeyOwner | undefined> {
  const record = await parts.storage.findKey(hashKey(keyText))
  return record === undefined || record.isRevoked ? undefined : record
}
