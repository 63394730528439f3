import { Hono } from 'hono'
import type { AdminApiParts } from '../admin-api.ts'
import { personAnswer, sessionAnswer } from './session-answers.ts'
import { sessionOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { callerInSession } from '../callers/find-caller.ts'
import { noteAct } from '../callers/note-act.ts'
import { emptySchema } from '../contract/commands.ts'
import type { AccountAnswer } from '../contract/people.ts'
import { changePasswordSchema } from '../contract/people-commands.ts'
import { setSessionCookie } from '../sign-in/cookie.ts'
import { answer, bodyOf } from '../http/exchange.ts'

/** One's own account: password and open sessions. For whoever is signed in. */
export function accountRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()
  const { sessions } = parts.signIn

  const account = async (c: AdminContext): Promise<AccountAnswer> => {
    const { person, sessionId } = sessionOf(c)
    const lines = await sessions.list(person.id)
    return {
      person: await personAnswer(parts, person, person.id),
      sessions: lines.map(({ token: _token, ...line }) => ({
        ...line,
        isThis: line.id === sessionId,
      })),
    }
  }

  const endSessions = async (
    c: AdminContext,
    isMeant: (sessionId: string) => boolean,
  ): Promise<Response> => {
    await bodyOf(c, emptySchema)
    const { person } = sessionOf(c)
    const endedCount = await sessions.end(person.id, isMeant)
    parts.events.recheck()
    const { actor } = c.get('caller')
    await noteAct(parts, {
      actor,
      act: 'sessions_ended',
      target: person.id,
      details: { endedCount },
    })
    return answer(c, await account(c))
  }

  routes.get('/', async (c) => answer(c, await account(c)))

  routes.post('/sessions/:sessionId/end', (c) =>
    endSessions(c, (id) => id === c.req.param('sessionId')),
  )

  routes.post('/sessions/end-others', (c) => {
    const { sessionId } = sessionOf(c)
    return endSessions(c, (id) => id !== sessionId)
  })

  routes.post('/password', async (c) => {
    const { current, next } = await bodyOf(c, changePasswordSchema)
    const { person } = sessionOf(c)
    const cookies = c.req.header('cookie') ?? ''
    const opened = await sessions.changePassword(
      cookies,
      { person, current, next },
      c.req.header('user-agent'),
    )
    parts.events.recheck()
    setSessionCookie(c, parts.signIn, opened.cookie)
    const { actor } = c.get('caller')
    await noteAct(parts, { actor, act: 'password_changed', target: person.id, details: {} })
    return answer(c, await sessionAnswer(parts, callerInSession(opened)))
  })

  return routes
}
