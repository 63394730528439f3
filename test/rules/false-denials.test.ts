import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Decision, Denial } from '../../src/core/decision.ts'
import {
  Books,
  ada,
  ben,
  cents,
  hour,
  limit,
  minute,
  plan,
  session,
  startMs,
  week,
} from './books.ts'

function denialOf(decision: Decision): Denial {
  assert.equal(decision.kind, 'deny')
  return decision.denial
}

function sourceOf(decision: Decision): string {
  return decision.kind === 'allow' ? decision.allowance.source : decision.denial.reason
}

const small = plan('small', [session(cents(100)), week(cents(1000))])

test('D2: with extra usage off and the wallet empty, a plan with room allows', () => {
  const books = new Books({ plan: small, cap: { kind: 'capped', amountNanos: 0n } })

  const decision = books.ask()

  assert.equal(sourceOf(decision), 'plan')
})

test('D2: a wallet that is spent, capped and switched off changes nothing about a plan that can pay', () => {
  const rich = new Books({ plan: small, isExtraUsageOn: true })
  rich.topUp(cents(10_000))
  const poor = new Books({ plan: small })
  poor.topUp(cents(100))
  poor.cap({ kind: 'capped', amountNanos: 0n })
  poor.toggleMember(false)

  for (const books of [rich, poor]) books.spend(60)

  assert.equal(sourceOf(rich.ask()), sourceOf(poor.ask()))
  assert.equal(sourceOf(poor.ask()), 'plan')
})

test('D3: off and on again with no request between changes no later decision', () => {
  const toggled = new Books({ plan: small, isExtraUsageOn: true })
  const twin = new Books({ plan: small, isExtraUsageOn: true })
  for (const books of [toggled, twin]) {
    books.topUp(cents(50))
    books.spend(100)
  }
  toggled.toggle(false)
  toggled.toggle(true)
  toggled.toggle(true)
  toggled.toggleMember(false)
  toggled.toggleMember(true)

  for (const amount of [10, 20, 15, 10, 10]) {
    const [left, right] = [toggled.authorize(), twin.authorize()]
    assert.equal(sourceOf(left.decision), sourceOf(right.decision))
    assert.deepEqual(
      toggled.settle(left.id, { output: amount }),
      twin.settle(right.id, { output: amount }),
    )
  }
  assert.deepEqual(toggled.figures().extraUsage, twin.figures().extraUsage)
})

test('D4: with the plan spent, extra usage on and money in the wallet, the wallet pays at once', () => {
  const books = new Books({ plan: small, isExtraUsageOn: true })
  books.topUp(cents(500))
  books.spend(100)

  const { decision, id } = books.authorize()
  books.settle(id, { output: 12 })

  assert.equal(sourceOf(decision), 'extra_usage')
  assert.equal(books.figures().extraUsage.balanceNanos, cents(488))
})

test('D4: when only open holds close the plan, the wallet pays at once and nobody waits', () => {
  const books = new Books({ plan: plan('p', [session(cents(20))]), isExtraUsageOn: true })
  books.topUp(cents(500))
  books.hold()
  books.hold()

  assert.equal(sourceOf(books.ask()), 'extra_usage')
})

test('D7: a huge max_tokens with a small expected cost is not refused for its worst case', () => {
  const books = new Books({ plan: small })
  const onMoney = new Books({ plan: small, isExtraUsageOn: true })
  onMoney.topUp(cents(30))
  onMoney.spend(100)

  assert.equal(sourceOf(books.ask({ maxTokens: 128_000 })), 'plan')
  assert.equal(sourceOf(onMoney.ask({ maxTokens: 2000 })), 'extra_usage')
})

test('D7: the last cent of a plan limit admits; the hold need not fit', () => {
  const books = new Books({ plan: small })
  books.spend(99)

  assert.equal(sourceOf(books.ask()), 'plan')
})

