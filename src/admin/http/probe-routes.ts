import { Hono } from 'hono'
import type { AdminApiParts } from '../admin-api.ts'

/**
 * What supervisors and balancers ask, without a token and under whatever host name they know this machine by:
 * `/healthz` says that the process answers, `/readyz` whether requests should come. Nothing else is in them.
 */
export function probeRoutes({ running }: Pick<AdminApiParts, 'running'>): Hono {
  const routes = new Hono()
  routes.get('/healthz', (c) => c.json({ status: 'live' }))
  routes.get('/readyz', async (c) => {
    const answer = (await running?.readiness.look()) ?? { status: 'ready' as const }
    return c.json(answer, answer.status === 'ready' ? 200 : 503)
  })
  return routes
}
