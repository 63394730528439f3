import type { Hono } from 'hono'
import { getMember } from '../../operations/list-members.ts'
import type { UsageScope } from '../../operations/usage-readings.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { extraUsageAnswer } from '../answers/extra-usage-answer.ts'
import { forecastAnswer, seriesAnswer } from '../answers/series-answers.ts'
import type { AdminContext, AdminVariables } from '../callers/callers.ts'
import { seriesQuerySchema } from '../contract/commands.ts'
import { answer, queryOf } from './exchange.ts'

type Routes = Hono<{ Variables: AdminVariables }>

/** Where a member's data stand: under `/me`, or under its customer for whoever may look at it. */
export type MemberPlace = {
  readonly path: string
  readonly scopeOf: (c: AdminContext) => Required<UsageScope>
}

/** What one member used and what is to be expected: the same answers for the member and for who looks after it. */
export function addMemberData(routes: Routes, parts: AdminApiParts, place: MemberPlace): void {
  const { path, scopeOf } = place
  routes.get(`${path}/extra-usage`, async (c) => {
    const { customerId, memberId } = scopeOf(c)
    return answer(c, await extraUsageAnswer(parts, { customerId, memberId }))
  })
  routes.get(`${path}/series`, async (c) => {
    const query = queryOf(c, seriesQuerySchema)
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return answer(c, await seriesAnswer(parts, { customerId, memberId }, query))
  })
  routes.get(`${path}/forecast`, async (c) => {
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return answer(c, await forecastAnswer(parts, { customerId, memberId }))
  })
}
