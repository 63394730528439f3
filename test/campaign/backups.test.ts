import assert from 'node:assert/strict'
import test from 'node:test'
import { campaign } from './backups.campaign.ts'
import { isClean } from './campaign.ts'

test('L1: backups under load hold what was promised before them, and kills in them or in restores lose nothing', async () => {
  const outcome = await campaign.run({ count: 2, seed: 3, onProgress: () => {} })

  assert.equal(isClean(outcome), true, JSON.stringify(outcome))
})
