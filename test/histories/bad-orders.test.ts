import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountOperation, Answer, Call, CallOf } from './account-history.ts'
import type { AccountState } from './account-model.ts'
import { checkHistory } from './check-history.ts'
import { asking, historyOf, opening, settling, truth } from './sample-account.ts'

/** What administrators and the wallet itself do, one after another, and one answer at the end that may be wrong. */
function verdictOf(
  steps: readonly Call[],
  last: { readonly call: Call; readonly answer: Answer },
): ReturnType<typeof checkHistory>['kind'] {
  const begins = opening(1000n)
  let state: AccountState = begins
  const told = steps.map((step): Pick<AccountOperation, 'call' | 'answer'> => {
    const now = truth(state, step)
    if (now === null) throw new Error(`${step.kind} makes no sense here`)
    state = now.state
    return now
  })
  const operations = [...told, last].map(({ call, answer }, index): AccountOperation => {
    const when = { invokedAt: 10 * index, returnedAt: 10 * index + 5, isCertain: true }
    return { id: `#${index}`, process: 'p', call, answer, ...when }
  })
  return checkHistory(historyOf(begins.facts, operations)).kind
}

const request = asking({ member: 'ann', hold: 'h', amount: 10n })
const admitted = { call: request, answer: { kind: 'allowed', source: 'plan' } } as const
const refusedFor = (
  reason: 'customer_inactive' | 'member_inactive',
): AccountOperation['answer'] & {} => {
  return { kind: 'denied', reason, extraUsageReason: null, binding: [] }
}
const unheld: CallOf<'request'> = { ...request, hold: null }

test('a paused customer or member is admitted nowhere, and one that was resumed everywhere', () => {
  for (const member of [null, 'ann']) {
    const pause: Call = { kind: 'status', member, isActive: false }
    const refused = refusedFor(member === null ? 'customer_inactive' : 'member_inactive')

    assert.equal(verdictOf([pause], admitted), 'not_linearizable')
    assert.equal(verdictOf([pause], { call: unheld, answer: refused }), 'linearizable')
    assert.equal(verdictOf([pause, { ...pause, isActive: true }], admitted), 'linearizable')
  }
})

test('a key that was revoked admits nothing, and one that was not is known', () => {
  const byKey = { ...request, key: 'k' }
  const revoke: Call = { kind: 'revoke', key: 'k' }
  const unknown = { call: { ...unheld, key: 'k' }, answer: { kind: 'unknown_key' } } as const

  assert.equal(verdictOf([revoke], { ...admitted, call: byKey }), 'not_linearizable')
  assert.equal(verdictOf([revoke], unknown), 'linearizable')
  assert.equal(verdictOf([], unknown), 'not_linearizable')
  assert.equal(
    verdictOf([{ ...revoke, key: 'other' }], { ...admitted, call: byKey }),
    'linearizable',
  )
})

test('a gifted reset gives back what was used, once', () => {
  const used = [request, settling('h', 50)]
  const gift: Call = { kind: 'credit', member: 'ann', limit: 'session' }
  const done = { call: gift, answer: { kind: 'done' } } as const
  const nothing = { call: gift, answer: { kind: 'nothing_to_credit' } } as const

  assert.equal(verdictOf(used, done), 'linearizable')
  assert.equal(verdictOf(used, nothing), 'not_linearizable')
  assert.equal(verdictOf([...used, gift], done), 'not_linearizable')
  assert.equal(verdictOf([...used, gift], nothing), 'linearizable')
})

test('an exception counts until it is taken back, and a move to another plan at once', () => {
  const except = (exception: CallOf<'except'>['exception']): Call => {
    return { kind: 'except', member: 'ann', limit: 'session', exception }
  }
  const none = except({ amount: 0n, untilMs: null })
  const moved: Call = { kind: 'seat', member: 'ann', planId: 'none' }

  assert.equal(verdictOf([none], admitted), 'not_linearizable')
  assert.equal(verdictOf([none, except('taken_back')], admitted), 'linearizable')
  assert.equal(verdictOf([moved], admitted), 'not_linearizable')
  assert.equal(
    verdictOf([moved, except({ amount: null, untilMs: null })], admitted),
    'linearizable',
  )
})

test('a reload comes below its threshold only, once, and within what the operator pays', () => {
  const money = { thresholdNanos: 2000n, amountNanos: 1500n, monthMaxNanos: 1500n }
  const on: Call = { kind: 'auto_reload', setting: { kind: 'on', ...money } }
  const order: Call = { kind: 'order', monthMax: 5000n }
  const reload = (grant: string): Call => ({ kind: 'reload', grant, amountNanos: 1500n })
  const booked = (grant: string) => ({ call: reload(grant), answer: { kind: 'done' } }) as const

  assert.equal(verdictOf([on, order], booked('first')), 'linearizable')
  assert.equal(verdictOf([on], booked('first')), 'not_linearizable')
  assert.equal(verdictOf([order], booked('first')), 'not_linearizable')
  assert.equal(verdictOf([on, order, reload('first')], booked('second')), 'not_linearizable')
})
