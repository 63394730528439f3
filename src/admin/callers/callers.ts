import { timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { Actor } from '../../core/entry.ts'
import {
  operationId,
  type CustomerId,
  type KeyId,
  type MemberId,
  type OperationId,
} from '../../core/ids.ts'
import type { Parts } from '../../operations/parts.ts'
import { AdminFailure } from '../failures.ts'
import { sha256Hex } from './operator-token.ts'

/**
 * Who calls. The operator may do everything; a member sees and does its own, and only under `/api/me`.
 * The two kinds of credentials cannot be mistaken for each other: they differ in their first letters.
 */
export type OperatorCaller = { readonly kind: 'operator'; readonly actor: Actor }
export type MemberCaller = {
  readonly kind: 'member'
  readonly actor: Actor
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly keyId: KeyId
}
export type Caller = OperatorCaller | MemberCaller

/** What routes find on the context. */
export type AdminVariables = { caller: Caller }
export type AdminContext = Context<{ Variables: AdminVariables }>
export type AdminMiddleware = MiddlewareHandler<{ Variables: AdminVariables }>

const operator: OperatorCaller = { kind: 'operator', actor: 'operator' }

/** Lets a route run only for a caller that is known, and of this kind. */
export function requireCaller(
  kind: Caller['kind'],
  { storage }: Pick<Parts, 'storage'>,
  operatorTokenSha256: string,
): AdminMiddleware {
  return async (c, next) => {
    const caller = await findCaller(c.req.header('authorization'), storage, operatorTokenSha256)
    if (caller === undefined) {
      throw kind === 'operator'
        ? new AdminFailure(
            'operator_token_unknown',
            'The operator token is not that of this installation.',
          )
        : new AdminFailure('credential_unknown', 'The credential is not known, or was revoked.')
    }
    if (caller.kind !== kind) {
      throw kind === 'operator'
        ? new AdminFailure(
            'operator_only',
            'This is for the operator; a member key does not allow it.',
          )
        : new AdminFailure(
            'members_only',
            'This is for a member; the operator token names no member.',
          )
    }
    c.set('caller', caller)
    await next()
  }
}

async function findCaller(
  header: string | undefined,
  storage: Parts['storage'],
  operatorTokenSha256: string,
): Promise<Caller | undefined> {
  const credential = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(header?.trim() ?? '')?.[1]
  if (credential === undefined) {
    throw new AdminFailure('credential_missing', 'The request carries no credential.')
  }
  const digest = sha256Hex(credential)
  if (timingSafeEqual(Buffer.from(digest), Buffer.from(operatorTokenSha256))) return operator
  const key = credential.startsWith('plim_') ? await storage.findKey(digest) : undefined
  if (key === undefined || key.isRevoked) return undefined
  const { customerId, memberId, keyId } = key
  return { kind: 'member', actor: `key:${keyId}`, customerId, memberId, keyId }
}

/** The member that calls; for routes behind `requireCaller('member', …)`. */
export function memberOf(c: AdminContext): MemberCaller {
  const caller = c.get('caller')
  if (caller.kind !== 'member') throw new AdminFailure('members_only', 'This is for a member.')
  return caller
}

const idempotencyKeyPattern = /^[\x21-\x7e]{1,100}$/

/**
 * The idempotency key and the actor of a write. The key counts per caller, so that nobody can take up
 * a key that somebody else will need.
 */
export function commandOf(c: AdminContext): { operationId: OperationId; actor: Actor } {
  const key = c.req.header('idempotency-key')
  if (key === undefined) {
    throw new AdminFailure('idempotency_key_missing', 'A command needs an idempotency-key header.')
  }
  if (!idempotencyKeyPattern.test(key)) {
    throw new AdminFailure(
      'idempotency_key_missing',
      'The idempotency-key header has 1 to 100 printable ASCII characters without spaces.',
    )
  }
  const { actor } = c.get('caller')
  return { operationId: operationId(`${actor}:${key}`), actor }
}
