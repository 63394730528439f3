import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { keyId } from '../../src/core/ids.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { ann, authorize, furnish, look, openHoldIds, settle } from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'

const keyHash = 'a'.repeat(64)
const key = keyId('key_ann')

function writeKey(storage: Storage, body: 'key_issued' | 'key_revoked'): Promise<void> {
  const { memberId } = ann
  return storage.update(ann, (_account, { nowMs }) => ({
    answer: undefined,
    entries: [
      {
        atMs: nowMs,
        legs: [],
        memberId,
        body:
          body === 'key_issued' ? { kind: body, keyId: key, keyHash } : { kind: body, keyId: key },
      },
    ],
  }))
}

test('R3: a key revoked by a commit of unknown outcome is not remembered as good', async () => {
  const bed = new SqliteBed()
  const storage = await bed.open()
  await furnish(storage)
  await writeKey(storage, 'key_issued')
  assert.equal((await storage.findKey(keyHash))?.isRevoked, false)

  bed.failNextCommit('after')
  await assert.rejects(writeKey(storage, 'key_revoked'))
  await look(storage, ann, openHoldIds)

  assert.equal((await storage.findKey(keyHash))?.isRevoked, true)
  await bed.end()
})

test('L1: a start ends the holds of a dead owner however long building their sums takes', async () => {
  const bed = new SqliteBed(undefined, { loadTimeoutMs: 1, snapshotEvery: 1_000_000 })
  const storage = await bed.open()
  await furnish(storage)
  for (let count = 0; count < 300; count += 1) {
    await authorize(storage, ann, `h${count}`)
    await settle(storage, ann, `h${count}`)
  }
  await authorize(storage, ann, 'left')
  await bed.crash()
  let isOpening = true
  const passing = (async () => {
    while (isOpening) {
      bed.clock.pass(1)
      await nextTurn()
    }
  })()

  const opened = await bed.open()
  isOpening = false
  await passing

  assert.equal(opened.openHoldCount(ann.customerId), 0)
  await bed.end()
})
