import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyId } from '../../core/ids.ts'
import type { Clock } from '../../system/clock.ts'
import { createBurstGuard } from './burst-guard.ts'

function handClock(): Clock & { elapsed: number } {
  return {
    elapsed: 0,
    wallMs: () => 0,
    elapsedMs() {
      return this.elapsed
    },
    after: () => () => {},
  }
}

test('one key that sends too fast does not slow another down', () => {
  const guard = createBurstGuard({ perMinute: 60, size: 1 }, handClock())

  assert.ok(guard.admit(keyId('a')).isAdmitted)
  assert.ok(!guard.admit(keyId('a')).isAdmitted)
  assert.ok(guard.admit(keyId('b')).isAdmitted)
})

test('forgetting quiet keys gives nobody more than the rule, however many keys there are', () => {
  const clock = handClock()
  const guard = createBurstGuard({ perMinute: 1, size: 1 }, clock)
  for (let i = 0; i < 5000; i++) {
    clock.elapsed = i
    assert.ok(guard.admit(keyId(`key-${i}`)).isAdmitted)
  }

  const again = guard.admit(keyId('key-0'))
  clock.elapsed = 60_000 + 5000
  const later = guard.admit(keyId('key-0'))

  assert.deepEqual(again, { isAdmitted: false, retryAfterMs: 60_000 - 4999 })
  assert.ok(later.isAdmitted)
})
