import { runHistory } from '../histories/history-run.ts'
import type { Campaign } from './campaign.ts'

export const campaign: Campaign = {
  name: 'histories',
  about:
    'clients and administrators of a customer at once, kill -9 in between: what each was told has one order that explains it all',
  countDefault: 40,
  async run({ count, seed, onProgress }) {
    const sum = { bad: 0, undecided: 0, operations: 0, kills: 0, denied: 0, unknown: 0 }
    const kinds: Record<string, number> = {}
    for (let index = 0; index < count; index += 1) {
      const outcome = await runHistory({
        customers: 2,
        kills: 3,
        answersPerLife: 40,
        seed: seed * 1_000_003 + index,
      })
      const { bad, undecided } = outcome
      for (const [kind, times] of Object.entries(outcome.kinds)) {
        kinds[kind] = (kinds[kind] ?? 0) + times
      }
      for (const line of [...bad, ...undecided]) console.log(`  history ${index}: ${line}`)
      if (bad.length > 0) sum.bad += 1
      sum.undecided += undecided.length
      for (const key of ['operations', 'kills', 'denied', 'unknown'] as const) {
        sum[key] += outcome[key]
      }
      onProgress(index + 1)
    }
    const { bad, undecided, operations, kills, denied, unknown } = sum
    const counts = { lost: 0, deniedFalsely: bad, broken: undecided }
    return {
      rows: [
        {
          what: 'histories of two customers through deaths of their server',
          tried: count,
          ...counts,
        },
      ],
      figures: [
        {
          name: 'within these histories',
          value: `${operations} operations in an order that explains them, ${denied} of them refusals; ${unknown} that nobody was told the outcome of; ${kills} kills`,
        },
        { name: 'what was done in them', value: sayKinds(kinds) },
      ],
    }
  },
}

const words: readonly (readonly [string, string])[] = [
  ['top_up', 'top-ups'],
  ['switch', 'switches'],
  ['cap', 'caps'],
  ['status', 'pauses and their ends'],
  ['seat', 'moves to another plan'],
  ['except', 'exceptions'],
  ['credit', 'gifted resets'],
  ['auto_reload', 'settings of auto-reload'],
  ['order', 'standing orders'],
  ['reload', 'reloads'],
  ['reload_refused', 'reloads that were refused'],
  ['revoke', 'revoked keys'],
  ['unknown_key', 'requests that a revoked key made in vain'],
]

const sayKinds = (kinds: Readonly<Record<string, number>>): string =>
  words.map(([kind, word]) => `${kinds[kind] ?? 0} ${word}`).join(', ')
