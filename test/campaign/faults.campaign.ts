import { runRandomFaults } from '../faults/random-faults.ts'
import type { Campaign } from './campaign.ts'
import { rowsOf, sayFindings } from './say-findings.ts'

export const campaign: Campaign = {
  name: 'faults',
  about:
    'statements of SQLite fail under load: nobody is told what is not so, and all is as before when it ends',
  countDefault: 400,
  async run(options) {
    const { tried, struck, toldAway, promises, ...findings } = await runRandomFaults(options)
    sayFindings(findings)
    const number = (value: number): string => value.toLocaleString('en')
    const figures = [
      { name: 'statements that failed', value: number(struck) },
      { name: 'promises that were checked', value: number(promises) },
      { name: 'callers who were told to try again', value: number(toldAway) },
    ]
    return { rows: rowsOf(tried, findings), figures }
  },
}
