import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  ada,
  ben,
  centPrice,
  cents,
  day,
  hour,
  limit,
  plan,
  session,
  startMs,
} from '../../test/rules/books.ts'
import type { EntryDraft } from './entry.ts'
import { holdId, type HoldId } from './ids.ts'
import { absorbedNanos, settleHold, type Settlement } from './settle.ts'

const november = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) }
const empty = plan('empty', [session(0n)])
const shape = { kind: 'session', lengthMs: 5 * hour } as const
const inUnits = plan('units', [
  limit({ id: 'money', amount: cents(1000), shape }),
  limit({ id: 'tokens', amount: 1000n, unit: 'tokens', shape }),
  limit({ id: 'asked', amount: 50n, unit: 'requests', shape }),
])

function settled(books: Books, id: HoldId, more: Partial<Settlement> = {}): EntryDraft | null {
  const settlement = {
    holdId: id,
    usage: { output: 10 },
    marks: [],
    isEstimate: false,
    upstreamRequestId: null,
    ...more,
  }
  return settleHold(books.account(), settlement, books.moment).draft
}

const paying = (amounts: readonly number[]): Books => {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  for (const amount of amounts) books.topUp(cents(amount))
  return books
}

describe('a request of the plan', () => {
  test('counts what it was in each unit where it was held, and leaves no trace of its hold', () => {
    const books = new Books({ plan: inUnits })
    const id = books.hold()

    const draft = settled(books, id, {
      usage: { input: 1, output: 4 },
      marks: ['speed:fast'],
      isEstimate: true,
      upstreamRequestId: 'req_1',
    })

    const account = (name: string): string => `window:${name}:${startMs}`
    const [money, tokens, asked] = ['money', 'tokens', 'asked'].map(account)
    assert.deepEqual(draft?.legs, [
      { from: `${money}:held`, to: `${money}:used`, amount: cents(4), unit: 'money' },
      { from: `${money}:held`, to: 'plan', amount: cents(6), unit: 'money' },
      { from: `${tokens}:held`, to: `${tokens}:used`, amount: 5n, unit: 'tokens' },
      { from: `${tokens}:held`, to: 'plan', amount: 6n, unit: 'tokens' },
      { from: `${asked}:held`, to: `${asked}:used`, amount: 1n, unit: 'requests' },
    ])
    assert.deepEqual(draft.body, {
      kind: 'settled',
      holdId: id,
      source: 'plan',
      model: 'test-model',
      priceId: centPrice.id,
      usage: { input: 1, output: 4 },
      marks: ['speed:fast'],
      costNanos: cents(4),
      chargedNanos: 0n,
      overrunNanos: 0n,
      isEstimate: true,
      isLate: false,
      upstreamRequestId: 'req_1',
      bucket: 'test-model|n|6',
      spendMonth: null,
      memberSpendMonth: null,
      overrunReserveNanos: 0n,
    })
  })

  test('O11: that cost more than it held counts whole, and the plan pays for it', () => {
    const books = new Books({ plan: inUnits })
    const account = `window:money:${startMs}`
    assert.deepEqual(settled(books, books.hold(), { usage: { output: 25 } })?.legs.slice(0, 2), [
      { from: `${account}:held`, to: `${account}:used`, amount: cents(10), unit: 'money' },
      { from: 'plan', to: `${account}:used`, amount: cents(15), unit: 'money' },
    ])
  })

  test('that used nothing gives everything back', () => {
    const books = new Books({ plan: plan('p', [session(cents(100))]) })
    assert.deepEqual(settled(books, books.hold(), { usage: {} })?.legs, [
      { from: `window:session:${startMs}:held`, to: 'plan', amount: cents(10), unit: 'money' },
    ])
  })
})

