import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isClean } from './campaign.ts'
import { campaign } from './upstreams.campaign.ts'

test('L2, L3, O8: a slice of odd answers passes byte for byte, ends each hold once and charges within its rule', async () => {
  const outcome = await campaign.run({ count: 250, seed: 7, onProgress: () => {} })

  assert.ok(isClean(outcome), JSON.stringify(outcome.rows))
})
