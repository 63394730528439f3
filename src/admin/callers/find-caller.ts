import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import type { AdminApiParts } from '../admin-api.ts'
import { AdminFailure } from '../failures.ts'
import type { SignedIn } from '../sign-in/sessions.ts'
import type { Caller } from './callers.ts'
import { isSameOrigin } from './guards.ts'
import { sha256Hex } from './operator-token.ts'

type FindingParts = Pick<AdminApiParts, 'storage' | 'operatorTokenSha256' | 'signIn'>

/** What a request shows for itself. A credential in a header goes before a cookie, also when it is worth nothing. */
type Shown = { readonly credential: string } | { readonly cookies: string }

function shownBy(c: Context): Shown | undefined {
  const header = c.req.header('authorization')
  if (header !== undefined) {
    const credential = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(header.trim())?.[1]
    if (credential === undefined) {
      throw new AdminFailure('credential_missing', 'The request carries no credential.')
    }
    return { credential }
  }
  const cookies = c.req.header('cookie')
  return cookies === undefined ? undefined : { cookies }
}

/** A page says so when it reads anew while nobody is there: that is no use of a session. */
const unattended = 'x-plimsoll-unattended'

/** Who calls; undefined where nobody is known by what was shown, or nothing was. */
export async function findCaller(c: Context, parts: FindingParts): Promise<Caller | undefined> {
  const shown = shownBy(c)
  if (shown === undefined) return undefined
  const isUse = c.req.header(unattended) === undefined
  const caller = await callerOf(shown, parts, { isUse })
  if (caller?.session !== undefined && !isSafe(c.req.method)) requireOwnPage(c, parts)
  return caller
}

/** Whether a request comes without anything by which somebody could be known. */
export const showsNothing = (c: Context, { signIn }: Pick<AdminApiParts, 'signIn'>): boolean =>
  c.req.header('authorization') === undefined &&
  c.req.header('cookie')?.includes(`${signIn.sessions.cookieName}=`) !== true

/** Whether what this request showed still names the same caller, with the same standing. */
export function stillAllowed(
  c: Context,
  parts: FindingParts,
  caller: Caller,
): () => Promise<boolean> {
  const shown = shownBy(c)
  return async () => {
    const now = shown && (await callerOf(shown, parts, { isUse: false }))
    return now !== undefined && standingOf(now) === standingOf(caller)
  }
}

function standingOf(caller: Caller): string {
  const scope = caller.kind === 'operator' ? '' : `${caller.customerId}:${caller.memberId ?? ''}`
  return `${caller.kind} ${caller.actor} ${scope}`
}

async function callerOf(
  shown: Shown,
  { storage, operatorTokenSha256, signIn }: FindingParts,
  use: { readonly isUse: boolean },
): Promise<Caller | undefined> {
  if ('cookies' in shown) {
    const session = await signIn.sessions.find(shown.cookies, use)
    return session === undefined ? undefined : callerInSession(session)
  }
  const digest = sha256Hex(shown.credential)
  if (timingSafeEqual(Buffer.from(digest), Buffer.from(operatorTokenSha256))) {
    return { kind: 'operator', actor: 'operator' }
  }
  const key = shown.credential.startsWith('plim_') ? await storage.findKey(digest) : undefined
  if (key === undefined || key.isRevoked) return undefined
  const { customerId, memberId, keyId } = key
  return { kind: 'member', actor: `key:${keyId}`, customerId, memberId, keyId }
}

export function callerInSession(session: SignedIn): Caller | undefined {
  const { id, role, customerId, memberId } = session.person
  const actor = `person:${id}`
  if (role === 'operator') return { kind: 'operator', actor, session }
  if (customerId === null) return undefined
  if (role === 'owner') return { kind: 'owner', actor, customerId, memberId, session }
  return memberId === null ? undefined : { kind: 'member', actor, customerId, memberId, session }
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** A cookie goes along with whatever a browser sends; a command by it has to come from a page of ours. */
function requireOwnPage(c: Context, { signIn }: Pick<AdminApiParts, 'signIn'>): void {
  const isOurs =
    c.req.header('sec-fetch-site') === 'same-origin' ||
    isSameOrigin(
      { origin: c.req.header('origin'), host: c.req.header('host') ?? '' },
      signIn.publicUrl,
    )
  if (isOurs) return
  throw new AdminFailure('cross_site', 'The request does not say that it comes from our own page.')
}
