import fc from 'fast-check'
import { parseArgs } from 'node:util'
import { laws } from './laws.ts'

/**
 * More of the property tests than `npm test` runs, from one seed, with progress:
 *
 *   node test/model/campaign.ts --runs 20000 --seed 7 [--law lockstep]
 *
 * Ends with exit code 1 at the first counterexample of each law, shrunk, with the seed and path that replay it.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    law: { type: 'string' },
  },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
const batch = 1000
const chosen = laws.filter(({ name }) => values.law === undefined || name.includes(values.law))
if (chosen.length === 0 || !(runs > 0)) throw new Error('Nothing to run: look at --law and --runs')

function report(name: string, result: fc.RunDetails<unknown>): void {
  const { errorInstance: error } = result
  process.exitCode = 1
  process.stdout.write(`\nBroken: ${name}\n${fc.defaultReportMessage(result) ?? ''}\n`)
  if (error instanceof Error) process.stdout.write(`${error.stack ?? error.message}\n`)
}

for (const { name, property } of chosen) {
  let done = 0
  let isBroken = false
  while (done < runs && !isBroken) {
    const numRuns = Math.min(batch, runs - done)
    const result = fc.check(property, { seed: seed * 1_000_003 + done, numRuns })
    isBroken = result.failed
    if (isBroken) report(name, result)
    done += numRuns
    process.stdout.write(`\r${name}: ${done} of ${runs}`)
  }
  process.stdout.write('\n')
}
