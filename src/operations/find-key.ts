import type { KeyRecord } from '../storage/storage.ts'
import { hashKey } from './issue-key.ts'
import type { Parts } from './parts.ts'

export type KeyOwner = Omit<KeyRecord, 'isRevoked'>

type Journal = Pick<Parts, 'storage'>

/** Whose key this is, or undefined for one that was never issued or is revoked. */
export const findKey = (parts: Journal, keyText: string): Promise<KeyOwner | undefined> =>
  findKeyByHash(parts, hashKey(keyText))

/** Read from storage each time, so a revocation counts for the very next request. */
export async function findKeyByHash(
  parts: Journal,
  keyHash: string,
): Promise<KeyOwner | undefined> {
  const record = await parts.storage.findKey(keyHash)
  return record === undefined || record.isRevoked ? undefined : record
}
