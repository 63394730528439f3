import { Hono } from 'hono'
import { setExtraUsage } from '../../operations/set-extra-usage.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { commandOf, memberOf, type AdminVariables } from '../callers/callers.ts'
import { extraUsageSchema } from '../contract/commands.ts'
import { historyQuerySchema } from '../contract/usage-queries.ts'
import { addConnecting } from '../keys/connect-routes.ts'
import { addLookup } from '../decisions/lookup-routes.ts'
import { addMemberData, type MemberPlace } from './member-data-routes.ts'
import { addKeyCare, addKeyMaking } from '../keys/own-key-routes.ts'
import { answer, bodyOf, queryOf } from '../http/exchange.ts'
import { explanationAnswer, historyAnswer, usageAnswer } from './member-answers.ts'

/** What a member may see and do: its own figures, history, decisions and switch, and nothing else. */
export function meRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/usage', async (c) => answer(c, await usageAnswer(parts, memberOf(c))))

  routes.get('/history', async (c) => {
    const { customerId, memberId } = memberOf(c)
    const query = queryOf(c, historyQuerySchema)
    return answer(c, await historyAnswer(parts, { customerId, memberId, ...query }))
  })

  routes.get('/decisions/:decisionId', async (c) => {
    return answer(c, await explanationAnswer(parts, c.req.param('decisionId'), memberOf(c)))
  })

  routes.get('/events', (c) => {
    const { customerId, memberId } = memberOf(c)
    return parts.events.open({ customerId, memberId, isStillAllowed: c.get('isStillAllowed') })
  })

  // The member's own switch; the customer's stays as it is, and rules over it.
  routes.post('/extra-usage', async (c) => {
    const { customerId, memberId } = memberOf(c)
    const { isOn } = await bodyOf(c, extraUsageSchema)
    await setExtraUsage(parts, { customerId, memberId, isOn, ...commandOf(c) })
    return answer(c, await usageAnswer(parts, memberOf(c)))
  })

  const own: MemberPlace = { path: '', scopeOf: memberOf }
  addMemberData(routes, parts, own)
  addKeyCare(routes, parts, own)
  addKeyMaking(routes, parts, own)
  addLookup(routes, parts)
  addConnecting(routes, parts)
  return routes
}
