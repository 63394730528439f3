import type { CustomerId, KeyId, MemberId } from '../core/ids.ts'
import type { Parts } from './parts.ts'

/** A key as the operator sees it; its text is known only to whom it was given. */
export type KeyOverview = {
  readonly keyId: KeyId
  readonly name: string | null
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly issuedAtMs: number
  readonly revokedAtMs: number | null
}

/** Every key of a customer, or of one member of it, oldest first. */
export async function listKeys(
  { storage }: Pick<Parts, 'storage'>,
  customerId: CustomerId,
  ofMember?: MemberId,
): Promise<readonly KeyOverview[]> {
  const owner = ofMember === undefined ? { customerId } : { customerId, memberId: ofMember }
  const revokedAtMs = new Map<KeyId, number>()
  for await (const { body, atMs } of allEntries(storage, owner, 'key_revoked')) {
    if (body.kind === 'key_revoked' && !revokedAtMs.has(body.keyId))
      revokedAtMs.set(body.keyId, atMs)
  }
  const keys: KeyOverview[] = []
  for await (const { body, memberId, atMs } of allEntries(storage, owner, 'key_issued')) {
    if (body.kind !== 'key_issued' || memberId === null) continue
    const { keyId } = body
    const person = await storage.findPerson(keyId)
    keys.push({
      keyId,
      name: person?.name ?? null,
      customerId,
      memberId,
      issuedAtMs: atMs,
      revokedAtMs: revokedAtMs.get(keyId) ?? null,
    })
  }
  return keys
}

const rowsMax = 1000

async function* allEntries(
  storage: Parts['storage'],
  owner: { readonly customerId: CustomerId; readonly memberId?: MemberId },
  kind: 'key_issued' | 'key_revoked',
) {
  let afterPosition = 0
  for (;;) {
    const entries = await storage.entries({ ...owner, kind, afterPosition, rowsMax })
    yield* entries
    const last = entries.at(-1)
    if (last === undefined || entries.length < rowsMax) return
    afterPosition = last.position
  }
}
