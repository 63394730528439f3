import type { Hono } from 'hono'
import type { Actor } from '../../core/entry.ts'
import type { MemberId } from '../../core/ids.ts'
import { getMember } from '../../operations/list-members.ts'
import type { UsageScope } from '../../operations/usage-readings.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { extraUsageAnswer } from '../customers/extra-usage-answer.ts'
import { historyFile, historyMediaTypes } from './history-file.ts'
import { requestAnswer } from './request-answer.ts'
import { forecastAnswer, seriesAnswer } from './series-answers.ts'
import type { AdminContext, AdminVariables, Caller } from '../callers/callers.ts'
import { historyFileQuerySchema, seriesQuerySchema } from '../contract/usage-queries.ts'
import { answer, queryOf } from '../http/exchange.ts'

type Routes = Hono<{ Variables: AdminVariables }>

/** Where a member's data stand: under `/me`, or under its customer for whoever may look at it. */
export type MemberPlace = {
  readonly path: string
  readonly scopeOf: (c: AdminContext) => Required<UsageScope>
}

/** Sends a history as a file; `name` says whose it is. */
export function answerHistoryFile(
  c: AdminContext,
  parts: AdminApiParts,
  owner: UsageScope & { readonly name: string },
): Response {
  const { format, filter } = queryOf(c, historyFileQuerySchema)
  const { name, ...scope } = owner
  const day = new Date(parts.storage.recordNowMs()).toISOString().slice(0, 10)
  const reader = readerOf(c.get('caller'))
  return c.body(historyFile(parts, { ...scope, filter, reader }, format), 200, {
    'content-type': historyMediaTypes[format],
    'content-disposition': `attachment; filename="history-${name}-${day}.${format}"`,
  })
}

const readerOf = (caller: Caller): MemberId | Actor =>
  ('memberId' in caller ? caller.memberId : null) ?? caller.actor

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
  routes.get(`${path}/history/file`, async (c) => {
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return answerHistoryFile(c, parts, { customerId, memberId, name: memberId })
  })
  routes.get(`${path}/requests/:holdId`, async (c) => {
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    const holdId = c.req.param('holdId')
    return answer(c, await requestAnswer(parts, { customerId, memberId }, holdId))
  })
  routes.get(`${path}/forecast`, async (c) => {
    const { customerId, memberId } = await getMember(parts, scopeOf(c))
    return answer(c, await forecastAnswer(parts, { customerId, memberId }))
  })
}
