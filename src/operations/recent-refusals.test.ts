import assert from 'node:assert/strict'
import test from 'node:test'
import {
  RecentRefusals,
  refusalsKept,
  refusalsKeptPerMember,
  type RecentRefusal,
} from './recent-refusals.ts'

const refusal = (memberId: string, atMs: number): RecentRefusal => ({
  atMs,
  customerId: 'acme',
  memberId,
  keyId: 'key',
  model: null,
  reason: 'limit_reached',
  extraUsageReason: null,
  decisionId: `dn_${atMs}`,
  requestId: null,
})

test('the last refusals are kept, newest first, and no more of them than fit', () => {
  const recent = new RecentRefusals()
  for (let atMs = 0; atMs < refusalsKept + 50; atMs += 1) {
    recent.add(refusal(`member-${atMs % 40}`, atMs))
  }

  const kept = recent.newestFirst()

  assert.equal(kept.length, refusalsKept)
  assert.equal(kept[0]?.atMs, refusalsKept + 49)
  assert.equal(kept.at(-1)?.atMs, 50)
})

test('one member that floods pushes out its own refusals, and nobody else’s', () => {
  const recent = new RecentRefusals()
  recent.add(refusal('quiet', 1))
  for (let atMs = 2; atMs < 20 * refusalsKept; atMs += 1) recent.add(refusal('loud', atMs))

  const kept = recent.newestFirst()

  assert.equal(kept.at(-1)?.memberId, 'quiet')
  assert.equal(kept.length, refusalsKeptPerMember + 1)
  assert.equal(kept[0]?.atMs, 20 * refusalsKept - 1)
})
