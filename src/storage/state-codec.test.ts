import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyCustomer, emptyMember } from '../core/empty-state.ts'
import { customerId, limitId, memberId } from '../core/ids.ts'
import { decodeCustomer, decodeMember, encodeCustomer, encodeMember } from './state-codec.ts'

/** What a restart reads of stored sums is what was stored: a setting that got lost there would decide otherwise. */

const acme = customerId('acme')
const month = { startMs: 100, endMs: 200, count: 2, reloadedNanos: 7n }

test("a customer's auto-reload, standing order and reloads are read as they were stored", () => {
  const state = {
    ...emptyCustomer(acme),
    autoReload: { kind: 'on', thresholdNanos: 5n, amountNanos: 20n, monthMaxNanos: 50n },
    standingOrderNanos: 30n,
    reloads: month,
    reloadsBefore: [{ ...month, startMs: 0, endMs: 100 }],
    reloadRefusal: { reason: 'standing_order_used_up', atMs: 150, monthStartMs: 100 },
  } as const

  assert.deepEqual(decodeCustomer(encodeCustomer(state)), state)
})

test("a member's exceptions are read as they were stored", () => {
  const state = {
    ...emptyMember({ customerId: acme, memberId: memberId('ada') }),
    exceptions: new Map([
      [limitId('session'), { amount: null, untilMs: 1000 }],
      [limitId('week'), { amount: 12n, untilMs: null }],
    ]),
  }

  assert.deepEqual(decodeMember(encodeMember(state)), state)
})