test('D8: a request refused only because others in flight keep the rest is reserved, never out', () => {
  const books = new Books({ plan: plan('p', [session(cents(20))]) })
  books.hold()
  books.hold()

  const denial = denialOf(books.ask())

  assert.equal(denial.reason, 'reserved')
  assert.deepEqual(denial.remedies, ['retry_shortly'])
})

test('D9: a raised limit, a raised cap and a top-up count for the very next decision', () => {
  const books = new Books({ plan: small })
  books.spend(100)
  assert.equal(sourceOf(books.ask()), 'limit_reached')

  books.publish(plan('small', [session(cents(200)), week(cents(1000))]))

  assert.equal(sourceOf(books.ask()), 'plan')
})

test('D9: switch, money and cap that were lacking a moment ago count for the very next decision', () => {
  const books = new Books({ plan: small, cap: { kind: 'capped', amountNanos: 0n } })
  books.spend(100)
  const reasons = (): readonly (string | null)[] => {
    const decision = books.ask()
    return decision.kind === 'allow' ? [] : [decision.denial.extraUsageReason]
  }

  assert.deepEqual(reasons(), ['off_for_customer'])
  books.toggle(true)
  assert.deepEqual(reasons(), ['cap_reached'])
  books.cap({ kind: 'capped', amountNanos: cents(500) })
  assert.deepEqual(reasons(), ['balance_too_low'])
  books.topUp(cents(500))
  assert.deepEqual(reasons(), [])
})

test('D10: after its window ends the next request passes, however many refused retries came before', () => {
  const books = new Books({ plan: small })
  books.spend(100)
  const end = books.figures().limits[0]?.resetMs
  const before = books.entries.length
  for (let retry = 0; retry < 100; retry += 1) {
    books.nowMs += minute
    assert.equal(sourceOf(books.authorize().decision), 'limit_reached')
  }

  assert.equal(books.entries.length, before)
  assert.equal(end, startMs + 5 * hour)
  books.nowMs = startMs + 5 * hour
  assert.equal(sourceOf(books.ask()), 'plan')
})

