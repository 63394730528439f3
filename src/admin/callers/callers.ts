import type { Context, MiddlewareHandler } from 'hono'
import type { Actor } from '../../core/entry.ts'
import {
  operationId,
  type CustomerId,
  type KeyId,
  type MemberId,
  type OperationId,
} from '../../core/ids.ts'
import { AdminFailure } from '../failures.ts'
import type { SignedIn } from '../sign-in/sessions.ts'

/**
 * Who calls. The operator may do everything; an owner looks after one customer; a member sees and does its own. Each
 * comes with a credential of its kind in the `authorization` header, or with the cookie of a session.
 */
export type OperatorCaller = {
  readonly kind: 'operator'
  readonly actor: Actor
  readonly session?: SignedIn
}
export type OwnerCaller = {
  readonly kind: 'owner'
  readonly actor: Actor
  readonly customerId: CustomerId
  /** Set for an owner who is seated as well. */
  readonly memberId: MemberId | null
  readonly session: SignedIn
}
export type MemberCaller = {
  readonly kind: 'member'
  readonly actor: Actor
  readonly customerId: CustomerId
  readonly memberId: MemberId
  /** Set for a member that calls with a key. */
  readonly keyId?: KeyId
  readonly session?: SignedIn
}
export type Caller = OperatorCaller | OwnerCaller | MemberCaller

/** What routes find on the context. */
export type AdminVariables = {
  caller: Caller
  /** Whether the same credential still gives the same; for answers that stay open. */
  isStillAllowed: () => Promise<boolean>
}
export type AdminContext = Context<{ Variables: AdminVariables }>
export type AdminMiddleware = MiddlewareHandler<{ Variables: AdminVariables }>

/** Somebody with a seat, whose own it is. */
export type SeatedCaller = {
  readonly actor: Actor
  readonly customerId: CustomerId
  readonly memberId: MemberId
}

/** The member that calls; for routes behind `requireSeat`. */
export function memberOf(c: AdminContext): SeatedCaller {
  const caller = c.get('caller')
  if (caller.kind === 'operator' || caller.memberId === null) {
    throw new AdminFailure('members_only', 'This is for a member.')
  }
  const { actor, customerId, memberId } = caller
  return { actor, customerId, memberId }
}

/** The session that calls; for routes behind `requireAccount`. */
export function sessionOf(c: AdminContext): SignedIn {
  const { session } = c.get('caller')
  if (session === undefined) throw new AdminFailure('accounts_only', 'This is about an account.')
  return session
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
