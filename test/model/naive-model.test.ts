import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestFacts } from '../../src/core/entry.ts'
import { limitId, planId, priceId } from '../../src/core/ids.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Price } from '../../src/core/usage.ts'
import { NaiveModel } from './naive-model.ts'

// One nano per input token and five per output token: costs can be read off the token counts.
const price: Price = {
  id: priceId('price-1'),
  model: 'opus',
  source: 'example',
  rates: {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 5_000_000n }],
  },
  multipliers: { 'service_tier:batch': 500 },
}
const facts: RequestFacts = {
  model: 'opus',
  priceId: price.id,
  inputTokensExpected: 100,
  inputTokensMax: 200,
  maxTokens: 100,
  isThinking: false,
  consent: 'allow',
}
const hourMs = 3_600_000
const startMs = Temporal.Instant.from('2026-06-15T12:00Z').epochMilliseconds
const isoOf = (ms: number | null): string | null =>
  ms === null ? null : Temporal.Instant.fromEpochMilliseconds(ms).toString()

function planOf(sessionNanos: bigint, weekNanos: bigint): Plan {
  const anchor = { weekday: 1, hour: 0, minute: 0 }
  const session = { kind: 'session', lengthMs: 5 * hourMs } as const
  return {
    id: planId('plan-1'),
    version: 1,
    name: 'Example',
    priceNanos: null,
    grants: [],
    runningMax: 3,
    outputTokensExpected: 20,
    limits: [
      {
        id: limitId('session'),
        unit: 'money',
        amount: sessionNanos,
        shapes: [{ sinceMs: 0, shape: session }],
      },
      {
        id: limitId('week'),
        unit: 'money',
        amount: weekNanos,
        shapes: [{ sinceMs: 0, shape: { kind: 'week', anchor, zone: 'UTC' } }],
      },
    ],
  }
}

function modelWith(terms: {
  session: bigint
  cap?: bigint
  overrunMax?: bigint
  grants?: bigint[]
}): NaiveModel {
  const model = new NaiveModel([price])
  model.note(startMs, {
    kind: 'opened',
    zone: 'UTC',
    isOn: true,
    cap:
      terms.cap === undefined ? { kind: 'unlimited' } : { kind: 'capped', amountNanos: terms.cap },
    overrunMax: terms.overrunMax ?? 1_000_000n,
    isStrict: false,
    runningMax: 100,
  })
  model.note(startMs, { kind: 'plan', plan: planOf(terms.session, 1000n) })
  model.seat('anna', 'plan-1', startMs)
  for (const [i, amount] of (terms.grants ?? []).entries()) {
    model.note(startMs, {
      kind: 'granted',
      grant: `g${i}`,
      priority: 50,
      expiresAtMs: null,
      amount,
    })
  }
  return model
}

function ask(model: NaiveModel, hold: string, nowMs: number) {
  const request = { hold, member: 'anna', facts, holdMaxMs: hourMs }
  return model.authorize(request, nowMs)
}
const real = (input: number, output: number) => ({
  usage: { input, output },
  marks: [],
  isEstimate: false,
})

test('the plan pays first, holds the expected cost, and overshoots without touching money', () => {
  const model = modelWith({ session: 250n, grants: [1000n] })

  const first = ask(model, 'h1', startMs)
  const answer = model.settle('h1', real(100, 60), startMs + 1000)

  assert.equal(first.kind === 'allow' && first.source, 'plan')
  assert.deepEqual(first.kind === 'allow' && first.amounts, {
    money: 200n,
    tokens: 120n,
    requests: 1n,
  })
  assert.deepEqual(answer, { cost: 400n, charged: 0n, overrun: 0n, lost: 0n })
  const [session, week] = model.limits('anna', startMs + 1000)
  assert.deepEqual([session?.used, session?.held, week?.used], [400n, 0n, 400n])
  assert.equal(isoOf(session?.instance?.endMs ?? null), '2026-06-15T17:00:00Z')
  assert.equal(isoOf(week?.instance?.endMs ?? null), '2026-06-22T00:00:00Z')
  assert.equal(model.available(startMs + 1000), 1000n)
})

test('a spent session goes to the wallet at once, also when only open holds closed it', () => {
  const model = modelWith({ session: 150n, grants: [1000n] })
  ask(model, 'h1', startMs)

  const second = ask(model, 'h2', startMs)

  assert.equal(second.kind === 'allow' && second.source, 'extra_usage')
  assert.deepEqual(second.kind === 'allow' && second.grantLegs, [{ grant: 'g0', amount: 200n }])
  // Worst case is 200 + 5 x 100; what the hold leaves open is reserved of the overrun allowance.
  assert.equal(second.kind === 'allow' && second.reserve, 500n)
  assert.equal(model.available(startMs), 800n)
})

test('a cost above the hold is charged as far as balance and cap have room, the rest is overrun', () => {
  const model = modelWith({ session: 0n, cap: 260n, grants: [1000n] })
  ask(model, 'h1', startMs)

  const answer = model.settle('h1', real(100, 60), startMs + 1000)

  assert.deepEqual(answer, { cost: 400n, charged: 260n, overrun: 140n, lost: 0n })
  assert.equal(model.available(startMs + 1000), 740n)
  assert.equal(model.spent(null, startMs + 1000), 260n)
  assert.equal(model.overrunInMonth(startMs + 1000), 140n)
  assert.equal(model.settle('h1', real(100, 60), startMs + 1000), 'already_ended')
})