test('D14: an account whose limit for one model is spent still serves the other models', () => {
  const opus = limit({
    id: 'week-opus',
    amount: cents(50),
    shape: { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' },
    models: ['claude-opus'],
  })
  const books = new Books({ plan: plan('p', [session(cents(1000)), opus]) })
  books.spend(50, { model: 'claude-opus-5-5' })

  const denial = denialOf(books.ask({ model: 'claude-opus-5-5' }))

  assert.deepEqual(
    denial.binding.map((one) => one.limitId),
    ['week-opus'],
  )
  assert.equal(sourceOf(books.ask({ model: 'claude-sonnet-5-5' })), 'plan')
})

test('D15: a denial names the limit that binds last, used, cap, reset, why extra usage did not help, and the remedy', () => {
  const books = new Books({ plan: plan('p', [session(cents(100)), week(cents(100))]) })
  books.topUp(cents(700))
  books.cap({ kind: 'capped', amountNanos: cents(300) })
  books.spend(104)

  const denial = denialOf(books.ask())

  assert.deepEqual(
    denial.binding.map((one) => one.limitId),
    ['week', 'session'],
  )
  assert.deepEqual(
    denial.binding.map(({ used, amount }) => [used, amount]),
    [
      [cents(104), cents(100)],
      [cents(104), cents(100)],
    ],
  )
  assert.equal(denial.retryAtMs, Date.UTC(2026, 10, 23))
  assert.equal(denial.extraUsageReason, 'off_for_customer')
  assert.deepEqual(denial.remedies, ['turn_on_extra_usage', 'wait_for_reset'])
  assert.equal(denial.figures.extraUsage.balanceNanos, cents(700))
  assert.equal(denial.figures.extraUsage.capNanos, cents(300))
})

test('D15: cap reached and balance too low are two reasons with two remedies', () => {
  const capped = new Books({
    plan: small,
    isExtraUsageOn: true,
    cap: { kind: 'capped', amountNanos: cents(5) },
  })
  capped.topUp(cents(500))
  capped.spend(100)
  const broke = new Books({ plan: small, isExtraUsageOn: true })
  broke.topUp(cents(5))
  broke.spend(100)

  const [byCap, byBalance] = [denialOf(capped.ask()), denialOf(broke.ask())]

  assert.deepEqual([byCap.extraUsageReason, byCap.remedies[0]], ['cap_reached', 'raise_spend_cap'])
  assert.deepEqual(
    [byBalance.extraUsageReason, byBalance.remedies[0]],
    ['balance_too_low', 'top_up'],
  )
})

test('D16: a plan upgraded in mid-window keeps what was used and gets the new limit at once', () => {
  const books = new Books({ plan: small, isExtraUsageOn: true })
  books.topUp(cents(500))
  books.spend(100)
  const before = books.figures()
  const big = plan('big', [session(cents(500)), week(cents(5000))])
  books.publish(big)

  books.seat(big.id)
  const after = books.figures()

  assert.equal(after.limits[0]?.used, cents(100))
  assert.equal(after.limits[0]?.amount, cents(500))
  assert.equal(after.limits[0]?.resetMs, before.limits[0]?.resetMs)
  assert.equal(sourceOf(books.ask()), 'plan')
  assert.deepEqual(after.extraUsage, before.extraUsage)
})

test('D17: a zero-priced model stays usable when plan and money are out, and opens no window', () => {
  const books = new Books({ plan: small })
  const fresh = books.spend(0, { model: 'free-model' })
  assert.equal(books.figures().limits[0]?.startMs, null)
  books.spend(100)

  assert.equal(fresh.kind, 'settled')
  assert.equal(sourceOf(books.ask()), 'limit_reached')
  assert.equal(sourceOf(books.ask({ model: 'free-model' })), 'free')
})

test('D18: the denial and the usage page show the same numbers at the same position', () => {
  const books = new Books({ plan: small })
  books.spend(100)

  assert.deepEqual(denialOf(books.ask()).figures, books.figures())
})

test('one member who has spent everything leaves the other members of the customer alone', () => {
  const books = new Books({ plan: small })
  books.seat(small.id, ben)
  books.spend(100, { by: ada })

  assert.equal(sourceOf(books.ask({ by: ada })), 'limit_reached')
  assert.equal(sourceOf(books.ask({ by: ben })), 'plan')
})

test('the retry time is honest: waiting for it is enough', () => {
  const books = new Books({
    plan: small,
    isExtraUsageOn: true,
    cap: { kind: 'capped', amountNanos: cents(5) },
  })
  books.topUp(cents(500))
  books.spend(100)

  const { retryAtMs } = denialOf(books.ask())
  assert.equal(retryAtMs, startMs + 5 * hour)
  books.nowMs = (retryAtMs ?? 0) - 1
  assert.equal(sourceOf(books.ask()), 'limit_reached')
  books.nowMs += 1

  assert.equal(sourceOf(books.ask()), 'plan')
})

test('a limit of zero is never told to wait for its reset', () => {
  const books = new Books({ plan: plan('none', [session(0n)]) })

  assert.equal(denialOf(books.ask()).retryAtMs, null)
})

test('D18: the figures that leave with an allow are those that the next reader sees', () => {
  const books = new Books({ plan: small, isExtraUsageOn: true })
  books.topUp(cents(500))

  const fromPlan = books.authorize().decision
  assert.deepEqual(fromPlan.kind === 'allow' ? fromPlan.allowance.figures : null, books.figures())
  books.spend(100)
  const fromWallet = books.authorize().decision

  assert.deepEqual(
    fromWallet.kind === 'allow' ? fromWallet.allowance.figures : null,
    books.figures(),
  )
})
