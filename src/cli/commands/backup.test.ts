import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockLines } from './backup.ts'

test('a restore of a backup that is older than a day says what the clock will wait for, and a newer one nothing', () => {
  const nowMs = Date.UTC(2026, 10, 27, 22, 30)
  const dayMs = 24 * 60 * 60 * 1000

  const place = { dataFolder: '/data3', adminUrl: null }
  const told = (lastMs: number | null): readonly string[] => clockLines(lastMs, { nowMs, place })
  const old = told(nowMs - dayMs - 1)

  assert.match(old.join('\n'), /more than a day old/)
  assert.deepEqual(old.slice(1), [
    '  npm run plimsoll -- clock --data-folder /data3',
    '  npm run plimsoll -- clock adopt --data-folder /data3',
  ])
  assert.deepEqual(told(nowMs - dayMs), [])
  assert.deepEqual(told(null), [])
})
