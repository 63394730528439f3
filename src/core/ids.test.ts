import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ids from './ids.ts'

const { InvalidIdError } = ids

const constructors = {
  customer: ids.customerId,
  member: ids.memberId,
  key: ids.keyId,
  hold: ids.holdId,
  plan: ids.planId,
  limit: ids.limitId,
  price: ids.priceId,
  person: ids.personId,
  boot: ids.bootId,
}

test('an id is what it was made of, and its kind is named when its text is refused', () => {
  for (const [kind, make] of Object.entries({ ...constructors, grant: ids.grantId })) {
    assert.equal(make('Az_09.-x'), 'Az_09.-x')
    assert.throws(() => make('a b'), {
      code: 'invalid_id',
      message: new RegExp(`^A ${kind} id has 1 to \\d+ letters.*; got "a b"$`),
    })
  }
})

test('no id holds what account names are put together with, or anything but letters, digits, ".", "-" and "_"', () => {
  for (const text of ['', 'a:b', ':a', 'a:', 'a/b', 'ä', 'a\n', '\na', ' a', 'a b']) {
    assert.throws(() => ids.memberId(text), InvalidIdError, JSON.stringify(text))
  }
})

test('an id has up to 64 characters, and that of a grant up to 256', () => {
  for (const make of Object.values(constructors)) {
    assert.equal(make('x'.repeat(64)).length, 64)
    assert.throws(() => make('x'.repeat(65)), /1 to 64/)
  }
  assert.equal(ids.grantId('x'.repeat(256)).length, 256)
  assert.throws(() => ids.grantId('x'.repeat(257)), /1 to 256/)
})

test('a refusal repeats the beginning of a long text only', () => {
  const long = 'y'.repeat(5000)
  assert.throws(
    () => ids.memberId(long),
    ({ message }: Error) => message.endsWith(`got "${'y'.repeat(80)}"`) && message.length < 200,
  )
})

test('an idempotency key is any text of 1 to 200 characters', () => {
  assert.equal(ids.operationId('top up: ada, Ä'), 'top up: ada, Ä')
  assert.equal(ids.operationId('k').length, 1)
  assert.equal(ids.operationId('k'.repeat(200)).length, 200)
  for (const text of ['', 'k'.repeat(201)]) {
    assert.throws(() => ids.operationId(text), /An idempotency key has 1 to 200 characters/)
  }
})

test('what concerns the whole installation stands under a customer of its own', () => {
  assert.equal(ids.systemCustomerId, 'system')
})
