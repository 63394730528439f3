import type { Hono } from 'hono'
import { keyId as readKeyId, type KeyId } from '../../core/ids.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { getMember } from '../../operations/list-members.ts'
import {
  isSuccessor,
  issueOwnKey,
  listOwnKeys,
  renameKey,
  revokeOwnKey,
  rotateKey,
} from '../../operations/own-keys.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { commandOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { noteAct } from '../callers/note-act.ts'
import { emptySchema, issueKeySchema } from '../contract/commands.ts'
import { nameSchema, type OwnKeysAnswer, type RevokedKeysAnswer } from '../contract/keys.ts'
import { AdminFailure } from '../failures.ts'
import { answer, bodyOf, toJson } from '../http/exchange.ts'
import type { MemberPlace } from '../members/member-data-routes.ts'

type Routes = Hono<{ Variables: AdminVariables }>

/** The keys of one member, for itself and for who looks after it. */
export function addKeyCare(routes: Routes, parts: AdminApiParts, place: MemberPlace): void {
  const { path, scopeOf } = place
  const scopeIn = async (c: AdminContext) => {
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return { customerId, memberId }
  }

  routes.get(`${path}/keys`, async (c) => {
    const scope = await scopeIn(c)
    const current = callingKey(c)
    const keys = await listOwnKeys(parts, scope)
    const createObstacle = await obstacleOf(c, parts, scope)
    return answer(c, {
      keys: toJson(keys).map((key) => ({ ...key, isCurrent: key.keyId === current })),
      mayCreate: createObstacle === null,
      createObstacle,
    } satisfies OwnKeysAnswer)
  })

  routes.post(`${path}/keys/:keyId/name`, async (c) => {
    const { name } = await bodyOf(c, nameSchema)
    const { actor } = commandOf(c)
    const scope = await scopeIn(c)
    const keyId = ownKeyIn(c)
    await renameKey(parts, { ...scope, keyId, name })
    await noteAct(parts, { actor, act: 'key_renamed', target: keyId, details: scope })
    return answer(c, { keyId, name })
  })

  routes.post(`${path}/keys/:keyId/rotate`, async (c) => {
    await bodyOf(c, emptySchema)
    const keyId = ownKeyIn(c)
    return answer(c, await rotateKey(parts, { ...(await scopeIn(c)), keyId, ...commandOf(c) }))
  })

  routes.post(`${path}/keys/:keyId/revoke`, async (c) => {
    await bodyOf(c, emptySchema)
    const scope = await scopeIn(c)
    const keyId = await endableKeyIn(c, parts, scope)
    const revoked = await revokeOwnKey(parts, { ...scope, keyId, ...commandOf(c) })
    return answer(c, { revoked } satisfies RevokedKeysAnswer)
  })
}

/** A member makes keys for itself where it is signed in with an account. */
export function addKeyMaking(routes: Routes, parts: AdminApiParts, place: MemberPlace): void {
  routes.post(`${place.path}/keys`, async (c) => {
    const { name } = await bodyOf(c, issueKeySchema)
    if (callingKey(c) !== null)
      throw new AdminFailure('key_makes_no_keys', 'A key cannot make other keys.')
    const { customerId, memberId } = await getMember(parts, place.scopeOf(c))
    const named = name === undefined ? {} : { name }
    return answer(c, await issueOwnKey(parts, { customerId, memberId, ...named, ...commandOf(c) }))
  })
}

/** The key that calls, where one does. */
function callingKey(c: AdminContext): KeyId | null {
  const caller = c.get('caller')
  return caller.kind === 'member' ? (caller.keyId ?? null) : null
}

/** A key may care for itself alone: one that was stolen must not take the others from their owner. */
function ownKeyIn(c: AdminContext): KeyId {
  const keyId = readKeyId(c.req.param('keyId') ?? '')
  const calling = callingKey(c)
  if (calling !== null && calling !== keyId)
    throw new AdminFailure('key_makes_no_keys', 'A key can change itself, and no other key.')
  return keyId
}

/** A key may also end the one whose place it takes. */
async function endableKeyIn(
  c: AdminContext,
  parts: AdminApiParts,
  { customerId, memberId }: ReturnType<MemberPlace['scopeOf']>,
): Promise<KeyId> {
  const of = readKeyId(c.req.param('keyId') ?? '')
  const keyId = callingKey(c)
  if (keyId === null) return of
  return (await isSuccessor(parts, { customerId, memberId, keyId, of })) ? of : ownKeyIn(c)
}

async function obstacleOf(
  c: AdminContext,
  parts: AdminApiParts,
  scope: Parameters<typeof getMember>[1],
): Promise<string | null> {
  if (callingKey(c) !== null)
    return 'You are signed in with a key, and a key cannot make other keys. It can be exchanged for a new one.'
  const member = await getMember(parts, scope)
  const customer = await getCustomer(parts, scope.customerId)
  if (member.isActive && customer.isActive) return null
  return 'While the account is paused, no key can be made.'
}
