import type { Hono } from 'hono'
import { OneAtATime } from '../../system/one-at-a-time.ts'
import { reportDecision } from '../../operations/report-refusal.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { foundDecision, lookupAnswer, reportBundle } from './lookup-answer.ts'
import { explanationAnswer } from '../members/member-answers.ts'
import { commandOf, memberOf, type AdminVariables } from '../callers/callers.ts'
import { lookupSchema, reportSchema, type ReportAnswer } from '../contract/lookup.ts'
import { answer, bodyOf } from '../http/exchange.ts'

/** "Was I refused wrongly?": a member looks a decision up, and tells the operator of it. */
export function addLookup(routes: Hono<{ Variables: AdminVariables }>, parts: AdminApiParts): void {
  // It changes nothing; what is pasted is too long for an address, and would stand in logs there.
  const turns = new OneAtATime()
  routes.post('/lookup', async (c) => {
    const { text } = await bodyOf(c, lookupSchema)
    const scope = memberOf(c)
    // Looking through a long history is work: a member's questions wait for each other, and others do not.
    const name = `${scope.customerId}:${scope.memberId}`
    return answer(c, await turns.run(name, () => lookupAnswer(parts, scope, text)))
  })

  routes.post('/reports', async (c) => {
    const { decisionId, note } = await bodyOf(c, reportSchema)
    const { actor } = commandOf(c)
    const { customerId, memberId } = memberOf(c)
    const scope = { customerId, memberId }
    const explanation = await explanationAnswer(parts, decisionId, scope)
    const found = await foundDecision(parts, scope, explanation)
    const { isConfirmed } = explanation
    const report = { ...scope, decisionId: found.decisionId, actor, isConfirmed }
    const isNew = await reportDecision(parts, report)
    return answer(c, { isNew, ...reportBundle(parts, found, note) } satisfies ReportAnswer)
  })
}
