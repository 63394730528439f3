import { Hono } from 'hono'
import {
  keyId as readKeyId,
  memberId as readMemberId,
  type CustomerId,
  type MemberId,
} from '../../core/ids.ts'
import { erasePersons } from '../../operations/erase-persons.ts'
import { exceptLimit } from '../../operations/except-limit.ts'
import { giftReset } from '../../operations/gift-reset.ts'
import { issueKey } from '../../operations/issue-key.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { listKeys } from '../../operations/list-keys.ts'
import { getMember } from '../../operations/list-members.ts'
import { revokeOwnKey } from '../../operations/own-keys.ts'
import { seatMember } from '../../operations/seat-member.ts'
import { setExtraUsage } from '../../operations/set-extra-usage.ts'
import { setSpendCap } from '../../operations/set-spend-cap.ts'
import { setStatus } from '../../operations/set-status.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { commandOf, type AdminContext, type AdminVariables } from '../callers/callers.ts'
import { noteAct } from '../callers/note-act.ts'
import type { CustomerKey, ErasureAnswer } from '../contract/answers.ts'
import {
  emptySchema,
  exceptionSchema,
  extraUsageSchema,
  giftResetSchema,
  issueKeySchema,
  membersQuerySchema,
  seatMemberSchema,
  seatPreviewQuerySchema,
  spendCapSchema,
  statusSchema,
} from '../contract/commands.ts'
import { historyQuerySchema } from '../contract/usage-queries.ts'
import { memberRows, seatPreview } from '../customers/customer-answers.ts'
import { customerOf } from '../customers/customer-routes.ts'
import { addMemberData } from './member-data-routes.ts'
import { addKeyCare } from '../keys/own-key-routes.ts'
import { answer, bodyOf, queryOf } from '../http/exchange.ts'
import { AdminFailure } from '../failures.ts'
import { requireOwnPlan } from '../plans/owners-plans.ts'
import { OwnersSeats } from '../plans/owners-seats.ts'
import { Names } from '../wording/names.ts'
import { historyAnswer, usageAnswer } from './member-answers.ts'

type Routes = Hono<{ Variables: AdminVariables }>
const one = '/:customerId/members/:memberId'

/** Members and their keys, under their customer. For the operator only. */
export function memberRoutes(parts: AdminApiParts): Routes {
  const routes: Routes = new Hono()
  const seats = new OwnersSeats(parts)

  routes.get('/:customerId/members', async (c) => {
    const { afterMemberId = null, ...query } = queryOf(c, membersQuerySchema)
    const { customerId } = await getCustomer(parts, customerOf(c))
    const withLimits = query.withLimits === 'true'
    return answer(c, await memberRows(parts, { customerId, afterMemberId, ...query, withLimits }))
  })

  // Seats a new member, or moves one that exists to another plan.
  routes.post('/:customerId/members', async (c) => {
    const seat = await bodyOf(c, seatMemberSchema)
    const customerId = customerOf(c)
    const command = { customerId, ...seat, ...commandOf(c) }
    const { memberId } = await seats.give(c, command, async () => {
      await requireOwnPlan(c, parts, command)
      return seatMember(parts, command)
    })
    return answer(c, await getMember(parts, { customerId, memberId }))
  })

  routes.get(one, async (c) => answer(c, await getMember(parts, scopeOf(c))))

  routes.get(`${one}/usage`, async (c) => answer(c, await usageAnswer(parts, scopeOf(c))))

  routes.get(`${one}/history`, async (c) => {
    const query = queryOf(c, historyQuerySchema)
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return answer(c, await historyAnswer(parts, { customerId, memberId, ...query }))
  })

  addMemberData(routes, parts, { path: one, scopeOf })
  // What moving to another plan would change; nothing is written.
  routes.get(`${one}/seat-preview`, async (c) => {
    const { planId } = queryOf(c, seatPreviewQuerySchema)
    await requireOwnPlan(c, parts, { customerId: customerOf(c), planId })
    return answer(c, await seatPreview(parts, scopeOf(c), planId))
  })

  addSettings(routes, parts)
  addKeyCare(routes, parts, { path: one, scopeOf })
  addKeys(routes, parts)
  return routes
}

