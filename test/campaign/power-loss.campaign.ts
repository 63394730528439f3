import { runPowerLosses } from '../faults/power-run.ts'
import { straceLeftOut } from '../faults/strace.ts'
import type { Campaign } from './campaign.ts'
import { rowsOf, sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'power-loss',
  about:
    'the power fails at any point of a recorded run: what was not synced is lost, nothing promised is',
  countDefault: 1000,
  async run(options) {
    const missing = straceLeftOut()
    if (missing !== false) throw new Error(`This campaign needs ${missing}`)
    const { tried, events, ...findings } = await runPowerLosses(options)
    sayFindings(findings)
    const figures = [{ name: 'writes, syncs and promises on record', value: String(events) }]
    return { rows: rowsOf(tried, findings), figures }
  },
}
