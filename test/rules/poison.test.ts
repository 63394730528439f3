import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HoldId, MemberId } from '../../src/core/ids.ts'
import type { Nanos } from '../../src/core/money.ts'
import { Books, ada, ben, cents, day, plan, session } from './books.ts'

/**
 * Expectation poisoning: a member that is known for tiny answers asks for huge ones. What a hold expects is then far
 * too small, so what runs at once may cost far more; the bounds of DESIGN must hold all the same.
 */

const tiny = 1
const worst = 400
const huge = { output: worst }
const runningMax = 20
const asked = { maxTokens: worst }

type Running = { readonly id: HoldId; readonly by: MemberId }
type Facts = { readonly maxTokens?: number; readonly isThinking?: boolean }

/** Fifty answers of one cent each, so that one cent is what the next is expected to cost. */
function poison(books: Books, by: MemberId): void {
  for (let count = 0; count < 50; count += 1) books.spend(tiny, { ...asked, by })
}

/** As many as the gate lets run at once, then all of them end at their worst. */
function wave(books: Books, members: readonly MemberId[], facts: Facts = {}): number {
  const running: Running[] = []
  for (const by of members) {
    for (let count = 0; count <= runningMax; count += 1) {
      const { decision, id } = books.authorize({ ...asked, ...facts, by })
      if (decision.kind === 'allow') running.push({ id, by })
    }
  }
  const output = facts.maxTokens ?? worst
  for (const { id, by } of running) books.settle(id, { output }, by)
  return running.length
}

const overrunOf = (books: Books): Nanos => books.customer.overrun?.bookedNanos ?? 0n

test('O1: after fifty tiny answers, five hundred huge ones overshoot a window by no more than what may run at once', () => {
  const limit = 1000
  const books = new Books({ plan: plan('p', [session(cents(limit))]) })
  poison(books, ada)

  let admitted = 0
  for (let count = 0; count < 25; count += 1) admitted += wave(books, [ada])

  const used = books.figures().limits[0]?.used ?? 0n
  // The first wave runs whole: each of its holds expects a cent. Nothing is admitted after it.
  assert.equal(admitted, runningMax)
  assert.equal(used, cents(50 * tiny + runningMax * worst))
  assert.ok(used - cents(limit) < cents(runningMax * worst))
})

test('O1: growing holds stop a wave that is under way as soon as what it was metered at fills the window', () => {
  const books = new Books({ plan: plan('p', [session(cents(1000))]) })
  poison(books, ada)
  const first = [books.hold(asked), books.hold(asked), books.hold(asked)]
  for (const id of first) books.grow(id, huge)

  assert.equal(books.ask(asked).kind, 'deny')
})

/** How the same money is attacked. */
const attacks: readonly {
  readonly what: string
  readonly members: readonly MemberId[]
  readonly facts?: (turn: number) => Facts
  readonly isAlternating?: boolean
}[] = [
  { what: 'one member', members: [ada] },
  { what: 'several members at once', members: [ada, ben] },
  { what: 'tiny and huge by turns', members: [ada], isAlternating: true },
  {
    what: 'thinking switched on and off',
    members: [ada],
    facts: (turn) => ({ isThinking: turn % 2 === 0 }),
  },
  {
    what: 'a new max_tokens bucket each time',
    members: [ada],
    facts: (turn) => ({ maxTokens: [worst, 255, 127, 63][turn % 4] ?? worst }),
  },
]

for (const { what, members, facts, isAlternating = false } of attacks) {
  for (const overrunMax of [0, 500, 5000]) {
    test(`O1: by ${what}, the operator absorbs at most ${overrunMax} cents a month, and the customer pays at most the balance`, () => {
      const closed = plan('closed', [session(0n)], { outputTokensExpected: tiny })
      const books = new Books({
        plan: closed,
        isExtraUsageOn: true,
        overrunMaxNanos: cents(overrunMax),
      })
      for (const by of members) if (by !== ada) books.seat(closed.id, by)
      books.topUp(cents(30_000))
      for (const by of members) poison(books, by)
      const paid = cents(30_000)

      for (let turn = 0; turn < 40; turn += 1) {
        if (isAlternating && overrunMax > 0) for (const by of members) trySpend(books, by)
        wave(books, members, facts?.(turn))
        const { balanceNanos } = books.figures().extraUsage
        assert.ok(overrunOf(books) <= cents(overrunMax), `turn ${turn}: ${overrunOf(books)}`)
        assert.ok(balanceNanos >= 0n && balanceNanos <= paid)
      }

      assert.equal(books.customer.overrunReservedNanos, 0n)
      assert.equal(books.figures().extraUsage.heldNanos, 0n)
    })
  }
}

