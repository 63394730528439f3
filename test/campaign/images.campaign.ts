import { runImages } from '../faults/image-run.ts'
import type { Campaign } from './campaign.ts'
import { rowsOf, sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'images',
  about:
    'files as crashes leave them are opened: all that was promised is there, the rest whole or absent',
  countDefault: 2500,
  async run(options) {
    const { tried, ...findings } = await runImages(options)
    sayFindings(findings)
    return { rows: rowsOf(tried, findings), figures: [] }
  },
}
