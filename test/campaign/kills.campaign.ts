import { runKills } from '../faults/kill-run.ts'
import type { Campaign } from './campaign.ts'
import { rowsOf, sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'kills',
  about: 'kill -9 under load at each statement: nothing promised is lost, and no hold leaks',
  countDefault: 520,
  async run(options) {
    const { kills, promises, ...findings } = await runKills(options)
    sayFindings(findings)
    const figures = [{ name: 'promises that were checked', value: promises.toLocaleString('en') }]
    return { rows: rowsOf(kills, findings), figures }
  },
}