test('after the switch is off a request is charged at most its hold', () => {
  const model = modelWith({ session: 0n, grants: [1000n] })
  ask(model, 'h1', startMs)
  model.note(startMs, { kind: 'switch', member: null, isOn: false })

  assert.deepEqual(model.settle('h1', real(100, 60), startMs), {
    cost: 400n,
    charged: 200n,
    overrun: 200n,
    lost: 0n,
  })
})

test('grants burn by priority, then expiry with never last, then age', () => {
  const model = modelWith({ session: 0n })
  const grants: [string, number, number | null][] = [
    ['old', 5, null],
    ['new', 5, null],
    ['soon', 5, startMs + hourMs],
    ['first', 1, null],
  ]
  for (const [grant, priority, expiresAtMs] of grants) {
    model.note(startMs, { kind: 'granted', grant, priority, expiresAtMs, amount: 60n })
  }

  const allowed = ask(model, 'h1', startMs)

  assert.deepEqual(allowed.kind === 'allow' && allowed.grantLegs, [
    { grant: 'first', amount: 60n },
    { grant: 'soon', amount: 60n },
    { grant: 'old', amount: 60n },
    { grant: 'new', amount: 20n },
  ])
  model.settle('h1', real(100, 0), startMs + hourMs)
  const soon = model.grants().find((grant) => grant.grant === 'soon')
  assert.ok(soon)
  // 100 is charged: 60 of "first", 40 of "soon"; the 20 that "soon" gets back expire with it.
  assert.deepEqual(model.grant(soon, startMs + hourMs), {
    available: 0n,
    held: 0n,
    spent: 40n,
    expired: 20n,
    refunded: 0n,
  })
})

test('a denial names what binds, why money did not help, and the latest reset', () => {
  const model = modelWith({ session: 200n, cap: 100n, grants: [1000n] })
  ask(model, 'h1', startMs)
  model.settle('h1', real(100, 200), startMs)

  const denied = ask(model, 'h2', startMs + 1000)

  assert.deepEqual(denied, {
    kind: 'deny',
    reason: 'limit_reached',
    extraUsageReason: 'cap_reached',
    needed: 600n,
    binding: new Set(['session', 'week']),
    retryAtMs: Temporal.Instant.from('2026-06-22T00:00Z').epochMilliseconds,
  })
})

test('a request that only other holds keep out is told reserved', () => {
  const model = modelWith({ session: 100n, grants: [100n] })
  ask(model, 'h1', startMs)

  const denied = ask(model, 'h2', startMs)

  assert.equal(denied.kind === 'deny' && denied.reason, 'reserved')
  assert.equal(denied.kind === 'deny' && denied.extraUsageReason, 'balance_too_low')
})

test('past the overrun allowance an extra-usage hold takes the worst case', () => {
  const model = modelWith({ session: 0n, overrunMax: 999n, grants: [10_000n] })

  const amounts = ['h1', 'h2'].map((hold) => {
    const allowed = ask(model, hold, startMs)
    return allowed.kind === 'allow' ? [allowed.amounts.money, allowed.reserve] : []
  })

  assert.deepEqual(amounts, [
    [200n, 500n],
    [700n, 0n],
  ])
})

test('the expected output is the nearest-rank 90th percentile of the last settled requests of the bucket', () => {
  const model = modelWith({ session: 1_000_000n })
  for (let i = 1; i <= 10; i++) {
    ask(model, `h${i}`, startMs)
    model.settle(`h${i}`, real(1, i * 3), startMs)
  }

  assert.equal(model.expectedOutput('anna', facts), 27)
  assert.equal(model.expectedOutput('anna', { ...facts, maxTokens: 64 }), 27)
  assert.equal(model.expectedOutput('anna', { ...facts, maxTokens: 63 }), 20)
  assert.equal(model.expectedOutput('anna', { ...facts, isThinking: true }), 20)
  assert.equal(model.expectedOutput('anna', { ...facts, maxTokens: 8 }), 8)
})

test('an expired hold is booked lost, and a settle within a day corrects it', () => {
  const model = modelWith({ session: 0n, grants: [150n, 100n] })
  ask(model, 'h1', startMs)
  model.expire('h1', startMs + hourMs)

  assert.deepEqual([model.lostMoney(), model.available(startMs + hourMs)], [200n, 250n])
  assert.deepEqual(model.settle('h1', real(100, 60), startMs + 2 * hourMs), {
    cost: 400n,
    charged: 250n,
    overrun: 0n,
    lost: 150n,
  })
  // What a late settle cannot charge stays lost, like the hold that it corrects.
  assert.equal(model.lostMoney(), 150n)
})

test('a gifted reset makes used zero and moves no bound', () => {
  const model = modelWith({ session: 200n })
  ask(model, 'h1', startMs)
  model.settle('h1', real(100, 60), startMs)
  const before = model.limits('anna', startMs + 1)[0]

  model.credit('anna', 'session', startMs + 1)

  const after = model.limits('anna', startMs + 1)[0]
  assert.deepEqual([before?.used, after?.used, after?.instance], [400n, 0n, before?.instance])
  assert.equal(ask(model, 'h2', startMs + 2).kind, 'allow')
})

test('a session that a wrong clock opened is there when that time comes, whatever ran in the one before it', () => {
  const model = modelWith({ session: 1000n })
  const later = startMs + 6 * hourMs
  ask(model, 'first', startMs)
  ask(model, 'ahead', later)

  // The clock was put right, and the first session is the running one again.
  ask(model, 'back', startMs + hourMs)

  const [session] = model.limits('anna', later + hourMs)
  assert.equal(isoOf(session?.instance?.startMs ?? null), '2026-06-15T18:00:00Z')
})
