import { runKills } from '../faults/kill-run.ts'
import type { Campaign } from './campaign.ts'
import { sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'kills',
  about: 'kill -9 under load at each statement: nothing promised is lost, and no hold leaks',
  countDefault: 600,
  async run(options) {
    const { kills, promises, ...findings } = await runKills(options)
    sayFindings(findings)
    const rows = [...kills].map(([what, tried]) => ({
      what: `kill -9 ${what}`,
      tried,
      lost: findings.lost.filter((text) => text.startsWith(what)).length,
      deniedFalsely: findings.deniedFalsely.filter((text) => text.startsWith(what)).length,
      broken: findings.broken.filter((text) => text.startsWith(what)).length,
    }))
    return {
      rows,
      figures: [{ name: 'promises that were checked', value: promises.toLocaleString('en') }],
    }
  },
}
