import { Hono, type Context } from 'hono'
import type { AdminApiParts } from '../admin-api.ts'
import { sessionAnswer } from './session-answers.ts'
import type { AdminVariables } from '../callers/callers.ts'
import { callerInSession, findCaller } from '../callers/find-caller.ts'
import { noteAct } from '../callers/note-act.ts'
import type { LinkOwnerAnswer } from '../contract/people.ts'
import {
  linkSchema,
  setUpSchema,
  signInSchema,
  useLinkSchema,
} from '../contract/people-commands.ts'
import { AdminFailure } from '../failures.ts'
import { callerAddress } from '../sign-in/caller-address.ts'
import { clearSessionCookie, setSessionCookie } from '../sign-in/cookie.ts'
import type { NewSession } from '../sign-in/sessions.ts'
import { answer, bodyOf } from '../http/exchange.ts'

/** Coming in and leaving. These need no credential: they give one. */
export function sessionRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()
  const { accounts, sessions, isSetUpCode } = parts.signIn

  routes.get('/', async (c) => {
    const caller = await findCaller(c, parts)
    if (caller === undefined && c.req.header('authorization') !== undefined) {
      throw new AdminFailure('credential_unknown', 'The credential is not known, or was revoked.')
    }
    return answer(c, await sessionAnswer(parts, caller))
  })

  routes.post('/sign-in', async (c) => {
    const { email, password } = await bodyOf(c, signInSchema)
    const address = callerAddress(c, parts.signIn.publicUrl)
    const opened = await sessions
      .open({ email, password, address }, c.req.header('user-agent'))
      .catch(async (error: unknown) => {
        if (isRefused(error)) await noteFailedSignIn(parts, email)
        throw error
      })
    return comeIn(c, parts, { opened, act: 'signed_in' })
  })

  routes.post('/sign-out', async (c) => {
    const caller = await findCaller(c, parts)
    if (caller?.session !== undefined) {
      const { person, sessionId } = caller.session
      await sessions.end(person.id, (id) => id === sessionId)
      parts.events.recheck()
      await noteAct(parts, {
        actor: caller.actor,
        act: 'signed_out',
        target: person.id,
        details: {},
      })
    }
    clearSessionCookie(c, parts.signIn)
    return answer(c, await sessionAnswer(parts, undefined))
  })

  // Whoever reaches the port first is not yet whose server it is.
  routes.post('/set-up', async (c) => {
    const { code, ...person } = await bodyOf(c, setUpSchema)
    const isOwn = code === undefined ? await hasToken(c, parts) : isSetUpCode(code)
    if (!isOwn) {
      throw new AdminFailure('set_up_code_wrong', 'The code that sets this server up is not right.')
    }
    const made = await accounts.setUp(person)
    const opened = await sessions.openFor(made, person.password, c.req.header('user-agent'))
    return comeIn(c, parts, { opened, act: 'set_up' })
  })

  routes.post('/link', async (c) => {
    const { code } = await bodyOf(c, linkSchema)
    const { email, name } = await accounts.linkOwner(code)
    return answer(c, { email, name } satisfies LinkOwnerAnswer)
  })

  routes.post('/link/password', async (c) => {
    const { code, password } = await bodyOf(c, useLinkSchema)
    const person = await accounts.useLink(code, password)
    parts.events.recheck()
    const opened = await sessions.openFor(person, password, c.req.header('user-agent'))
    return comeIn(c, parts, { opened, act: 'password_set' })
  })

  return routes
}

async function hasToken(c: Context, parts: AdminApiParts): Promise<boolean> {
  if (c.req.header('authorization') === undefined) return false
  return (await findCaller(c, parts))?.kind === 'operator'
}

async function comeIn(
  c: Context,
  parts: AdminApiParts,
  { opened, act }: { readonly opened: NewSession; readonly act: string },
): Promise<Response> {
  const { person, cookie } = opened
  const actor = `person:${person.id}`
  setSessionCookie(c, parts.signIn, cookie)
  await noteAct(parts, { actor, act, target: person.id, details: {} })
  return answer(c, await sessionAnswer(parts, callerInSession(opened)))
}

const isRefused = (error: unknown): boolean =>
  error instanceof AdminFailure && error.code === 'sign_in_refused'

/** The same work whether or not there is such an account; and never so many notes that they fill the disk. */
async function noteFailedSignIn(parts: AdminApiParts, email: string): Promise<void> {
  const person = await parts.signIn.accounts.findByEmail(email)
  if (!parts.signIn.failedNotes.take()) return
  const target = person?.id ?? null
  await noteAct(parts, { actor: 'nobody', act: 'sign_in_failed', target, details: {} })
}
