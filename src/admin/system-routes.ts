import { Hono } from 'hono'
import { adoptClock } from '../operations/adopt-clock.ts'
import { correctClock } from '../operations/correct-clock.ts'
import { worstOf } from '../operations/health.ts'
import { listDrifts } from '../operations/list-drifts.ts'
import { listPlans, listPrices } from '../operations/list-published.ts'
import { publishPlans } from '../operations/publish-plans.ts'
import { verify } from '../operations/verify.ts'
import type { AdminApiParts } from './admin-api.ts'
import { commandOf, type AdminVariables } from './callers.ts'
import {
  applyPlansSchema,
  type ClockAnswer,
  type ClockCorrectedAnswer,
  driftsQuerySchema,
  type HealthAnswer,
  verifySchema,
  type Named,
  type SeatsAnswer,
  type StatusAnswer,
  type VerifyLine,
} from './contract.ts'
import { answer, bodyOf, queryOf, toJson, toJsonText } from './exchange.ts'
import { failureOf } from './failures.ts'
import { explanationAnswer } from './member-answers.ts'
import { planChanges } from './plan-changes.ts'

/** The whole installation: status, plans, prices, decisions, proof. For the operator only. */
export function systemRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/status', async (c) => answer(c, await statusAnswer(parts)))
  routes.get('/health', async (c) => {
    const facts = (await parts.running?.health()) ?? []
    const { version } = parts.about
    return answer(c, { status: worstOf(facts), version, facts } satisfies HealthAnswer)
  })
  routes.get('/seats', async (c) => answer(c, await seatsAnswer(parts)))
  routes.get('/plans', async (c) => answer(c, { plans: await listPlans(parts) }))
  routes.get('/prices', async (c) => answer(c, { prices: await listPrices(parts) }))

  // Applying the same plans again changes nothing; the key is asked for like that of every command.
  routes.post('/plans', async (c) => {
    commandOf(c)
    const { content } = await bodyOf(c, applyPlansSchema)
    const plans = parts.parsePlans(content)
    const before = await listPlans(parts)
    const { changed } = await publishPlans(parts, plans)
    const after = await listPlans(parts)
    return answer(c, { changed, changes: await planChanges(parts, { before, after }, changed) })
  })

  routes.get('/decisions/:decisionId', async (c) => {
    return answer(c, await explanationAnswer(parts, c.req.param('decisionId'), 'operator'))
  })

  routes.get('/drifts', async (c) => {
    const { rowsMax } = queryOf(c, driftsQuerySchema)
    return answer(c, { drifts: await listDrifts(parts, { rowsMax }) })
  })

  // Said twice, it is the same word.
  routes.post('/clock/adopt', (c) => {
    commandOf(c)
    return answer(c, { clock: adoptClock(parts) } satisfies ClockAnswer)
  })

  routes.post('/clock/correct', async (c) => {
    return answer(c, (await correctClock(parts, commandOf(c))) satisfies ClockCorrectedAnswer)
  })

  // Verifying twice is harmless: what the first healed, the second finds right.
  routes.post('/verify', async (c) => {
    const { isHealing } = await bodyOf(c, verifySchema)
    return verifyInLines(parts, { isHealing, actor: commandOf(c).actor })
  })

  return routes
}

async function statusAnswer(parts: AdminApiParts): Promise<StatusAnswer> {
  const { storage, about, adminUrl } = parts
  const members = await storage.members()
  return {
    ...about,
    adminUrl,
    bootId: storage.bootId,
    position: storage.durablePosition,
    customerCount: new Set(members.map((scope) => scope.customerId)).size,
    memberCount: members.length,
    clock: storage.clockStatus(),
  }
}

const seatsMax = 1000

async function seatsAnswer({ storage }: AdminApiParts): Promise<SeatsAnswer> {
  const members = await storage.members()
  const names = new Map((await storage.persons()).map((person) => [String(person.id), person.name]))
  const named = (id: string): Named => ({ id, name: names.get(id) ?? null })
  return {
    seats: members.slice(0, seatsMax).map(({ customerId, memberId }) => ({
      customer: named(customerId),
      member: named(memberId),
    })),
    hasMore: members.length > seatsMax,
  }
}

/** Answers with lines as the work goes on: it may take longer than a caller waits for a silent answer. */
function verifyInLines(
  parts: AdminApiParts,
  command: { readonly isHealing: boolean; readonly actor: string },
): Response {
  const encoder = new TextEncoder()
  let isRead = true
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const say = (line: VerifyLine): void => {
        if (isRead) controller.enqueue(encoder.encode(`${toJsonText(line)}\n`))
      }
      try {
        const onProgress = (done: number, total: number): void =>
          say({ kind: 'progress', done, total })
        const report = await verify(parts, { ...command, onProgress })
        parts.running?.noteVerify(report)
        say({ kind: 'report', report: toJson(report) })
      } catch (error) {
        const { answer: failure, isBug } = failureOf(error)
        if (isBug) parts.logger.error('verify failed', { problem: String(error) })
        say({ kind: 'failure', error: failure.error })
      }
      if (isRead) controller.close()
    },
    cancel: () => {
      isRead = false
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}
