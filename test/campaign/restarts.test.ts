import assert from 'node:assert/strict'
import test from 'node:test'
import { isClean } from './campaign.ts'
import { campaign } from './restarts.campaign.ts'

test('L9: stops under streaming clients, in order, at once and after 0.1.0, lose nothing and deny nobody', async () => {
  const outcome = await campaign.run({ count: 3, seed: 5, onProgress: () => {} })

  assert.equal(isClean(outcome), true, JSON.stringify(outcome))
  assert.ok(outcome.rows.length >= 2, JSON.stringify(outcome))
})
