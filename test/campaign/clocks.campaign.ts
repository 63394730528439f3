import type { Campaign, CampaignOutcome } from './campaign.ts'
import { ClockHistory, emptyTally } from './clocks/clock-history.ts'
import { diceOf } from './clocks/dice.ts'

const stepsPerHistory = 60

export const campaign: Campaign = {
  name: 'clocks',
  about:
    'clocks step, sleep, lie and are corrected under running limits; no window, credit or cap is lost or given twice',
  countDefault: 200,
  async run({ count, seed, onProgress }): Promise<CampaignOutcome> {
    const tally = emptyTally()
    for (let index = 0; index < count; index += 1) {
      const [broken, lost, denied] = [tally.broken.length, tally.lost.length, tally.deniedFalsely]
      const own = seed * 1_000_003 + index
      try {
        await new ClockHistory(diceOf(own), tally).run(stepsPerHistory)
      } catch (error) {
        tally.broken.push(error instanceof Error ? error.message : String(error))
      }
      const found = [...tally.broken.slice(broken), ...tally.lost.slice(lost)]
      if (tally.deniedFalsely > denied) found.push('denied falsely')
      for (const what of found) console.error(`history ${index} of seed ${seed}: ${what}`)
      onProgress(index + 1)
    }
    const { requests, denials, jumps, corrections, restarts, deniedFalsely } = tally
    const row = { what: 'clock histories with restarts', tried: count, deniedFalsely }
    const text = (value: number): string => value.toLocaleString('en')
    return {
      rows: [{ ...row, lost: tally.lost.length, broken: tally.broken.length }],
      figures: [
        { name: 'requests, of them refused', value: `${text(requests)}, ${text(denials)}` },
        { name: 'wrong jumps followed, corrected', value: `${text(jumps)}, ${text(corrections)}` },
        { name: 'restarts', value: text(restarts) },
      ],
    }
  },
}