describe('a request of the wallet', () => {
  test('is charged to its own grants first, in their order, and gives the rest back', () => {
    const books = paying([6, 50])
    const draft = settled(books, books.hold(), { usage: { output: 8 } })
    assert.deepEqual(draft?.legs, [
      { from: 'grant:g1:held', to: 'grant:g1:spent', amount: cents(6) },
      { from: 'grant:g2:held', to: 'grant:g2:spent', amount: cents(2) },
      { from: 'grant:g2:held', to: 'grant:g2:available', amount: cents(2) },
    ])
    assert.ok(draft.body.kind === 'settled')
    const { chargedNanos, overrunNanos, spendMonth, memberSpendMonth, overrunReserveNanos } =
      draft.body
    assert.deepEqual(
      { chargedNanos, overrunNanos, spendMonth, memberSpendMonth, overrunReserveNanos },
      {
        chargedNanos: cents(8),
        overrunNanos: 0n,
        spendMonth: november,
        memberSpendMonth: november,
        overrunReserveNanos: cents(90),
      },
    )
  })

  test('O6: that cost more takes what there is room for, and the operator pays the rest', () => {
    const books = paying([6, 9])
    const draft = settled(books, books.hold(), { usage: { output: 20 } })
    assert.deepEqual(draft?.legs, [
      { from: 'grant:g1:held', to: 'grant:g1:spent', amount: cents(6) },
      { from: 'grant:g2:held', to: 'grant:g2:spent', amount: cents(4) },
      { from: 'grant:g2:available', to: 'grant:g2:spent', amount: cents(5) },
      { from: 'operator_overrun', to: 'upstream', amount: cents(5) },
    ])
    assert.ok(draft.body.kind === 'settled')
    assert.deepEqual([draft.body.chargedNanos, draft.body.overrunNanos], [cents(15), cents(5)])
    assert.equal('lostNanos' in draft.body, false)
    assert.equal(absorbedNanos(draft.body), cents(5))
    assert.equal(absorbedNanos({ overrunNanos: 2n, lostNanos: 3n }), 5n)
  })

  test('O3: is charged its hold at most while a switch is off, and where the caps have less room than none', () => {
    for (const switchOff of [
      (books: Books) => books.toggle(false),
      (books: Books) => books.toggleMember(false),
      (books: Books) => books.cap({ kind: 'capped', amountNanos: cents(1) }),
      (books: Books) => books.capMember({ kind: 'capped', amountNanos: cents(1) }),
    ]) {
      const books = paying([500])
      const id = books.hold()
      switchOff(books)
      const answer = books.settle(id, { output: 15 })
      assert.ok(answer.kind === 'settled')
      assert.deepEqual([answer.chargedNanos, answer.overrunNanos], [cents(10), cents(5)])
    }
  })

  test('that used nothing is charged nothing, and counts in no month', () => {
    const books = paying([50])
    const draft = settled(books, books.hold(), { usage: {} })
    assert.ok(draft?.body.kind === 'settled')
    assert.deepEqual([draft.body.spendMonth, draft.body.memberSpendMonth], [null, null])
    assert.deepEqual(draft.legs, [
      { from: 'grant:g1:held', to: 'grant:g1:available', amount: cents(10) },
    ])
  })

  test('books with its end what has expired of other grants', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true })
    books.topUp(cents(50), { priority: 1 })
    books.topUp(cents(7), { expiresAtMs: startMs + hour })
    const id = books.hold()
    books.nowMs += hour
    assert.deepEqual(settled(books, id)?.legs[0], {
      from: 'grant:g2:available',
      to: 'grant:g2:expired',
      amount: cents(7),
    })
  })
})

