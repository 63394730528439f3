import assert from 'node:assert/strict'
import test from 'node:test'
import { isClean } from './campaign.ts'
import { campaign } from './hostile.campaign.ts'

test('a slice of bent requests breaks nothing, and reaches the upstream only as what it was priced as', async () => {
  const outcome = await campaign.run({ count: 200, seed: 7, onProgress: () => {} })

  assert.ok(isClean(outcome), JSON.stringify(outcome.rows))
})
