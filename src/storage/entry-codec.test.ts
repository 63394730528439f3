import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntryBody, EntryKind, Leg } from '../core/entry.ts'
import { bootId, grantId, holdId, keyId, limitId, planId, priceId } from '../core/ids.ts'
import { moneyNanosMax } from '../core/money.ts'
import { decodeBody, decodeLegs, encodeBody, encodeLegs } from './entry-codec.ts'

/** Beyond what a double holds exactly, so that a number on the way would show. */
const huge = moneyNanosMax
const amounts = { money: huge, tokens: 9_007_199_254_740_993n, requests: 1n }
const month = { startMs: 1_000, endMs: 2_000 }
const window = { limitId: limitId('week'), unit: 'money', startMs: 0, endMs: 5_000 } as const
const shape = { kind: 'session', lengthMs: 18_000_000 } as const

const bodies: { readonly [Kind in EntryKind]: Extract<EntryBody, { kind: Kind }> } = {
  boot: { kind: 'boot', bootId: bootId('boot_1'), version: '1.0' },
  swept: { kind: 'swept', bootId: bootId('boot_1'), bootPosition: 7 },
  clock_adopted: { kind: 'clock_adopted', fromMs: 1, toMs: 9_000_000, cause: 'witness' },
  clock_corrected: { kind: 'clock_corrected', fromMs: 9_000_000, toMs: 2 },
  plan_published: {
    kind: 'plan_published',
    plan: {
      id: planId('pro'),
      version: 2,
      name: 'Pro “plus” — für alle',
      priceNanos: huge,
      limits: [
        { id: limitId('week'), unit: 'money', amount: huge, shapes: [{ sinceMs: 0, shape }] },
        {
          id: limitId('big'),
          unit: 'tokens',
          amount: 0n,
          shapes: [{ sinceMs: 0, shape }],
          models: ['claude-opus'],
        },
      ],
      grants: [{ id: 'monthly', amountNanos: huge, every: 'month' }],
      runningMax: 20,
      outputTokensExpected: 500,
    },
  },
  price_published: {
    kind: 'price_published',
    price: {
      id: priceId('price_1'),
      model: 'claude',
      source: 'package 1.0',
      rates: {
        input: [
          { aboveInputTokens: 0, nanosPerMillion: huge },
          { aboveInputTokens: 200_000, nanosPerMillion: 6n },
        ],
      },
      multipliers: { 'service_tier:batch': 500 },
    },
  },
  customer_opened: {
    kind: 'customer_opened',
    zone: 'Europe/Berlin',
    isExtraUsageOn: true,
    cap: { kind: 'capped', amountNanos: huge },
    overrunMaxNanos: huge,
    isStrict: false,
    runningMax: 5,
  },
  member_seated: { kind: 'member_seated', planId: planId('pro'), pins: [window] },
  key_issued: { kind: 'key_issued', keyId: keyId('key_1'), keyHash: 'ab' },
  key_revoked: { kind: 'key_revoked', keyId: keyId('key_1') },
  extra_usage_set: { kind: 'extra_usage_set', scope: 'member', isOn: true },
  spend_cap_set: { kind: 'spend_cap_set', scope: 'customer', cap: { kind: 'unlimited' } },
  status_set: { kind: 'status_set', scope: 'customer', isActive: false },
  limit_excepted: {
    kind: 'limit_excepted',
    limitId: limitId('week'),
    unit: 'money',
    exception: { amount: huge, untilMs: 9_000 },
  },
  granted: {
    kind: 'granted',
    grant: {
      grantId: grantId('g'),
      origin: 'included',
      priority: 10,
      expiresAtMs: null,
      amountNanos: huge,
    },
    included: { id: 'pro.monthly', monthStartMs: 0 },
  },
  auto_reload_set: {
    kind: 'auto_reload_set',
    setting: { kind: 'on', thresholdNanos: huge - 1n, amountNanos: huge, monthMaxNanos: huge },
  },
  standing_order_set: { kind: 'standing_order_set', monthMaxNanos: huge },
  reload_refused: {
    kind: 'reload_refused',
    reload: { month, number: 2, method: 'operator_grant' },
    amountNanos: huge,
    reason: 'standing_order_used_up',
  },
  refunded: { kind: 'refunded', grantId: grantId('g') },
  window_credited: { kind: 'window_credited', limitId: limitId('week'), startMs: 0 },
  held: {
    kind: 'held',
    holdId: holdId('hold_1'),
    bootId: bootId('boot_1'),
    keyId: null,
    source: 'extra_usage',
    facts: {
      model: 'claude',
      priceId: priceId('price_1'),
      inputTokensExpected: 1,
      inputTokensMax: 2,
      maxTokens: 3,
      isThinking: true,
      consent: 'allow',
    },
    bucket: 'claude|t|1',
    amounts,
    expected: amounts,
    worstNanos: huge,
    windowLegs: [window],
    grantLegs: [{ grantId: grantId('g'), amount: huge }],
    overrunReserveNanos: huge,
    expiresAtMs: 99,
  },
  hold_grown: {
    kind: 'hold_grown',
    holdId: holdId('hold_1'),
    amounts,
    grantLegs: [{ grantId: grantId('g'), amount: 1n }],
  },
  settled: {
    kind: 'settled',
    holdId: holdId('hold_1'),
    source: 'extra_usage',
    model: 'claude',
    priceId: priceId('price_1'),
    usage: { input: 1, cache_write_1h: 3 },
    marks: ['service_tier:batch'],
    costNanos: huge,
    chargedNanos: huge - 1n,
    overrunNanos: 0n,
    lostNanos: huge,
    isEstimate: false,
    isLate: true,
    upstreamRequestId: null,
    bucket: 'claude|t|1',
    spendMonth: month,
    memberSpendMonth: null,
    overrunReserveNanos: 0n,
  },
  voided: {
    kind: 'voided',
    holdId: holdId('hold_1'),
    cause: 'upstream_failed',
    overrunReserveNanos: huge,
  },
  expired: {
    kind: 'expired',
    holdId: holdId('hold_1'),
    lostNanos: huge,
    overrunReserveNanos: huge,
  },
  drift_found: {
    kind: 'drift_found',
    drifts: [
      {
        where: 'member:ann',
        field: 'heldNanos',
        stored: '1',
        recomputed: '2',
        sincePosition: 3,
        sinceMs: 4,
      },
    ],
  },
}

for (const [kind, body] of Object.entries(bodies)) {
  test(`L6: an entry of kind ${kind} comes back from text as it was, to the last nano`, () => {
    const text = encodeBody(body)

    assert.deepEqual(decodeBody(text), body)
    assert.equal(encodeBody(decodeBody(text)), text, 'written again it is the same text')
  })
}

test('legs come back from text as they were, with their unit where they have one', () => {
  const legs: readonly Leg[] = [
    { from: 'payments', to: 'grant:g:available', amount: huge },
    { from: 'plan', to: 'window:week:0:held', amount: 1n, unit: 'tokens' },
  ]

  assert.deepEqual(decodeLegs(encodeLegs(legs)), legs)
})

test('a text in which an amount is missing or no number is refused', () => {
  const text = encodeBody(bodies.expired)

  assert.throws(() => decodeBody(text.replace(/"lostNanos":"\d+",/, '')))
  assert.throws(() => decodeBody(text.replace(/"lostNanos":"\d+"/, '"lostNanos":"1e3"')))
})
