import type { HealthFact } from '../operations/health.ts'
import type { VerifyReport } from '../storage/storage.ts'
import { runChecks } from './check.ts'
import { bookChecks } from './checks/book-checks.ts'
import { folderChecks } from './checks/folder-checks.ts'
import { processChecks } from './checks/process-checks.ts'
import { gatewayChecks } from './checks/gateway-checks.ts'
import { settingChecks } from './checks/setting-checks.ts'
import { lookAtFolder } from './folder-facts.ts'
import { gatherServerFacts, type NotedVerify, type ServerFactSources } from './server-facts.ts'

/** The running server's own check-up. */
export type ServerHealth = {
  look(): Promise<readonly HealthFact[]>
  noteVerify(report: VerifyReport): void
}

export function createServerHealth(
  sources: ServerFactSources & { readonly journalFormat: number },
): ServerHealth {
  let lastVerify: NotedVerify | null = null
  const { parts, settings, journalFormat } = sources
  return {
    look: async () => {
      const facts = await gatherServerFacts(sources, lastVerify)
      const folder = lookAtFolder(settings.dataFolder, { isTokenElsewhere: true })
      return [
        ...runChecks(folderChecks(journalFormat), folder),
        ...runChecks([...bookChecks, ...settingChecks, ...processChecks], facts),
        ...(facts.traffic === null ? [] : runChecks(gatewayChecks, facts.traffic)),
      ]
    },
    noteVerify: (report) => {
      lastVerify = { atMs: parts.storage.recordNowMs(), report }
    },
  }
}
