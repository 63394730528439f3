import { Hono } from 'hono'
import { adoptClock } from '../../operations/adopt-clock.ts'
import { castOfDemoWorld, hiddenCustomers } from '../../operations/demo-world.ts'
import { correctClock } from '../../operations/correct-clock.ts'
import { worstOf } from '../../operations/health.ts'
import { backUp } from '../../operations/back-up.ts'
import { listDrifts } from '../../operations/list-drifts.ts'
import { listPrices } from '../../operations/list-published.ts'
import { verify } from '../../operations/verify.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { answerInLines } from '../http/answer-in-lines.ts'
import { noteAct } from '../callers/note-act.ts'
import { commandOf, type AdminVariables } from '../callers/callers.ts'
import type {
  ClockAnswer,
  ClockCorrectedAnswer,
  HealthAnswer,
  Named,
  SeatsAnswer,
  StatusAnswer,
} from '../contract/answers.ts'
import { backupSchema, driftsQuerySchema, verifySchema } from '../contract/commands.ts'
import { answer, bodyOf, queryOf } from '../http/exchange.ts'
import { explanationAnswer } from '../members/member-answers.ts'

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
  routes.get('/prices', async (c) => answer(c, { prices: await listPrices(parts) }))

  routes.get('/decisions/:decisionId', async (c) => {
    return answer(c, await explanationAnswer(parts, c.req.param('decisionId'), 'operator'))
  })

  routes.get('/drifts', async (c) => {
    const { rowsMax } = queryOf(c, driftsQuerySchema)
    return answer(c, { drifts: await listDrifts(parts, { rowsMax }) })
  })

  // Said twice, it is the same word.
  routes.post('/clock/adopt', async (c) => {
    const { actor } = commandOf(c)
    const clock = adoptClock(parts)
    await noteAct(parts, { actor, act: 'clock_adopted', target: null, details: {} })
    return answer(c, { clock } satisfies ClockAnswer)
  })

  routes.post('/clock/correct', async (c) => {
    return answer(c, (await correctClock(parts, commandOf(c))) satisfies ClockCorrectedAnswer)
  })

  addLongWork(routes, parts)
  return routes
}

function addLongWork(routes: Hono<{ Variables: AdminVariables }>, parts: AdminApiParts): void {
  // Verifying twice is harmless: what the first healed, the second finds right.
  routes.post('/verify', async (c) => {
    const { isHealing } = await bodyOf(c, verifySchema)
    const { actor } = commandOf(c)
    const finish = parts.heavyReads.begin({ operators: 'verify' })
    return answerInLines({ logger: parts.logger, name: 'verify' }, async (say) => {
      const onProgress = (done: number, total: number): void => say({ done, total })
      const report = await verify(parts, { isHealing, actor, onProgress }).finally(finish)
      parts.running?.noteVerify(report)
      const details = {
        isHealing,
        entryCount: report.entryCount,
        faultCount: report.faults.length,
        driftCount: report.drifts.length,
      }
      await noteAct(parts, { actor, act: 'journal_verified', target: null, details })
      return report
    })
  })

  // Said twice, the second finds the file of the first in its way.
  routes.post('/backup', async (c) => {
    const { file, isReplacing } = await bodyOf(c, backupSchema)
    const { actor } = commandOf(c)
    return answerInLines({ logger: parts.logger, name: 'backup' }, async (say) => {
      const report = await backUp(parts, { file, isReplacing, onProgress: say })
      const details = { file: report.file, position: report.position, bytes: report.bytes }
      await noteAct(parts, { actor, act: 'backup_taken', target: null, details })
      return report
    })
  })
}

async function statusAnswer(parts: AdminApiParts): Promise<StatusAnswer> {
  const { storage, about, adminUrl } = parts
  const hidden = await hiddenCustomers(parts)
  const members = (await storage.members()).filter(({ customerId }) => !hidden.has(customerId))
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
  const hidden = await hiddenCustomers({ storage })
  const cast = new Set(await castOfDemoWorld({ storage }))
  const members = (await storage.members()).filter(({ customerId }) => !hidden.has(customerId))
  const names = new Map((await storage.persons()).map((person) => [String(person.id), person.name]))
  const named = (id: string): Named => ({ id, name: names.get(id) ?? null })
  return {
    seats: members.slice(0, seatsMax).map(({ customerId, memberId }) => ({
      customer: named(customerId),
      member: named(memberId),
      isOfDemoWorld: cast.has(customerId),
    })),
    hasMore: members.length > seatsMax,
  }
}
