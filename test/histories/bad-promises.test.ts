import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountOperation, Answer, Call, CallOf } from './account-history.ts'
import { checkHistory } from './check-history.ts'
import { asking, historyOf, model, opening, settling, terms } from './sample-account.ts'

const { nowMs } = terms
const hourMs = 3_600_000
const sessionEndMs = nowMs + 100 * hourMs
const anHourLaterMs = nowMs + hourMs
type Denied = Extract<Answer, { kind: 'denied' }>

/** Ann's session is used up, her wallet is empty, and she is refused an hour later. */
function refusedWith(told: Pick<Denied, 'retryAtMs'> & { readonly resetMs?: number | null }) {
  const { retryAtMs, resetMs = sessionEndMs } = told
  const allowed = asking({ member: 'ann', hold: 'all', amount: 300n })
  const refused: CallOf<'request'> = {
    ...asking({ member: 'ann', hold: 'none', amount: 10n }),
    hold: null,
    nowMs: anHourLaterMs,
    holdMaxMs: hourMs,
  }
  const binding = [{ limit: 'session', used: 300n, held: 0n, amount: 300n, resetMs }]
  const answer: Denied = {
    kind: 'denied',
    reason: 'limit_reached',
    extraUsageReason: 'balance_too_low',
    binding,
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
  }
  const operations = [
    saidSo('allowed', { ...allowed, nowMs }, { kind: 'allowed', source: 'plan' }),
    saidSo(
      'settled',
      { ...settling('all', 300), nowMs },
      { kind: 'charged', chargedNanos: 0n, overrunNanos: 0n },
    ),
    saidSo('refused', refused, answer),
  ].map((one, index) => ({ ...one, invokedAt: index * 10, returnedAt: index * 10 + 5 }))
  return checkHistory(historyOf(opening(0n).facts, operations)).kind
}

const saidSo = (id: string, call: Call, answer: Answer): AccountOperation => {
  return { id, process: 'client', call, answer, invokedAt: 0, returnedAt: 0, isCertain: true }
}

test('a refusal has an order when it promises the reset that admits, and none when the moment is another', () => {
  assert.equal(refusedWith({ retryAtMs: sessionEndMs }), 'linearizable')
  assert.equal(refusedWith({}), 'linearizable')
  for (const retryAtMs of [sessionEndMs - 1, sessionEndMs + 1, null]) {
    assert.equal(refusedWith({ retryAtMs }), 'not_linearizable', String(retryAtMs))
  }
})

test('a refusal that shows another reset than that of the running window has no order', () => {
  for (const resetMs of [sessionEndMs + 1, null]) {
    assert.equal(refusedWith({ retryAtMs: sessionEndMs, resetMs }), 'not_linearizable')
  }
})

test('a page that shows a reset before any session was opened has no order', () => {
  const books = model.books(opening(0n).facts)
  const told = books.told('ann', nowMs)
  const limits = told.limits.map((limit) => ({ ...limit, resetMs: sessionEndMs }))
  const read: Call = { kind: 'figures', member: 'ann', nowMs }
  const kindOf = (answer: Answer): string =>
    checkHistory(historyOf(opening(0n).facts, [saidSo('read', read, answer)])).kind

  assert.equal(kindOf({ kind: 'figures', ...told }), 'linearizable')
  assert.equal(kindOf({ kind: 'figures', ...told, limits }), 'not_linearizable')
})

test('where a plan brings credit next month, a promise may lie between what it pays and what it does not', () => {
  const monthEndMs = Date.UTC(2026, 6, 1)
  const books = model.books(opening(0n).facts)
  const [limit] = books.plan('bob').limits
  const plan = { ...books.plan('bob'), limits: limit === undefined ? [] : [limit] }
  const grants = [{ id: 'monthly', amountNanos: 500n, every: 'month' }] as const
  books.publish({ ...plan, grants } as Parameters<typeof books.publish>[0], nowMs)
  books.given = { expected: { money: 10n, tokens: 0n, requests: 1n }, money: 10n, reserve: 0n }
  const { facts } = asking({ member: 'bob', hold: 'none', amount: 10n })
  const request = { hold: 'none', member: 'bob', facts, holdMaxMs: hourMs }
  const isPromise = (toldMs: number | null): boolean => books.isPromise(request, { nowMs, toldMs })

  assert.equal(isPromise(monthEndMs), true)
  assert.equal(isPromise(null), true)
  assert.equal(isPromise(monthEndMs - 1), false)
})
