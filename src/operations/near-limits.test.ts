import assert from 'node:assert/strict'
import test from 'node:test'
import type { Figures, LimitFigures } from '../core/decision.ts'
import { customerId, limitId, memberId } from '../core/ids.ts'
import { closestOf } from './near-limits.ts'

const nowMs = 1_000_000

const limit = (id: string, used: bigint, more: Partial<LimitFigures> = {}): LimitFigures => ({
  limitId: limitId(id),
  windowKind: 'session',
  unit: 'money',
  used,
  held: 0n,
  amount: 100n,
  exception: null,
  startMs: 0,
  resetMs: nowMs + 1,
  models: null,
  ...more,
})

const figures = (
  limits: readonly LimitFigures[],
  money: Partial<Figures['extraUsage']> = {},
): Figures => ({
  customerId: customerId('acme'),
  memberId: memberId('ann'),
  position: 1,
  atMs: nowMs,
  planName: 'Test',
  limits,
  extraUsage: {
    isOnForCustomer: true,
    isOnForMember: true,
    balanceNanos: 0n,
    heldNanos: 0n,
    spentNanos: 0n,
    capNanos: null,
    memberSpentNanos: 0n,
    memberHeldNanos: 0n,
    memberCapNanos: null,
    capResetMs: nowMs + 9,
    autoReload: {
      setting: { kind: 'off' },
      state: 'off',
      stop: null,
      reloadedNanos: 0n,
      reloadCount: 0,
      monthEndMs: 5000,
      standingOrderNanos: 0n,
    },
    ...money,
  },
  runningCount: 0,
  runningMax: 1,
})

const told = (of: Figures, isCapTold?: boolean) => {
  const near = closestOf(of, nowMs, isCapTold)
  return near === null ? null : [near.closest.kind, near.usedPercent, near.resetMs]
}

test('of all limits and caps the one counts of which the largest part is used', () => {
  const limits = [limit('session', 40n), limit('week', 81n, { amount: 90n, resetMs: nowMs + 5 })]

  assert.deepEqual(told(figures(limits)), ['limit', 90, nowMs + 5])
  const money = { spentNanos: 95n, capNanos: 100n, memberSpentNanos: 10n, memberCapNanos: 10n }
  assert.deepEqual(told(figures(limits, money)), ['member_cap', 100, nowMs + 9])
  assert.deepEqual(told(figures(limits, { spentNanos: 146n, capNanos: 100n })), [
    'cap',
    146,
    nowMs + 9,
  ])
  assert.deepEqual(told(figures(limits, { spentNanos: 146n, capNanos: 100n }), true), [
    'limit',
    90,
    nowMs + 5,
  ])
})

test('a window that is over, a limit without an amount and an untouched one are near to nothing', () => {
  assert.equal(told(figures([limit('over', 99n, { resetMs: nowMs })])), null)
  assert.equal(told(figures([limit('unlimited', 99n, { amount: null })])), null)
  assert.equal(told(figures([limit('fresh', 0n)], { capNanos: 0n })), null)
  assert.deepEqual(told(figures([limit('nothing', 1n, { amount: 0n })])), ['limit', 100, nowMs + 1])
})
