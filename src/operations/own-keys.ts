import { operationId, type CustomerId, type KeyId, type MemberId } from '../core/ids.ts'
import type { Actor } from '../core/entry.ts'
import type { Storage } from '../storage/storage.ts'
import { OneAtATime } from '../system/one-at-a-time.ts'
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
  readonly code: 'unknown_key' | 'key_revoked' | 'successor_revoked' | 'too_many_keys'
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

const keysOf = (
  parts: Pick<Parts, 'storage'>,
  { customerId, memberId }: Scope,
): Promise<readonly KeyOverview[]> => listKeys(parts, customerId, memberId)

type IssuedKey = Awaited<ReturnType<typeof issueKey>>

/** Makes a key for the member that asks. */
export const issueOwnKey = (
  parts: Parts,
  command: Scope & Command & { readonly name?: string },
): Promise<IssuedKey> => issueWithin(parts, { ...command, liveMax: liveKeysMax })

/** Keys are counted before one is made, so whoever asks twice at once is answered one after the other. */
const turns = new WeakMap<Storage, OneAtATime>()

function issueWithin(
  parts: Parts,
  command: Scope & Command & { readonly name?: string; readonly liveMax: number },
): Promise<IssuedKey> {
  const { customerId, memberId, operationId: id } = command
  const turn = turns.get(parts.storage) ?? new OneAtATime()
  turns.set(parts.storage, turn)
  return turn.run(`${customerId}:${memberId}`, async () => {
    const [made] = await parts.storage.entries({ customerId, operationId: id, rowsMax: 1 })
    const keys = made === undefined ? await keysOf(parts, command) : []
    const live = keys.filter(({ revokedAtMs }) => revokedAtMs === null)
    if (live.length >= command.liveMax) {
      throw new KeyCommandError('too_many_keys', `There are ${live.length} keys in use already.`)
    }
    return issueKey(parts, { ...command, isForSelf: true })
  })
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
  if (isByItself) await refuseDeadSuccessor(parts, command)
  const made = await issueWithin(parts, {
    ...rest,
    actor,
    // An idempotency key of a caller has no space in it, so this is nobody's.
    operationId: isByItself ? operationId(`${actor} rotate`) : command.operationId,
    ...(key.name === null ? {} : { name: key.name }),
    // Both are in use for a while.
    liveMax: liveKeysMax + 1,
  })
  if (isByItself) await endIfRevoked(parts, { ...command, successor: made.keyId })
  return made
}

/** The successor of a key is one and stays that one: once it is over, the old key is the last that works. */
async function refuseDeadSuccessor(parts: Parts, command: OnKey): Promise<void> {
  const [successor] = await successorsOf(parts, command)
  const key = (await keysOf(parts, command)).find((other) => other.keyId === successor)
  if (key === undefined || key.revokedAtMs === null) return
  throw new KeyCommandError(
    'successor_revoked',
    'The key that was made to take its place is revoked, and a key makes only one.',
  )
}

/** Who revoked the key from outside while it made its successor has not seen that one, and meant it, too. */
async function endIfRevoked(
  parts: Parts,
  { successor, ...command }: OnKey & { readonly successor: KeyId },
): Promise<void> {
  const { customerId, memberId, keyId } = command
  const owner = { customerId, memberId }
  const ends = await parts.storage.entries({ ...owner, kind: 'key_revoked', isNewestFirst: true })
  const end = ends.find(({ body }) => body.kind === 'key_revoked' && body.keyId === keyId)
  if (end === undefined || [keyId, successor].some((own) => end.actor === actorOf(own))) return
  const by = { operationId: endOf(successor), actor: end.actor ?? 'system' }
  await revokeKey(parts, { ...owner, keyId: successor, ...by })
  throw new KeyCommandError('key_revoked', 'The key is revoked.')
}

const endOf = (successor: KeyId) => operationId(`revoke successor ${successor}`)

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
      operationId: endOf(successor),
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
