import { Hono } from 'hono'
import { customerId as readCustomerId, type CustomerId } from '../../core/ids.ts'
import { erasePersons } from '../../operations/erase-persons.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { openCustomer } from '../../operations/open-customer.ts'
import { setExtraUsage } from '../../operations/set-extra-usage.ts'
import { setSpendCap } from '../../operations/set-spend-cap.ts'
import { setStatus } from '../../operations/set-status.ts'
import { topUp } from '../../operations/top-up.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { commandOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { noteAct } from '../callers/note-act.ts'
import type { ErasureAnswer } from '../contract/answers.ts'
import type { CustomerRowsAnswer } from '../contract/customers.ts'
import {
  customersQuerySchema,
  emptySchema,
  extraUsageSchema,
  grantSchema,
  openCustomerSchema,
  spendCapSchema,
  statusSchema,
} from '../contract/commands.ts'
import { historyQuerySchema, seriesQuerySchema } from '../contract/usage-queries.ts'
import { answer, bodyOf, queryOf } from '../http/exchange.ts'
import { customerRows } from './customer-answers.ts'
import { extraUsageAnswer } from './extra-usage-answer.ts'
import { answerHistoryFile } from '../members/member-data-routes.ts'
import { historyAnswer } from '../members/member-answers.ts'
import { seriesAnswer } from '../members/series-answers.ts'

/** Customers: their wallet, switch, cap and status. For the operator only. */
export function customerRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()
  const answerCustomer = async (c: AdminContext, id: CustomerId): Promise<Response> =>
    answer(c, await getCustomer(parts, id))

  routes.get('/', async (c) => {
    const query = queryOf(c, customersQuerySchema)
    const withLimits = query.withLimits === 'true'
    const page: CustomerRowsAnswer = await customerRows(parts, { ...query, withLimits })
    return answer(c, page)
  })

  routes.post('/', async (c) => {
    const asked = await bodyOf(c, openCustomerSchema)
    const opened = await openCustomer(parts, { ...parts.newCustomer, ...asked, ...commandOf(c) })
    return answerCustomer(c, opened.customerId)
  })

  routes.get('/:customerId', async (c) => answerCustomer(c, customerOf(c)))

  routes.get('/:customerId/events', async (c) => {
    const { customerId } = await getCustomer(parts, customerOf(c))
    const isStillAllowed = c.get('isStillAllowed')
    return parts.events.open({ customerId, memberId: null, isStillAllowed })
  })

  routes.post('/:customerId/status', async (c) => {
    const { isActive } = await bodyOf(c, statusSchema)
    const customerId = customerOf(c)
    await setStatus(parts, { customerId, memberId: null, isActive, ...commandOf(c) })
    return answerCustomer(c, customerId)
  })

  for (const [path, origin] of [
    ['/:customerId/top-ups', 'top_up'],
    ['/:customerId/gifts', 'gift'],
  ] as const) {
    routes.post(path, async (c) => {
      const terms = await bodyOf(c, grantSchema)
      const customerId = customerOf(c)
      const { grantId } = await topUp(parts, { customerId, origin, ...terms, ...commandOf(c) })
      return answer(c, { grantId, ...(await getCustomer(parts, customerId)) })
    })
  }

  routes.get('/:customerId/extra-usage', async (c) =>
    answer(c, await extraUsageAnswer(parts, { customerId: customerOf(c), memberId: null })),
  )

  routes.post('/:customerId/extra-usage', async (c) => {
    const { isOn } = await bodyOf(c, extraUsageSchema)
    const customerId = customerOf(c)
    await setExtraUsage(parts, { customerId, memberId: null, isOn, ...commandOf(c) })
    return answerCustomer(c, customerId)
  })

  routes.post('/:customerId/spend-cap', async (c) => {
    const { cap } = await bodyOf(c, spendCapSchema)
    const customerId = customerOf(c)
    await setSpendCap(parts, { customerId, memberId: null, cap, ...commandOf(c) })
    return answerCustomer(c, customerId)
  })

  addCustomerData(routes, parts)
  addErasing(routes, parts)
  return routes
}

function addCustomerData(routes: Hono<{ Variables: AdminVariables }>, parts: AdminApiParts): void {
  routes.get('/:customerId/history', async (c) => {
    const query = queryOf(c, historyQuerySchema)
    const { customerId } = await getCustomer(parts, customerOf(c))
    return answer(c, await historyAnswer(parts, { customerId, ...query }))
  })

  routes.get('/:customerId/history/file', async (c) => {
    const { customerId } = await getCustomer(parts, customerOf(c))
    return answerHistoryFile(c, parts, { customerId, name: customerId })
  })

  routes.get('/:customerId/series', async (c) => {
    const query = queryOf(c, seriesQuerySchema)
    return answer(c, await seriesAnswer(parts, { customerId: customerOf(c) }, query))
  })
}

function addErasing(routes: Hono<{ Variables: AdminVariables }>, parts: AdminApiParts): void {
  // Erasing twice erases nothing more.
  routes.post('/:customerId/erase', async (c) => {
    await bodyOf(c, emptySchema)
    const { actor } = commandOf(c)
    const { customerId } = await getCustomer(parts, customerOf(c))
    const erasure = await erasePersons(parts, { customerId })
    parts.events.recheck()
    await noteAct(parts, {
      actor,
      act: 'customer_erased',
      target: customerId,
      details: { isComplete: erasure.isComplete },
    })
    return answer(c, { customerId, memberId: null, ...erasure } satisfies ErasureAnswer)
  })
}

export const customerOf = (c: AdminContext): CustomerId =>
  readCustomerId(c.req.param('customerId') ?? '')
