import assert from 'node:assert/strict'
import test from 'node:test'
import { isClean } from './campaign.ts'
import { campaign } from './floods.campaign.ts'

test('in a slice of every flood a neighbour is served, and nothing is left running', async () => {
  const outcome = await campaign.run({ count: 400, seed: 1, onProgress: () => {} })

  assert.ok(isClean(outcome), JSON.stringify(outcome.rows))
})
