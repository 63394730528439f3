import { Hono } from 'hono'
import { listPlans } from '../../operations/list-published.ts'
import { publishPlans } from '../../operations/publish-plans.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { plansFor } from './owners-plans.ts'
import { planBooks, plansPreview } from './plan-answers.ts'
import { planChanges } from './plan-changes.ts'
import { commandOf, type AdminVariables } from '../callers/callers.ts'
import { applyPlansSchema } from '../contract/commands.ts'
import { answer, bodyOf } from '../http/exchange.ts'

/** Plans: what is published, what another text would change, and publishing it. For the operator only, but for the list. */
export function planRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/', async (c) => answer(c, { plans: await plansFor(c, parts) }))

  routes.get('/versions', async (c) => answer(c, await planBooks(parts)))

  // Applying the same plans again changes nothing; the key is asked for like that of every command.
  routes.post('/', async (c) => {
    const { actor } = commandOf(c)
    const { content } = await bodyOf(c, applyPlansSchema)
    const plans = parts.parsePlans(content)
    const before = await listPlans(parts)
    const { changed } = await publishPlans(parts, plans, actor)
    const after = await listPlans(parts)
    return answer(c, { changed, changes: await planChanges(parts, { before, after }, changed) })
  })

  // A question, though it comes as a POST: it writes nothing, and needs no key.
  routes.post('/preview', async (c) => {
    const { content } = await bodyOf(c, applyPlansSchema)
    return answer(c, await plansPreview(parts, content))
  })

  return routes
}
