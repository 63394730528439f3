import type { Campaign, CampaignOutcome } from './campaign.ts'
import { runBatch, type Findings } from './upstreams/upstream-run.ts'
import { diceOf } from './upstreams/upstream-script.ts'

const batchSize = 250

export const campaign: Campaign = {
  name: 'upstreams',
  about:
    'answers cut anywhere, mutated, out of order and in pieces of any size; every byte passes, every hold ends once, every charge is within its rule',
  countDefault: 8_000,
  async run({ count, seed, onProgress }): Promise<CampaignOutcome> {
    const findings: Findings = {
      lost: [],
      deniedFalsely: [],
      broken: [],
      tally: { bytes: 0, settled: 0, estimated: 0, voided: 0 },
    }
    const startedMs = performance.now()
    for (let done = 0, batch = 0; done < count; batch += 1) {
      const size = Math.min(batchSize, count - done)
      await runBatch(diceOf(seed * 1_000_003 + batch), size, findings)
      done += size
      onProgress(done)
    }
    const { lost, deniedFalsely, broken, tally } = findings
    for (const what of [...lost, ...deniedFalsely, ...broken]) console.error(`  ${what}`)
    const perSecond = Math.round((count * 1000) / (performance.now() - startedMs))
    const text = (value: number): string => value.toLocaleString('en')
    return {
      rows: [
        {
          what: 'odd answers of an upstream',
          tried: count,
          lost: lost.length,
          deniedFalsely: deniedFalsely.length,
          broken: broken.length,
        },
      ],
      figures: [
        {
          name: 'settled by the report, by an estimate, voided',
          value: `${text(tally.settled)}, ${text(tally.estimated)}, ${text(tally.voided)}`,
        },
        { name: 'bytes of answers', value: `${text(Math.round(tally.bytes / 1000))} kB` },
        { name: 'answers through the gateway', value: `${perSecond}/s` },
      ],
    }
  },
}
