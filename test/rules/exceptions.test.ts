import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LimitException } from '../../src/core/account.ts'
import { exceptLimit } from '../../src/core/commands.ts'
import type { Denial } from '../../src/core/decision.ts'
import { limitId } from '../../src/core/ids.ts'
import { Books, ada, ben, cents, day, hour, limit, plan, session, startMs, week } from './books.ts'

const small = plan('small', [session(cents(100)), week(cents(300))])

function except(books: Books, id: string, exception: LimitException | null): void {
  const terms = { limitId: limitId(id), unit: 'money' as const, exception }
  books.own(exceptLimit(terms, books.moment), ada)
}

function deny(books: Books): Denial {
  const decision = books.ask()
  assert.ok(decision.kind === 'deny')
  return decision.denial
}

/** The promise of a refusal, tried: refused the moment before, admitted then. */
function assertHonest(books: Books, retryAtMs: number): void {
  const { retryAtMs: promised } = deny(books)
  assert.equal(promised, retryAtMs)
  books.nowMs = retryAtMs - 1
  assert.equal(books.ask().kind, 'deny')
  books.nowMs = retryAtMs
  assert.equal(books.ask().kind, 'allow')
}

const limitOf = (books: Books, id: string) => {
  const found = books.figures().limits.find((one) => one.limitId === id)
  assert.ok(found)
  return found
}

test('D9: a limit that is raised for one member counts for the very next decision, and for nobody else', () => {
  const books = new Books({ plan: small })
  books.seat(small.id, ben)
  books.spend(100)
  books.spend(100, { by: ben })
  assert.equal(books.ask().kind, 'deny')

  except(books, 'session', { amount: cents(150), untilMs: null })

  assert.equal(books.ask().kind, 'allow')
  assert.equal(books.ask({ by: ben }).kind, 'deny')
})

test('D18: figures say that a limit is an exception, what the plan says, and until when', () => {
  const books = new Books({ plan: small })
  except(books, 'week', { amount: cents(500), untilMs: startMs + hour })

  const shown = limitOf(books, 'week')
  books.nowMs = startMs + hour
  const after = limitOf(books, 'week')

  assert.deepEqual([shown.amount, after.amount], [cents(500), cents(300)])
  assert.deepEqual(shown.exception, { planAmount: cents(300), untilMs: startMs + hour })
  assert.equal(after.exception, null)
})

test('W1: an exception moves no reset, and keeps what was used; more than it gives leaves nothing', () => {
  const books = new Books({ plan: small })
  books.spend(80)
  const before = limitOf(books, 'session')

  except(books, 'session', { amount: cents(50), untilMs: null })

  const { used, startMs: begun, resetMs } = limitOf(books, 'session')
  assert.deepEqual([used, begun, resetMs], [before.used, before.startMs, before.resetMs])
  assert.equal(books.ask().kind, 'deny')
  assert.equal(deny(books).binding[0]?.amount, cents(50))
})

test('an unlimited limit refuses nothing, counts on, and is full again when the exception ends', () => {
  const books = new Books({ plan: small })
  except(books, 'session', { amount: null, untilMs: startMs + hour })
  except(books, 'week', { amount: null, untilMs: null })
  for (let count = 0; count < 4; count += 1) books.spend(100)

  assert.equal(limitOf(books, 'session').used, cents(400))
  assert.equal(books.ask().kind, 'allow')
  books.nowMs = startMs + hour

  assert.deepEqual(
    deny(books).binding.map((bound) => bound.limitId),
    [limitId('session')],
  )
})

test('an exception that gives less ends before the reset: the retry moment is its end', () => {
  const books = new Books({ plan: small })
  books.spend(60)
  except(books, 'session', { amount: cents(50), untilMs: startMs + hour })

  assertHonest(books, startMs + hour)
})

test('a limit set to nothing until a moment opens at that moment, however many resets come before it', () => {
  const books = new Books({
    plan: plan('p', [limit({ id: 'day', amount: cents(50), shape: { kind: 'day', zone: 'UTC' } })]),
  })
  except(books, 'day', { amount: 0n, untilMs: startMs + 400 * day })

  assertHonest(books, startMs + 400 * day)
})

test('a limit set to nothing for good promises no moment', () => {
  const books = new Books({ plan: small })
  except(books, 'session', { amount: 0n, untilMs: null })

  assert.equal(deny(books).retryAtMs, null)
})

test('an exception that gives more ends before the reset: the retry moment stays the reset', () => {
  const books = new Books({ plan: small })
  except(books, 'session', { amount: cents(150), untilMs: startMs + hour })
  books.spend(150)

  assertHonest(books, startMs + 5 * hour)
})

test('a limit that has room now closes when its exception ends: the retry moment is after its own reset', () => {
  const books = new Books({ plan: small })
  except(books, 'week', { amount: null, untilMs: startMs + hour })
  except(books, 'session', { amount: cents(400), untilMs: null })
  books.spend(400)
  const monday = Date.UTC(2026, 10, 23)

  assert.deepEqual(
    deny(books).binding.map((bound) => bound.limitId),
    [limitId('session')],
  )
  assertHonest(books, monday)
})

test('an exception stays with its limit when the member changes its plan, also over a plan without it', () => {
  const books = new Books({ plan: small })
  const other = plan('other', [session(cents(10))])
  const large = plan('large', [session(cents(20)), week(cents(30))])
  books.publish(other)
  books.publish(large)
  except(books, 'week', { amount: cents(900), untilMs: null })

  books.seat(other.id)
  const without = books.figures().limits.map((one) => one.limitId)
  books.seat(large.id)

  assert.deepEqual(without, [limitId('session')])
  assert.equal(limitOf(books, 'week').amount, cents(900))
})

test('an exception that is taken back leaves what the plan says', () => {
  const books = new Books({ plan: small })
  except(books, 'session', { amount: null, untilMs: null })

  except(books, 'session', null)

  assert.equal(limitOf(books, 'session').amount, cents(100))
  assert.equal(limitOf(books, 'session').exception, null)
})

test('W3: a clock that goes back behind the end of an exception puts it in force again', () => {
  const books = new Books({ plan: small })
  except(books, 'session', { amount: cents(150), untilMs: startMs + hour })
  books.jump(2 * hour)
  assert.equal(limitOf(books, 'session').amount, cents(100))

  books.correct(hour / 2)

  assert.equal(limitOf(books, 'session').amount, cents(150))
})
