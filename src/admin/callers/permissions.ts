import type { AdminApiParts } from '../admin-api.ts'
import { AdminFailure } from '../failures.ts'
import type { AdminContext, AdminMiddleware, Caller } from './callers.ts'
import { findCaller, showsNothing, stillAllowed } from './find-caller.ts'
import { isOwnersRoute } from './owner-routes.ts'

/** Who may call what. Each of these stands before a part of the API, and lets a known caller through or says why not. */
type Parts = Pick<AdminApiParts, 'storage' | 'operatorTokenSha256' | 'signIn'>

/** For what is a member's own: a member by its key or account, and an owner who is seated. */
export const requireSeat = (parts: Parts): AdminMiddleware =>
  requiring(parts, 'credential_unknown', ({ caller }) => {
    if (caller.kind === 'operator' || caller.memberId === null) {
      throw new AdminFailure(
        'members_only',
        caller.kind === 'operator'
          ? 'This is for a member; an operator is none.'
          : 'This is for a member; this owner has no seat.',
      )
    }
  })

/** For what an operator does; an owner may do the part of it that is about the own customer. */
export const requireDesk = (parts: Parts): AdminMiddleware =>
  requiring(parts, 'operator_token_unknown', ({ caller, c }) => {
    if (caller.kind === 'operator') return
    if (caller.kind === 'member') {
      throw new AdminFailure(
        'operator_only',
        'This is for the operator; a member key or account does not allow it.',
      )
    }
    if (!isOwnersRoute({ method: c.req.method, path: c.req.path }, caller.customerId)) {
      throw new AdminFailure('owner_not_allowed', 'An owner may not do this.')
    }
  })

/** For what is about an account itself. */
export const requireAccount = (parts: Parts): AdminMiddleware =>
  requiring(parts, 'credential_unknown', ({ caller }) => {
    if (caller.session === undefined) {
      throw new AdminFailure('accounts_only', 'This is for somebody who is signed in.')
    }
  })

function requiring(
  parts: Parts,
  unknown: 'credential_unknown' | 'operator_token_unknown',
  check: (call: { readonly caller: Caller; readonly c: AdminContext }) => void,
): AdminMiddleware {
  return async (c, next) => {
    const caller = await findCaller(c, parts)
    if (caller === undefined) throw nobody(c, parts, unknown)
    check({ caller, c })
    c.set('caller', caller)
    c.set('isStillAllowed', stillAllowed(c, parts, caller))
    await next()
  }
}

function nobody(
  c: AdminContext,
  parts: Parts,
  unknown: 'credential_unknown' | 'operator_token_unknown',
): AdminFailure {
  if (showsNothing(c, parts)) {
    return new AdminFailure('credential_missing', 'The request carries no credential.')
  }
  if (c.req.header('authorization') === undefined) {
    return new AdminFailure('session_over', 'Your session is over.')
  }
  return unknown === 'credential_unknown'
    ? new AdminFailure(unknown, 'The credential is not known, or was revoked.')
    : new AdminFailure(unknown, 'The operator token is not that of this installation.')
}
