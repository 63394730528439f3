import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Books, cents, day, hour, plan, session, startMs } from '../../test/rules/books.ts'
import {
  bookReload,
  refuseReload,
  reloadChangesMs,
  reloadState,
  standingOrderRefusal,
  type ReloadNeed,
} from './auto-reload.ts'
import { setAutoReload, setStandingOrder, setStatus } from './commands.ts'

const november = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) }

/** Twenty dollars below five, and forty a month: two reloads, to the cent. */
function reloading(standingOrder = 4000): Books {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  const setting = {
    kind: 'on',
    thresholdNanos: cents(500),
    amountNanos: cents(2000),
    monthMaxNanos: cents(4000),
  } as const
  books.shared(setAutoReload({ setting }, books.moment))
  books.shared(setStandingOrder({ monthMaxNanos: cents(standingOrder) }, books.moment))
  return books
}

const method = 'operator_grant' as const
const need: ReloadNeed = { month: november, number: 1, amountNanos: cents(2000) }
const booked = (books: Books, asked: ReloadNeed) =>
  bookReload(books.customer, { need: asked, method }, books.moment)
const refused = (
  books: Books,
  asked: ReloadNeed,
  reason: 'standing_order_missing' | 'standing_order_used_up',
) => refuseReload(books.customer, { need: asked, method, reason }, books.moment)
const state = (books: Books) => reloadState(books.customer, books.nowMs)

test('O9: a reload is named by month and number, and its entry says where the money comes from', () => {
  const books = reloading()
  assert.deepEqual(state(books), { kind: 'due', need })

  const draft = booked(books, need)

  const id = `reload_${november.startMs}_1`
  assert.deepEqual(draft?.legs, [
    { from: 'payments', to: `grant:${id}:available`, amount: cents(2000) },
  ])
  assert.deepEqual(draft.body, {
    kind: 'granted',
    grant: {
      grantId: id,
      origin: 'auto_reload',
      priority: 50,
      expiresAtMs: null,
      amountNanos: cents(2000),
    },
    reload: { month: november, number: 1, method },
  })
})

test('O9: the entry of a reload books what has expired until then', () => {
  const books = reloading()
  books.topUp(cents(100), { expiresAtMs: startMs + hour })
  books.nowMs += hour

  assert.deepEqual(booked(books, need)?.legs[0], {
    from: 'grant:g1:available',
    to: 'grant:g1:expired',
    amount: cents(100),
  })
})

test('O9: reloads of a month come to its maximum to the cent, and the next one is stopped', () => {
  const books = reloading()
  books.shared(booked(books, need))
  for (let spent = 0; spent < 16; spent += 1) books.spend(100)
  const second = { ...need, number: 2 }
  assert.deepEqual(state(books), { kind: 'due', need: second })
  books.shared(booked(books, second))
  for (let spent = 0; spent < 20; spent += 1) books.spend(100)

  assert.deepEqual(state(books), {
    kind: 'stopped',
    reason: 'month_max_reached',
    sinceMs: null,
    need: null,
  })
  assert.equal(booked(books, { ...need, number: 3 }), undefined)
})

test('O9: nothing is reloaded that the spend cap of the month would not let be spent', () => {
  const books = reloading()
  books.topUp(cents(100))
  const stopped = { kind: 'stopped', reason: 'spend_cap_reached', sinceMs: null, need: null }
  const withCap = (amount: number) => {
    books.cap({ kind: 'capped', amountNanos: cents(amount) })
    return state(books)
  }
  assert.deepEqual(withCap(100), stopped)
  assert.deepEqual(withCap(101), { kind: 'due', need })
  books.spend(20, { maxTokens: 20 })
  // Twenty are spent, ten held, seventy available: the cap leaves just that at a hundred.
  books.hold({ isThinking: true })
  assert.deepEqual(withCap(100), stopped)
  assert.deepEqual(withCap(101), { kind: 'due', need })
  books.cap({ kind: 'unlimited' })
  assert.deepEqual(state(books), { kind: 'due', need })
})

test('O9: the end of the month of the cap lets a reload be due as well', () => {
  const books = reloading()
  books.topUp(cents(100))
  books.spend(10)
  const { spend } = books.customer
  assert.ok(spend !== null)
  spend.endMs = november.endMs - day
  assert.equal(reloadChangesMs(books.customer, books.nowMs), november.endMs - day)
})

test('O9: a standing order pays up to its amount of the month, to the cent', () => {
  const books = reloading(2000)
  const refusal = (amount: number) =>
    standingOrderRefusal(books.customer, cents(amount), books.nowMs)

  assert.equal(refusal(2000), null)
  assert.equal(refusal(2001), 'standing_order_used_up')
  books.shared(booked(books, need))
  assert.equal(refusal(1), 'standing_order_used_up')
  books.nowMs = november.endMs
  assert.equal(refusal(2000), null)
  books.shared(setStandingOrder({ monthMaxNanos: 0n }, books.moment))
  assert.equal(refusal(1), 'standing_order_missing')
})

