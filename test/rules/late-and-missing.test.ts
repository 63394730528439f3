import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { SpendCap } from '../../src/core/account.ts'
import * as commands from '../../src/core/commands.ts'
import type { HoldId } from '../../src/core/ids.ts'
import { Books, ada, cents, day, hour, minute, plan, session, startMs, week } from './books.ts'

/** Caps and limits that are missing, zero or new; and settles that come when their hold has expired. */

const unlimited: SpendCap = { kind: 'unlimited' }
const capped = (amount: number): SpendCap => ({ kind: 'capped', amountNanos: cents(amount) })

const reasonOf = (books: Books): string | null => {
  const decision = books.ask()
  return decision.kind === 'allow' ? decision.allowance.source : decision.denial.extraUsageReason
}

const none = plan('none', [session(0n)])

function withMoney(terms: Partial<ConstructorParameters<typeof Books>[0]> = {}): Books {
  const books = new Books({ plan: none, isExtraUsageOn: true, ...terms })
  books.topUp(cents(1000))
  return books
}

const caps: readonly {
  readonly what: string
  readonly customer: SpendCap
  readonly member: SpendCap
  readonly answer: string
}[] = [
  { what: 'no cap at all', customer: unlimited, member: unlimited, answer: 'extra_usage' },
  { what: 'a cap of zero', customer: capped(0), member: unlimited, answer: 'cap_reached' },
  { what: 'a cap below the hold', customer: capped(9), member: unlimited, answer: 'cap_reached' },
  {
    what: 'a cap of just the hold',
    customer: capped(10),
    member: capped(10),
    answer: 'extra_usage',
  },
  {
    what: 'a member cap of zero',
    customer: unlimited,
    member: capped(0),
    answer: 'member_cap_reached',
  },
  { what: 'a member cap alone', customer: unlimited, member: capped(10), answer: 'extra_usage' },
  { what: 'both of zero', customer: capped(0), member: capped(0), answer: 'cap_reached' },
]

for (const { what, customer, member, answer } of caps) {
  test(`D13: with ${what} the answer is ${answer}`, () => {
    const books = withMoney({ cap: customer })
    books.own(commands.setSpendCap({ scope: 'member', cap: member }, books.moment))

    assert.equal(reasonOf(books), answer)
  })
}

test('D13: a cap that is taken away again is no cap, and what was spent under it still counts for the next', () => {
  const books = withMoney({ cap: capped(20) })
  books.spend(20)
  assert.equal(reasonOf(books), 'cap_reached')

  books.cap(unlimited)
  assert.equal(reasonOf(books), 'extra_usage')
  books.cap(capped(25))
  assert.equal(reasonOf(books), 'cap_reached')
})

test('D13: a plan without limits refuses nothing and never touches money; a limit of zero admits nothing', () => {
  const open = new Books({ plan: plan('open', []), isExtraUsageOn: true })
  open.topUp(cents(1000))
  open.spend(5000)
  assert.equal(reasonOf(open), 'plan')
  assert.equal(open.figures().extraUsage.balanceNanos, cents(1000))

  const closed = new Books({ plan: none })
  const decision = closed.ask()
  assert.equal(decision.kind === 'deny' ? decision.denial.reason : null, 'limit_reached')
  assert.equal(decision.kind === 'deny' ? decision.denial.retryAtMs : 0, null)
})

test('D13: a limit that is added to a plan in use starts counting then, and requests that run stay outside it', () => {
  const books = new Books({ plan: plan('p', [session(cents(500))]) })
  books.spend(100)
  const running = books.hold()
  books.nowMs += minute

  books.publish(plan('p', [session(cents(500)), week(cents(30))]))
  books.settle(running, { output: 50 })

  const [sessionNow, weekNow] = books.figures().limits
  assert.deepEqual([sessionNow?.used, weekNow?.used], [cents(150), 0n])
  books.spend(30)
  assert.equal(books.figures().limits[1]?.used, cents(30))
  const decision = books.ask()
  assert.deepEqual(
    decision.kind === 'deny' ? decision.denial.binding.map((limit) => limit.limitId) : [],
    ['week'],
  )
})

