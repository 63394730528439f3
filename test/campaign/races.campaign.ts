import type { Campaign } from './campaign.ts'
import { runRace, type RaceOutcome } from './race-history.ts'

export const campaign: Campaign = {
  name: 'races',
  about:
    'everything at once on real storage: admissions, growth, ends, money, switches, caps, plans, hang-ups and failing commits; all books checked after each round',
  countDefault: 150,
  async run({ count, seed, onProgress }) {
    const sum = { lost: 0, deniedFalsely: 0, broken: 0 }
    const tally: RaceOutcome['tally'] = {
      asked: 0,
      allowed: 0,
      denied: 0,
      unavailable: 0,
      left: 0,
      ended: 0,
    }
    for (let index = 0; index < count; index += 1) {
      const outcome = await runRace(seed * 1_000_003 + index)
      const { lost, deniedFalsely, broken } = outcome
      for (const found of [...lost, ...deniedFalsely, ...broken].slice(0, 5)) {
        console.log(`  history ${index}: ${found}`)
      }
      sum.lost += lost.length
      sum.deniedFalsely += deniedFalsely.length
      sum.broken += broken.length
      for (const key of Object.keys(tally) as (keyof typeof tally)[])
        tally[key] += outcome.tally[key]
      onProgress(index + 1)
    }
    const { asked, allowed, denied, unavailable, left, ended } = tally
    return {
      rows: [{ what: 'concurrent histories of two customers', tried: count, ...sum }],
      figures: [
        {
          name: 'within these histories',
          value: `${asked} asked, ${allowed} admitted, ${denied} refused (each decided again from the journal), ${left} hung up, ${unavailable} acts met failing commits, ${ended} settled`,
        },
      ],
    }
  },
}
