import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockLines } from './backup.ts'

test('a restore of a backup that is older than a day says what the clock will wait for, and a newer one nothing', () => {
  const nowMs = Date.UTC(2026, 10, 27, 22, 30)
  const dayMs = 24 * 60 * 60 * 1000

  const old = clockLines(nowMs - dayMs - 1, nowMs)

  assert.match(old.join('\n'), /more than a day old/)
  assert.match(old.join('\n'), /clock adopt/)
  assert.deepEqual(clockLines(nowMs - dayMs, nowMs), [])
  assert.deepEqual(clockLines(null, nowMs), [])
})
