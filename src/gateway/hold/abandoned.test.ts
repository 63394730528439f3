import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memberId } from '../../core/ids.ts'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { createAbandonGuard } from './abandoned.ts'

test('giving up is free in bursts, then at a pace, and each member has a pace of its own', () => {
  const clock = new ManualClock()
  const guard = createAbandonGuard(clock)
  const [ada, bob] = [memberId('ada'), memberId('bob')]
  for (let count = 0; count < 59; count++) guard.count(ada)
  assert.equal(guard.ask(ada).isAdmitted, true)

  guard.count(ada)
  const asked = guard.ask(ada)

  assert.deepEqual(asked, { isAdmitted: false, retryAfterMs: 2000 })
  assert.equal(guard.ask(bob).isAdmitted, true)
  clock.pass(2000)
  assert.equal(guard.ask(ada).isAdmitted, true)
})

test('members that are quiet are forgotten', () => {
  const clock = new ManualClock()
  const guard = createAbandonGuard(clock)
  for (let count = 0; count < 60; count++) guard.count(memberId('ada'))
  clock.pass(1000)
  for (let other = 0; other < 5000; other++) guard.count(memberId(`other-${other}`))

  assert.equal(guard.ask(memberId('ada')).isAdmitted, false)
})