test('D13: a limit that is deleted in mid-stream binds nobody, and is as full as before when it comes back', () => {
  const books = new Books({ plan: plan('p', [session(cents(100)), week(cents(30))]) })
  const running = books.hold()
  books.publish(plan('p', [session(cents(100))]))
  const answer = books.settle(running, { output: 40 })
  assert.equal(answer.kind === 'settled' ? answer.costNanos : null, cents(40))
  assert.equal(books.ask().kind, 'allow')

  books.publish(plan('p', [session(cents(100)), week(cents(30))]))

  assert.equal(books.figures().limits[1]?.used, cents(40))
  assert.equal(books.ask().kind, 'deny')
})

/** One request per source whose hold expired with its owner. */
function expired(source: 'plan' | 'extra_usage' | 'free'): { books: Books; id: HoldId } {
  const terms = source === 'plan' ? { plan: plan('p', [session(cents(500))]) } : {}
  const books = withMoney(terms)
  const id = books.hold(source === 'free' ? { model: 'free-model' } : {})
  books.expire(id)
  return { books, id }
}

const lateSettles = [
  { source: 'plan', charged: 0n, overrun: 0n, lostBefore: cents(10), used: cents(30) },
  { source: 'extra_usage', charged: cents(30), overrun: 0n, lostBefore: cents(10), used: 0n },
  { source: 'free', charged: 0n, overrun: 0n, lostBefore: 0n, used: 0n },
] as const

for (const { source, charged, overrun, lostBefore, used } of lateSettles) {
  test(`L5: a late settle of a request paid by ${source} corrects its expiry once`, () => {
    const { books, id } = expired(source)
    assert.equal(books.customer.overrun?.lostNanos ?? 0n, lostBefore)

    const answer = books.settle(id, { output: 30 })

    assert.equal(answer.kind, 'settled')
    assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, charged)
    assert.equal(answer.kind === 'settled' ? answer.overrunNanos : null, overrun)
    assert.equal(books.customer.overrun?.lostNanos ?? 0n, 0n)
    assert.equal(books.figures().extraUsage.balanceNanos, cents(1000) - charged)
    assert.equal(books.figures().limits[0]?.used, used)
    const written = books.entries.length
    assert.deepEqual(books.settle(id, { output: 30 }), { kind: 'already_ended' })
    assert.equal(books.entries.length, written)
    assert.equal(books.member(ada).holds.size + books.member(ada).lost.size, 0)
  })
}

test('L5: after the switch went off a late settle charges nothing: its hold counts as nothing', () => {
  const { books, id } = expired('extra_usage')
  books.toggle(false)

  const answer = books.settle(id, { output: 30 })

  assert.deepEqual(answer, {
    kind: 'settled',
    costNanos: cents(30),
    chargedNanos: 0n,
    overrunNanos: 0n,
    lostNanos: cents(30),
  })
  assert.equal(books.customer.overrun?.lostNanos, cents(30))
  assert.equal(books.figures().extraUsage.balanceNanos, cents(1000))
})

test('L5: a late settle finds only what is left when the money went elsewhere meanwhile', () => {
  const { books, id } = expired('extra_usage')
  books.cap(capped(12))

  const answer = books.settle(id, { output: 30 })

  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, cents(12))
})

test('L5: a late settle gives back no reserve: the expiry did', () => {
  const books = withMoney({ overrunMaxNanos: cents(1000) })
  const id = books.hold({ maxTokens: 100 })
  const other = books.hold({ maxTokens: 100 })
  const reserved = books.customer.overrunReservedNanos
  books.expire(id)
  const left = books.customer.overrunReservedNanos

  books.settle(id, { output: 30 })

  assert.equal(left * 2n, reserved)
  assert.ok(left > 0n)
  assert.equal(books.customer.overrunReservedNanos, left)
  books.void(other)
  assert.equal(books.customer.overrunReservedNanos, 0n)
})

test('L5: within a day a late settle counts, from then on it changes nothing', () => {
  for (const [byMs, kind] of [
    [day - 1, 'settled'],
    [day, 'already_ended'],
  ] as const) {
    const { books, id } = expired('extra_usage')
    books.nowMs += byMs
    assert.equal(books.settle(id, { output: 30 }).kind, kind)
  }
})

test('L5: a plan request is corrected in the window that admitted it, also when that one is over', () => {
  const { books, id } = expired('plan')
  books.nowMs = startMs + 6 * hour
  books.spend(7)

  books.settle(id, { output: 30 })

  assert.equal(books.figures().limits[0]?.used, cents(7))
  const late = books.entries.at(-1)
  assert.ok(late?.legs.some(({ to }) => to === `window:session:${startMs}:used`))
})
