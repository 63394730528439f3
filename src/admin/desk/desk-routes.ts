import { Hono } from 'hono'
import { listDrifts } from '../../operations/list-drifts.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { DeskParts } from './desk-parts.ts'
import {
  decisionsAnswer,
  findAnswer,
  refusalsAnswer,
  reportsAnswer,
} from '../decisions/decision-search.ts'
import { auditAnswer } from './audit-answer.ts'
import { Names } from '../wording/names.ts'
import { overviewAnswer } from './overview-answer.ts'
import type { AdminVariables } from '../callers/callers.ts'
import {
  auditExportSchema,
  auditQuerySchema,
  decisionsQuerySchema,
  findQuerySchema,
  overviewQuerySchema,
  refusalsQuerySchema,
} from '../contract/desk-queries.ts'
import type { SettingsAnswer, StorageAnswer } from '../contract/desk.ts'
import { AdminFailure } from '../failures.ts'
import { auditExport } from './audit-export.ts'
import { answer, queryOf, toJson } from '../http/exchange.ts'

/** The operator's desk: the installation at a glance, and looking things up in it. For the operator only. */
export function deskRoutes(parts: AdminApiParts): Hono<{ Variables: AdminVariables }> {
  const routes = new Hono<{ Variables: AdminVariables }>()

  routes.get('/overview', async (c) => {
    const { span } = queryOf(c, overviewQuerySchema)
    return answer(c, await overviewAnswer(parts, deskOf(parts), span))
  })

  routes.get('/overview/events', (c) => {
    const { traffic } = deskOf(parts).telemetry
    return parts.events.openForAll({
      version: () => traffic.version,
      isStillAllowed: c.get('isStillAllowed'),
    })
  })

  routes.get('/decisions', async (c) => {
    return answer(c, await decisionsAnswer(parts, queryOf(c, decisionsQuerySchema)))
  })

  routes.get('/refusals', async (c) => {
    return answer(c, await refusalsAnswer(parts, deskOf(parts), queryOf(c, refusalsQuerySchema)))
  })

  routes.get('/find', async (c) => {
    return answer(c, await findAnswer(parts, parts.desk, queryOf(c, findQuerySchema)))
  })

  routes.get('/reports', async (c) => answer(c, await reportsAnswer(parts)))

  routes.get('/audit', async (c) => {
    return answer(c, await auditAnswer(parts, queryOf(c, auditQuerySchema)))
  })

  routes.get('/audit/export', (c) => {
    const { format, ...query } = queryOf(c, auditExportSchema)
    return auditExport(parts, query, format)
  })

  routes.get('/settings', (c) => {
    const { settings } = deskOf(parts)
    return answer(c, { settings } satisfies SettingsAnswer)
  })

  routes.get('/storage', async (c) => answer(c, await storageAnswer(parts, deskOf(parts))))

  return routes
}

/** What only a running server has; on a folder that is opened for a command there is none of it. */
function deskOf({ desk }: AdminApiParts): DeskParts {
  if (desk !== undefined) return desk
  throw new AdminFailure('not_found', 'Only a running server knows this.')
}

const driftsShown = 100

async function storageAnswer(parts: AdminApiParts, desk: DeskParts): Promise<StorageAnswer> {
  const { storage, about } = parts
  const names = new Names(parts)
  const drifts = []
  for (const drift of await listDrifts(parts, { rowsMax: driftsShown })) {
    drifts.push({ ...toJson(drift), ...(await names.whose(drift)) })
  }
  return {
    ...(await storage.health()),
    dataFolder: about.dataFolder,
    position: storage.durablePosition,
    drifts,
    commands: desk.commands,
  }
}
