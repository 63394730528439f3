import { Hono } from 'hono'
import { getCustomer } from '../../operations/list-customers.ts'
import { setAutoReload } from '../../operations/set-auto-reload.ts'
import { setStandingOrder } from '../../operations/set-standing-order.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { reloadStopSentence } from '../wording/wording.ts'
import { commandOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import type { AutoReloadAnswer } from '../contract/answers.ts'
import { autoReloadSchema, standingOrderSchema } from '../contract/commands.ts'
import { customerOf } from './customer-routes.ts'
import { answer, bodyOf, toJson } from '../http/exchange.ts'

/** How a customer's wallet tops itself up. The customer's owner may have these; the standing order is the operator's. */
export function autoReloadRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/:customerId/auto-reload', async (c) => answer(c, await reloadAnswer(parts, c)))

  routes.post('/:customerId/auto-reload', async (c) => {
    const setting = await bodyOf(c, autoReloadSchema)
    await setAutoReload(parts, { customerId: customerOf(c), setting, ...commandOf(c) })
    return answer(c, await reloadAnswer(parts, c))
  })

  return routes
}

/** What the operator pays for without being asked. For the operator only. */
export function standingOrderRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.post('/:customerId/standing-order', async (c) => {
    const { monthMaxNanos } = await bodyOf(c, standingOrderSchema)
    await setStandingOrder(parts, { customerId: customerOf(c), monthMaxNanos, ...commandOf(c) })
    return answer(c, await reloadAnswer(parts, c))
  })

  return routes
}

async function reloadAnswer(parts: AdminApiParts, c: AdminContext): Promise<AutoReloadAnswer> {
  const { customerId, autoReload, balanceNanos, heldNanos } = await getCustomer(
    parts,
    customerOf(c),
  )
  const stopSentence = reloadStopSentence(autoReload)
  return { customerId, stopSentence, ...toJson({ ...autoReload, balanceNanos, heldNanos }) }
}