test('O9: what was asked of another month, under another number or for another amount is not booked', () => {
  const books = reloading()
  const others: readonly ReloadNeed[] = [
    { ...need, month: { startMs: Date.UTC(2026, 9, 1), endMs: november.startMs } },
    { ...need, number: 2 },
    { ...need, amountNanos: cents(1999) },
  ]
  for (const other of others) {
    assert.equal(booked(books, other), undefined)
    assert.equal(refused(books, other, 'standing_order_missing'), undefined)
  }
  assert.notEqual(booked(books, need), undefined)
})

test('O9: a reload that is not needed any more is neither booked nor noted as refused', () => {
  const enough = reloading()
  enough.topUp(cents(500))
  const off = reloading()
  off.shared(setAutoReload({ setting: { kind: 'off' } }, off.moment))
  const inactive = reloading()
  inactive.shared(setStatus({ scope: 'customer', isActive: false }, inactive.moment))
  const switchedOff = reloading()
  switchedOff.toggle(false)

  for (const books of [enough, off, inactive, switchedOff]) {
    assert.equal(booked(books, need), undefined)
    assert.equal(refused(books, need, 'standing_order_missing'), undefined)
  }
  assert.deepEqual(
    [enough, off, inactive, switchedOff].map((books) => state(books).kind),
    ['ready', 'off', 'stopped', 'stopped'],
  )
})

test('O9: a refusal is noted once for its month and reason, stops the reload, and leaves it to be asked again', () => {
  const books = reloading()
  const noted = refused(books, need, 'standing_order_missing')
  assert.deepEqual(noted?.body, {
    kind: 'reload_refused',
    reload: { month: november, number: 1, method },
    amountNanos: cents(2000),
    reason: 'standing_order_missing',
  })
  assert.deepEqual(noted.legs, [])
  books.shared(noted)

  assert.deepEqual(state(books), {
    kind: 'stopped',
    reason: 'standing_order_missing',
    sinceMs: startMs,
    need,
  })
  assert.equal(refused(books, need, 'standing_order_missing'), undefined)
  assert.notEqual(refused(books, need, 'standing_order_used_up'), undefined)
  // The way to pay may give it when it is asked once more.
  assert.notEqual(booked(books, need), undefined)
})

test('O9: a refusal of one month is none of the next, where it is noted anew', () => {
  const books = reloading()
  books.shared(refused(books, need, 'standing_order_missing'))
  books.nowMs = november.endMs
  const month = { startMs: november.endMs, endMs: Date.UTC(2027, 0, 1) }
  const next = { ...need, month }

  assert.deepEqual(state(books), { kind: 'due', need: next })
  assert.notEqual(refused(books, next, 'standing_order_missing'), undefined)
})

test('O9: a top-up, a gift or a changed setting lets a refused reload be tried afresh; included credit does not', () => {
  const lets = (change: (books: Books) => void): boolean => {
    const books = reloading()
    books.shared(refused(books, need, 'standing_order_missing'))
    change(books)
    return books.customer.reloadRefusal === null
  }
  assert.equal(
    lets((books) => books.topUp(cents(1))),
    true,
  )
  assert.equal(
    lets((books) => books.shared(setStandingOrder({ monthMaxNanos: cents(1) }, books.moment))),
    true,
  )
  assert.equal(
    lets((books) => books.shared(setAutoReload({ setting: { kind: 'off' } }, books.moment))),
    true,
  )
  const included = plan('i', [], {
    grants: [{ id: 'credit', amountNanos: cents(1), every: 'month' }],
  })
  assert.equal(
    lets((books) => {
      books.publish(included)
      books.seat(included.id)
      assert.equal(books.customer.grants.size, 1)
    }),
    false,
  )
  assert.equal(
    lets((books) => books.toggle(true)),
    false,
  )
})

test('time alone may make a reload due at the end of the month, or when a grant that still has something ends', () => {
  const books = reloading()
  const next = (): number => reloadChangesMs(books.customer, books.nowMs)
  assert.equal(next(), november.endMs)

  books.topUp(cents(10))
  books.topUp(cents(10), { expiresAtMs: november.endMs + day })
  assert.equal(next(), november.endMs)
  books.topUp(cents(10), { expiresAtMs: startMs + 2 * day })
  assert.equal(next(), startMs + 2 * day)
  books.topUp(cents(10), { expiresAtMs: startMs + day, priority: 1 })
  assert.equal(next(), startMs + day)
  // Of the one that burns first everything is held: it brings nothing, and takes nothing away.
  books.hold({ maxTokens: 10 })
  assert.equal(next(), startMs + 2 * day)
  books.nowMs = startMs + 2 * day
  assert.equal(next(), november.endMs)

  books.shared(setAutoReload({ setting: { kind: 'off' } }, books.moment))
  assert.equal(next(), Infinity)
})
