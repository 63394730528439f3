import type { CustomerId, MemberId } from '../core/ids.ts'
import type { Erasure, NamedId } from '../storage/storage.ts'
import { listKeys } from './list-keys.ts'
import type { Parts } from './parts.ts'

/**
 * Erases the names and addresses of a member and of its keys; without a member, those of the customer, all its
 * members and all its keys. Accounts at the console that belong to them go with all that is theirs. The journal knows
 * ids only, so usage and money stay as they are, and so do keys.
 */
export async function erasePersons(
  { storage }: Pick<Parts, 'storage'>,
  { customerId, memberId }: { readonly customerId: CustomerId; readonly memberId?: MemberId },
): Promise<Erasure> {
  const isMeant = (each: MemberId): boolean => memberId === undefined || each === memberId
  const ids: NamedId[] = memberId === undefined ? [customerId] : []
  for (const member of await storage.members(customerId)) {
    if (isMeant(member.memberId)) ids.push(member.memberId)
  }
  for (const key of await listKeys({ storage }, customerId)) {
    if (isMeant(key.memberId)) ids.push(key.keyId)
  }
  const scope = memberId === undefined ? { customerId } : { customerId, memberId }
  ids.push(...(await storage.accountsOf(scope)))
  return storage.erasePersons(ids)
}
