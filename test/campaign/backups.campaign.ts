import { runBackups } from '../faults/backup-run.ts'
import type { Campaign } from './campaign.ts'
import { rowsOf, sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'backups',
  about: 'backups under load, restored; kill -9 in backups and restores: nothing is lost or half',
  countDefault: 20,
  async run(options) {
    const { tried, ...findings } = await runBackups(options)
    sayFindings(findings)
    return { rows: rowsOf(tried, findings), figures: [] }
  },
}