describe('L5: a settle that comes after its hold expired', () => {
  test('takes the loss back, and counts what a plan’s request was in the instance that admitted it', () => {
    const books = new Books({ plan: inUnits })
    const id = books.hold()
    books.expire(id)
    books.nowMs += 6 * hour

    const draft = settled(books, id, { usage: { output: 4 } })

    assert.deepEqual(draft?.legs, [
      { from: 'upstream', to: 'operator_lost', amount: cents(10) },
      { from: 'plan', to: `window:money:${startMs}:used`, amount: cents(4), unit: 'money' },
      { from: 'plan', to: `window:tokens:${startMs}:used`, amount: 4n, unit: 'tokens' },
      { from: 'plan', to: `window:asked:${startMs}:used`, amount: 1n, unit: 'requests' },
    ])
    assert.ok(draft.body.kind === 'settled')
    const { isLate, overrunReserveNanos, chargedNanos } = draft.body
    assert.deepEqual(
      { isLate, overrunReserveNanos, chargedNanos },
      {
        isLate: true,
        overrunReserveNanos: 0n,
        chargedNanos: 0n,
      },
    )
    const unused = settled(books, id, { usage: {} })
    assert.deepEqual(unused?.legs, [
      { from: 'upstream', to: 'operator_lost', amount: cents(10) },
      { from: 'plan', to: `window:asked:${startMs}:used`, amount: 1n, unit: 'requests' },
    ])
  })

  test('charges a request of the wallet what there is room for now, and the rest is lost like the hold', () => {
    const books = paying([6, 9])
    const id = books.hold()
    books.expire(id)

    const draft = settled(books, id, { usage: { output: 20 } })

    assert.deepEqual(draft?.legs, [
      { from: 'upstream', to: 'operator_lost', amount: cents(10) },
      { from: 'grant:g1:available', to: 'grant:g1:spent', amount: cents(6) },
      { from: 'grant:g2:available', to: 'grant:g2:spent', amount: cents(9) },
      { from: 'operator_lost', to: 'upstream', amount: cents(5) },
    ])
    assert.ok(draft.body.kind === 'settled')
    const { chargedNanos, overrunNanos, lostNanos, spendMonth } = draft.body
    assert.deepEqual(
      { chargedNanos, overrunNanos, lostNanos, spendMonth },
      { chargedNanos: cents(15), overrunNanos: 0n, lostNanos: cents(5), spendMonth: november },
    )
    const answer = books.settle(id, { output: 20 })
    assert.deepEqual(answer, {
      kind: 'settled',
      costNanos: cents(20),
      chargedNanos: cents(15),
      overrunNanos: 0n,
      lostNanos: cents(5),
    })
    assert.equal(books.customer.overrunReservedNanos, 0n)
  })

  test('that can be charged whole leaves nothing lost, and with a switch off all of it', () => {
    const whole = paying([50])
    const first = whole.hold()
    whole.expire(first)
    const body = settled(whole, first, { usage: { output: 3 } })?.body
    assert.ok(body?.kind === 'settled')
    assert.equal('lostNanos' in body, false)
    whole.toggle(false)
    const answer = whole.settle(first, { output: 3 })
    assert.ok(answer.kind === 'settled')
    assert.deepEqual([answer.chargedNanos, answer.lostNanos], [0n, cents(3)])
    assert.equal(whole.customer.overrun?.lostNanos, cents(3))
  })

  test('of a request that was expected to cost nothing takes no loss back', () => {
    const books = new Books({ plan: empty })
    const id = books.hold({ model: 'free-model' })
    books.expire(id)
    assert.deepEqual(settled(books, id)?.legs, [])
  })

  test('is good for a day, once', () => {
    const books = new Books({ plan: inUnits })
    const id = books.hold()
    books.expire(id)
    books.nowMs += day - 1
    assert.notEqual(settled(books, id), null)
    books.nowMs += 1
    assert.equal(settled(books, id), null)
    books.nowMs -= 1
    books.settle(id, { output: 1 })
    assert.deepEqual(books.settle(id, { output: 1 }), { kind: 'already_ended' })
  })
})

test('L4: a hold ends once; settling one that ended, never was, or is another member’s changes nothing', () => {
  const books = paying([500])
  books.seat(empty.id, ben)
  const id = books.hold()
  books.settle(id, { output: 3 })
  const other = books.hold({ by: ben })
  for (const gone of [id, holdId('never'), other]) {
    const settlement = {
      holdId: gone,
      usage: {},
      marks: [],
      isEstimate: false,
      upstreamRequestId: null,
    }
    assert.deepEqual(settleHold(books.account(ada), settlement, books.moment), {
      answer: { kind: 'already_ended' },
      draft: null,
    })
  }
})

test('a request of a free model is settled with its usage, nobody pays, and the wallet is not looked at', () => {
  const books = paying([])
  books.topUp(cents(5), { expiresAtMs: startMs + 1 })
  const id = books.hold({ model: 'free-model' })
  books.nowMs += 1
  const draft = settled(books, id, { usage: { output: 9 } })
  assert.deepEqual(draft?.legs, [])
  assert.ok(draft.body.kind === 'settled')
  assert.deepEqual([draft.body.source, draft.body.costNanos], ['free', 0n])
})

test('a hold whose price is not in the journal is told apart from everything that can be right', () => {
  const books = paying([500])
  const id = books.hold()
  books.system.prices.clear()
  assert.throws(() => settled(books, id), /The journal has a hold without its price: price_cent/)
})
