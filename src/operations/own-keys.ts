import { operationId, type CustomerId, type KeyId, type MemberId } from '../core/ids.ts'
import type { Actor } from '../core/entry.ts'
import type { Command } from './command.ts'
import { issueKey } from './issue-key.ts'
import { listKeys, type KeyOverview } from './list-keys.ts'
import { revokeKey } from './revoke-key.ts'
import type { Parts } from './parts.ts'

/**
 * A member's keys in its own hands. A key cannot make keys, so that one that was stolen does not multiply: it can only
 * make its own successor, once, and whoever revokes it from outside ends that successor as well.
 */
type Scope = { readonly customerId: CustomerId; readonly memberId: MemberId }

export type OwnKey = Omit<KeyOverview, 'customerId' | 'memberId'> & {
  /** When it was last admitted with; null: not among the member's last requests. */
  readonly lastUsedAtMs: number | null
}

export class KeyCommandError extends Error {
  readonly code: 'unknown_key' | 'key_revoked' | 'too_many_keys'
  constructor(code: KeyCommandError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** So many of a member's last requests are looked at for when a key was used. */
const requestsLookedAt = 1000
export const liveKeysMax = 50

/** Newest first. */
export async function listOwnKeys(
  parts: Pick<Parts, 'storage'>,
  { customerId, memberId }: Scope,
): Promise<readonly OwnKey[]> {
  const keys = await keysOf(parts, { customerId, memberId })
  const lastUsed = new Map<KeyId, number>()
  const held = await parts.storage.entries({
    customerId,
    memberId,
    kind: 'held',
    isNewestFirst: true,
    rowsMax: requestsLookedAt,
  })
  for (const { body, atMs } of held) {
    if (body.kind !== 'held' || body.keyId === null) continue
    lastUsed.set(body.keyId, Math.max(atMs, lastUsed.get(body.keyId) ?? 0))
  }
  return keys
    .map(({ keyId, name, issuedAtMs, revokedAtMs }) => {
      return { keyId, name, issuedAtMs, revokedAtMs, lastUsedAtMs: lastUsed.get(keyId) ?? null }
    })
    .toReversed()
}

async function keysOf(
  parts: Pick<Parts, 'storage'>,
  { customerId, memberId }: Scope,
): Promise<readonly KeyOverview[]> {
  return (await listKeys(parts, customerId)).filter((key) => key.memberId === memberId)
}

type IssuedKey = Awaited<ReturnType<typeof issueKey>>

/** Makes a key for the member that asks. */
export async function issueOwnKey(
  parts: Parts,
  command: Scope & Command & { readonly name?: string },
): Promise<IssuedKey> {
  const live = (await keysOf(parts, command)).filter(({ revokedAtMs }) => revokedAtMs === null)
  if (live.length >= liveKeysMax) {
    throw new KeyCommandError('too_many_keys', `There are ${liveKeysMax} keys in use already.`)
  }
  return issueKey(parts, { ...command, isForSelf: true })
}

type OnKey = Scope & Command & { readonly keyId: KeyId }

/**
 * Makes the key that is to take another's place; the old one works until it is revoked, which its owner does once the
 * new one is in place. Asked by the key itself, it is the same successor each time.
 */
export async function rotateKey(parts: Parts, command: OnKey): Promise<IssuedKey> {
  const { keyId, actor, ...rest } = command
  const key = await findOwnKey(parts, command)
  if (key.revokedAtMs !== null) throw new KeyCommandError('key_revoked', 'The key is revoked.')
  const isByItself = actor === actorOf(keyId)
  return issueKey(parts, {
    ...rest,
    actor,
    // An idempotency key of a caller has no space in it, so this is nobody's.
    operationId: isByItself ? operationId(`${actor} rotate`) : command.operationId,
    ...(key.name === null ? {} : { name: key.name }),
    isForSelf: true,
  })
}

/**
 * Ends a key, and what it made of itself; unless it says so itself, or its successor does: then that one takes its
 * place.
 */
export async function revokeOwnKey(parts: Parts, command: OnKey): Promise<readonly KeyId[]> {
  const { keyId, actor } = command
  await findOwnKey(parts, command)
  await revokeKey(parts, command)
  const successors = await successorsOf(parts, command)
  if ([keyId, ...successors].some((key) => actor === actorOf(key))) return [keyId]
  const ended = [keyId]
  for (const successor of successors) {
    await revokeKey(parts, {
      ...command,
      keyId: successor,
      operationId: operationId(`revoke successor ${successor}`),
    })
    ended.push(successor)
  }
  return ended
}

const actorOf = (keyId: KeyId): Actor => `key:${keyId}`

/** Whether a key took, or is to take, the place of another. */
export async function isSuccessor(
  parts: Pick<Parts, 'storage'>,
  key: Scope & { readonly keyId: KeyId; readonly of: KeyId },
): Promise<boolean> {
  const { of: keyId, ...rest } = key
  return (await successorsOf(parts, { ...rest, keyId })).includes(key.keyId)
}

/** Keys that this one made, and those that they made: all of them are as known to a thief as it is. */
async function successorsOf(
  { storage }: Pick<Parts, 'storage'>,
  { customerId, memberId, keyId }: Scope & { readonly keyId: KeyId },
): Promise<readonly KeyId[]> {
  const made = new Map<Actor, KeyId>()
  let afterPosition = 0
  for (;;) {
    const entries = await storage.entries({
      customerId,
      memberId,
      kind: 'key_issued',
      afterPosition,
    })
    for (const { actor, body } of entries)
      if (actor !== undefined && body.kind === 'key_issued') made.set(actor, body.keyId)
    const last = entries.at(-1)
    if (last === undefined) break
    afterPosition = last.position
  }
  const successors: KeyId[] = []
  for (let next = made.get(actorOf(keyId)); next !== undefined; next = made.get(actorOf(next)))
    successors.push(next)
  return successors
}

/** Names are for people; they stand beside the journal, so a key that has none gets one, too. */
export async function renameKey(
  parts: Pick<Parts, 'storage'>,
  { name, ...key }: Scope & { readonly keyId: KeyId; readonly name: string },
): Promise<void> {
  await findOwnKey(parts, key)
  await parts.storage.putPerson({ id: key.keyId, name, email: null })
}

async function findOwnKey(
  parts: Pick<Parts, 'storage'>,
  { keyId, ...scope }: Scope & { readonly keyId: KeyId },
): Promise<KeyOverview> {
  const key = (await keysOf(parts, scope)).find((other) => other.keyId === keyId)
  if (key === undefined) throw new KeyCommandError('unknown_key', `There is no key "${keyId}".`)
  return key
}
