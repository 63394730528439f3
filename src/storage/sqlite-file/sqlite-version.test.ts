import assert from 'node:assert/strict'
import { test } from 'node:test'

test('this Node brings an SQLite that copies a log beside commits without losing pages', () => {
  const [major = 0, minor = 0, patch = 0] = (process.versions['sqlite'] ?? '')
    .split('.')
    .map(Number)

  // 3.51.3: docs/decisions/0011-the-log-is-copied-beside-commits.md
  assert.ok(major * 1_000_000 + minor * 1000 + patch >= 3_051_003)
})
