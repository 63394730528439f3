import { runServerKills } from '../faults/server-kill-run.ts'
import type { Campaign } from './campaign.ts'
import { sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'server-kills',
  about:
    'the whole server is killed while clients stream: each reply that began is in its books, once',
  countDefault: 36,
  async run(options) {
    const { kills, replies, ...findings } = await runServerKills(options)
    sayFindings(findings)
    const row = {
      what: 'kill -9 of the whole server with replies under way',
      tried: kills,
      lost: findings.lost.length,
      deniedFalsely: findings.deniedFalsely.length,
      broken: findings.broken.length,
    }
    const figures = [{ name: 'replies that were held against the books', value: String(replies) }]
    return { rows: [row], figures }
  },
}
