import { Hono } from 'hono'
import { castOfDemoWorld, hasDemoWorld, removeDemoWorld } from '../../operations/demo-world.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { commandOf, type AdminVariables } from '../callers/callers.ts'
import { emptySchema } from '../contract/commands.ts'
import type { DemoRemovedAnswer, DemoWorldAnswer } from '../contract/plans.ts'
import { answer, bodyOf } from '../http/exchange.ts'

/** The demo world that a first start made: whether there is one, and taking it away. For the operator only. */
export function demoRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/', async (c) => {
    const customers = []
    for (const id of await castOfDemoWorld(parts)) {
      customers.push({ id, name: (await parts.storage.findPerson(id))?.name ?? null })
    }
    const found = { hasDemoWorld: await hasDemoWorld(parts), customers }
    return answer(c, found satisfies DemoWorldAnswer)
  })

  // Removing it twice removes nothing more.
  routes.post('/remove', async (c) => {
    await bodyOf(c, emptySchema)
    const { actor } = commandOf(c)
    const removed = await removeDemoWorld(parts, { actor })
    parts.events.recheck()
    // Traffic is counted for all customers at once, and that of the demo world is nobody's.
    if (removed.removed.length > 0) parts.desk?.telemetry.traffic.beginAnew()
    return answer(c, removed satisfies DemoRemovedAnswer)
  })

  return routes
}
