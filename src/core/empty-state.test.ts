import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyCustomer, emptyMember, emptySystem } from './empty-state.ts'
import { customerId, memberId } from './ids.ts'

test('before its first entry a customer is closed, has no money, and pays for nothing', () => {
  const state = emptyCustomer(customerId('cus'))
  const { isOpen, isActive, extraUsage, isStrict, runningMax, zone, cap } = state

  assert.deepEqual(
    { isOpen, isActive, extraUsage, isStrict, runningMax, zone, cap },
    {
      isOpen: false,
      isActive: false,
      extraUsage: { isOn: false, version: 0 },
      isStrict: false,
      runningMax: 0,
      zone: 'UTC',
      cap: { kind: 'unlimited' },
    },
  )
  assert.deepEqual(state.autoReload, { kind: 'off' })
  assert.deepEqual(
    [state.grants.size, state.spendBefore, state.overrunBefore, state.reloadsBefore],
    [0, [], [], []],
  )
  assert.deepEqual(Object.values(state.closedGrants), [0, 0n, 0n, 0n])
})

test('before its first entry a member has no seat, and its own switch is on', () => {
  const state = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  const { isSeated, isActive, planId, extraUsage, cap, spendBefore, keptWindows } = state

  assert.deepEqual(
    { isSeated, isActive, planId, extraUsage, cap, spendBefore, keptWindows },
    {
      isSeated: false,
      isActive: false,
      planId: 'none',
      extraUsage: { isOn: true, version: 0 },
      cap: { kind: 'unlimited' },
      spendBefore: [],
      keptWindows: [],
    },
  )
})

test('nobody shares the sums that begin empty', () => {
  const [first, second] = [emptySystem(), emptySystem()]
  first.jumps.push({ fromMs: 0, toMs: 1 })
  assert.deepEqual(second, {
    plans: new Map(),
    limitUnits: new Map(),
    prices: new Map(),
    jumps: [],
  })
})