function addSettings(routes: Routes, parts: AdminApiParts): void {
  // Erasing twice erases nothing more.
  routes.post(`${one}/erase`, async (c) => {
    await bodyOf(c, emptySchema)
    const { actor } = commandOf(c)
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    const erasure = await erasePersons(parts, { customerId, memberId })
    parts.events.recheck()
    const details = { customerId, isComplete: erasure.isComplete }
    await noteAct(parts, { actor, act: 'member_erased', target: memberId, details })
    return answer(c, { customerId, memberId, ...erasure } satisfies ErasureAnswer)
  })

  routes.post(`${one}/status`, async (c) => {
    const { isActive } = await bodyOf(c, statusSchema)
    await setStatus(parts, { ...scopeOf(c), isActive, ...commandOf(c) })
    return answer(c, await getMember(parts, scopeOf(c)))
  })

  routes.post(`${one}/extra-usage`, async (c) => {
    const { isOn } = await bodyOf(c, extraUsageSchema)
    await setExtraUsage(parts, { ...scopeOf(c), isOn, ...commandOf(c) })
    return answer(c, await getMember(parts, scopeOf(c)))
  })

  routes.post(`${one}/spend-cap`, async (c) => {
    const { cap } = await bodyOf(c, spendCapSchema)
    await setSpendCap(parts, { ...scopeOf(c), cap, ...commandOf(c) })
    return answer(c, await getMember(parts, scopeOf(c)))
  })

  // The plan's own amount takes an exception back.
  routes.post(`${one}/exceptions`, async (c) => {
    const { limitId, most, untilMs } = await bodyOf(c, exceptionSchema)
    const amount = most.kind === 'amount' ? most.amount : null
    const exception = most.kind === 'plan' ? null : { amount, untilMs }
    await exceptLimit(parts, { ...scopeOf(c), limitId, exception, ...commandOf(c) })
    return answer(c, await getMember(parts, scopeOf(c)))
  })

  routes.post(`${one}/gift-reset`, async (c) => {
    const { limitId } = await bodyOf(c, giftResetSchema)
    const scope = scopeOf(c)
    await getMember(parts, scope)
    const limit = limitId === undefined ? {} : { limitId }
    return answer(c, await giftReset(parts, { ...scope, ...limit, ...commandOf(c) }))
  })
}

function addKeys(routes: Routes, parts: AdminApiParts): void {
  routes.get('/:customerId/keys', async (c) => {
    const { customerId } = await getCustomer(parts, customerOf(c))
    const names = new Names(parts)
    const keys: CustomerKey[] = []
    for (const key of await listKeys(parts, customerId)) {
      keys.push({ ...key, memberName: (await names.of(key.memberId)).name })
    }
    return answer(c, { keys })
  })

  routes.post(`${one}/keys`, async (c) => {
    const { name } = await bodyOf(c, issueKeySchema)
    const named = name === undefined ? {} : { name }
    return answer(c, await issueKey(parts, { ...scopeOf(c), ...named, ...commandOf(c) }))
  })

  routes.post('/:customerId/keys/:keyId/revoke', async (c) => {
    await bodyOf(c, emptySchema)
    const customerId = customerOf(c)
    const keyId = readKeyId(c.req.param('keyId'))
    const key = (await listKeys(parts, customerId)).find((other) => other.keyId === keyId)
    if (key === undefined) {
      throw new AdminFailure('unknown_key', `Customer "${customerId}" has no key "${keyId}".`)
    }
    const { memberId } = key
    await revokeOwnKey(parts, { customerId, memberId, keyId, ...commandOf(c) })
    return answer(c, { keyId, memberId })
  })
}

const scopeOf = (c: AdminContext): { customerId: CustomerId; memberId: MemberId } => ({
  customerId: customerOf(c),
  memberId: readMemberId(c.req.param('memberId') ?? ''),
})