function trySpend(books: Books, by: MemberId): void {
  const { decision, id } = books.authorize({ ...asked, by })
  if (decision.kind === 'allow') books.settle(id, { output: tiny }, by)
}

test('O1: once the allowance is used up every hold is the worst case, until the month ends', () => {
  const books = new Books({
    plan: plan('closed', [session(0n)], { outputTokensExpected: tiny }),
    isExtraUsageOn: true,
    overrunMaxNanos: cents(worst),
  })
  books.topUp(cents(tiny))
  books.settle(books.hold(asked), huge)
  assert.equal(overrunOf(books), cents(worst - tiny))
  books.topUp(cents(10_000))
  const held = (): Nanos => {
    const decision = books.ask(asked)
    return decision.kind === 'allow' ? decision.allowance.heldNanos : 0n
  }
  // What was learned is one huge answer; another bucket expects little again.
  const other = { ...asked, isThinking: true }
  const now = books.ask(other)
  assert.equal(now.kind === 'allow' ? now.allowance.heldNanos : 0n, cents(worst))
  assert.equal(held(), cents(worst))

  books.nowMs += 13 * day

  const later = books.ask(other)
  assert.equal(later.kind === 'allow' ? later.allowance.heldNanos : 0n, cents(tiny))
})

test('O1: a strict customer leaves the operator nothing, however it was learned', () => {
  const books = new Books({
    plan: plan('closed', [session(0n)], { outputTokensExpected: tiny }),
    isExtraUsageOn: true,
    isStrict: true,
  })
  books.topUp(cents(10_000))
  poison(books, ada)
  for (let turn = 0; turn < 40; turn += 1) wave(books, [ada])

  assert.equal(overrunOf(books), 0n)
  assert.ok(books.figures().extraUsage.balanceNanos < cents(worst))
})

test('O1, L5: what late settles cannot charge is lost like their holds, and uses up no allowance', () => {
  const books = new Books({
    plan: plan('closed', [session(0n)], { outputTokensExpected: tiny }),
    isExtraUsageOn: true,
    overrunMaxNanos: cents(1000),
  })
  books.topUp(cents(100))
  const lost: HoldId[] = []
  for (let count = 0; count < 5; count += 1) {
    const id = books.hold(asked)
    books.expire(id)
    lost.push(id)
  }
  books.toggle(false)

  for (const id of lost) books.settle(id, huge)

  assert.equal(overrunOf(books), 0n)
  assert.equal(books.customer.overrun?.lostNanos, cents(5 * worst))
  assert.equal(books.figures().extraUsage.balanceNanos, cents(100))
  books.toggle(true)
  const next = books.ask({ ...asked, isThinking: true })
  assert.ok(next.kind === 'allow', 'nobody pays for a process that died')
  assert.ok(next.allowance.heldNanos < cents(worst), 'its hold is what is expected')
})

test('O1, L5: a late settle after others used the allowance up leaves overruns within their bound', () => {
  const books = new Books({
    plan: plan('closed', [session(0n)]),
    isExtraUsageOn: true,
    overrunMaxNanos: cents(100),
  })
  books.topUp(cents(20))
  const first = books.hold({ maxTokens: 100 })
  books.expire(first)
  const second = books.hold({ maxTokens: 100 })
  books.settle(second, { output: 100 })

  const late = books.settle(first, { output: 100 })

  assert.deepEqual(late, {
    kind: 'settled',
    costNanos: cents(100),
    chargedNanos: 0n,
    overrunNanos: 0n,
    lostNanos: cents(100),
  })
  assert.equal(overrunOf(books), cents(80))
  assert.equal(books.customer.overrun?.lostNanos, cents(100))
})
