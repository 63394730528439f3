import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountOperation, Answer, Call } from './account-history.ts'
import type { AccountState } from './account-model.ts'
import { checkHistory } from './check-history.ts'
import { asking, historyOf, opening, settling, truth } from './sample-account.ts'

/** A history as it is written down by hand: what is true is carried along, and what was told may differ from it. */
class Written {
  readonly operations: AccountOperation[] = []
  readonly begins: AccountState
  state: AccountState
  #atMs = 0

  constructor(walletNanos: bigint) {
    this.begins = opening(walletNanos)
    this.state = this.begins
  }

  /** Takes effect, and is answered truly before the next one is asked. */
  next(id: string, call: Call): AccountOperation {
    const told = truth(this.state, call)
    if (told === null) throw new Error(`${id} makes no sense here`)
    this.state = told.state
    return this.told(id, told.call, told.answer)
  }

  /** Is answered so, and changes nothing of what is true. */
  told(id: string, call: Call, answer: Answer | undefined): AccountOperation {
    const invokedAt = (this.#atMs += 10)
    const operation: AccountOperation = {
      id,
      process: 'client',
      call,
      answer,
      invokedAt,
      returnedAt: answer === undefined ? Infinity : invokedAt + 5,
      isCertain: answer !== undefined,
    }
    this.operations.push(operation)
    return operation
  }

  verdict(): ReturnType<typeof checkHistory> {
    return checkHistory(historyOf(this.begins.facts, this.operations))
  }
}

const read = { kind: 'figures', member: 'ann' } as const
const topUp = (grant: string, amountNanos: bigint): Call => ({
  kind: 'top_up',
  grant,
  amountNanos,
  priority: 50,
  expiresAtMs: null,
})
const figuresOf = (told: AccountOperation): Extract<Answer, { kind: 'figures' }> => {
  if (told.answer?.kind !== 'figures') throw new Error('These are no figures')
  return told.answer
}

function assertBad(written: Written, culprit: string): readonly string[] {
  const { kind, lines } = written.verdict()
  assert.equal(kind, 'not_linearizable')
  assert.match(lines[0] ?? '', new RegExp(`explains the answer to ${culprit}$`))
  return lines
}

test('a stale read: figures from before a top-up that was acknowledged', () => {
  const written = new Written(100n)
  const before = written.next('before', read)
  written.next('paid', topUp('more', 50n))
  written.told('after', read, before.answer)

  const lines = assertBad(written, 'after')

  assert.deepEqual(
    lines.slice(1).map((line) => line.trim().split(' ').slice(0, 3).join(' ')),
    ['after paid client', 'the account is', 'after client [0.0'],
  )
})

test('a lost update: of two top-ups at once, only one is there', () => {
  const written = new Written(100n)
  const [first, second] = [topUp('first-of-two', 50n), topUp('second-of-two', 70n)]
  const truths = written.next('first', first)
  const single = figuresOf(written.next('only first', read))
  written.operations.length = 0
  written.operations.push(truths, { ...truths, id: 'second', call: second })

  written.told('after', read, single)

  assertBad(written, 'after')
})

test('a double charge: the balance went down twice for one request', () => {
  const written = new Written(1000n)
  for (const hold of ['h1', 'h2']) {
    written.next(`ask ${hold}`, asking({ member: 'bob', hold, amount: 60n }))
    written.next(`settle ${hold}`, settling(hold, 50))
  }
  const { answer } = written.next('twice', { kind: 'figures', member: 'bob' })
  const once = written.operations.filter(({ id }) => !id.endsWith('h2') && id !== 'twice')
  written.operations.splice(0, Infinity, ...once)

  written.told('after', { kind: 'figures', member: 'bob' }, answer)

  assertBad(written, 'after')
})

test('a denial from a hold that was never durable: refused for what no request ever held', () => {
  const written = new Written(100n)
  const ghost = new Written(100n)
  ghost.next('ghost', asking({ member: 'bob', hold: 'ghost', amount: 80n }))
  const refused = ghost.next('refused', asking({ member: 'bob', hold: 'h', amount: 50n }))
  assert.ok(refused.answer?.kind === 'denied' && refused.answer.reason === 'reserved')
  // The journal knows of no hold of the first request: it died with its process.
  const unknown = { ...asking({ member: 'bob', hold: 'ghost', amount: 80n }), hold: null }
  written.told('unknown', unknown, undefined)

  written.told('refused', refused.call, refused.answer)

  assertBad(written, 'refused')
})

test('the same denial is right while a request of unknown outcome may hold the money', () => {
  const written = new Written(100n)
  const ghost = new Written(100n)
  const held = ghost.next('ghost', asking({ member: 'bob', hold: 'ghost', amount: 80n }))
  const refused = ghost.next('refused', asking({ member: 'bob', hold: 'h', amount: 50n }))

  written.told('unknown', held.call, undefined)
  written.told('refused', refused.call, refused.answer)

  assert.equal(written.verdict().kind, 'linearizable')
})

test('reads that go back: an older figure after a newer one, with the payment still unanswered', () => {
  const written = new Written(100n)
  const old = written.next('old', read)
  const paid = written.next('paid', topUp('more', 50n))
  const fresh = written.next('fresh', read)
  // Nobody was told of the payment: it may be seen or not, but once seen it stays.
  const unanswered = { ...paid, answer: undefined, returnedAt: Infinity, isCertain: false }
  written.operations.splice(0, Infinity, old, unanswered, fresh)
  assert.equal(written.verdict().kind, 'linearizable')

  written.told('old again', read, old.answer)

  assertBad(written, 'old again')
})

test('what a dead process did not do by its death it never did', () => {
  const written = new Written(100n)
  const before = written.next('before', read)
  const paid = written.next('paid', topUp('more', 50n))
  const after = written.next('after', read)
  const dying = { ...paid, answer: undefined, isCertain: false }
  const late = { ...before, id: 'late', invokedAt: 100, returnedAt: 105 }
  const later = { ...after, id: 'later', invokedAt: 110, returnedAt: 115 }

  for (const [returnedAt, expected] of [
    [Infinity, 'linearizable'],
    [50, 'not_linearizable'],
  ] as const) {
    written.operations.splice(0, Infinity, before, { ...dying, returnedAt }, late, later)
    assert.equal(written.verdict().kind, expected)
  }
})

test('a hold that outlives its process keeps nothing: a start that left it open is noticed', () => {
  const written = new Written(1000n)
  written.next('ask', asking({ member: 'bob', hold: 'h', amount: 100n }))
  const open = written.next('open', { kind: 'figures', member: 'bob' })
  written.next('died', { kind: 'restart' })

  written.told('still open', { kind: 'figures', member: 'bob' }, open.answer)

  assertBad(written, 'still open')
})

test('the window that is told leaves out what the bad answer does not need', () => {
  const written = new Written(1000n)
  for (let index = 0; index < 12; index += 1) {
    written.next(`ask ${index}`, asking({ member: 'bob', hold: `h${index}`, amount: 40n }))
    written.next(`look ${index}`, read)
    written.next(`settle ${index}`, settling(`h${index}`, 30))
  }
  const old = written.next('old', read)
  written.next('paid', topUp('more', 7n))
  for (let index = 0; index < 6; index += 1) written.next(`look on ${index}`, read)
  written.told('stale', read, old.answer)
  for (let index = 12; index < 18; index += 1) {
    written.next(`ask ${index}`, asking({ member: 'bob', hold: `h${index}`, amount: 40n }))
  }

  const lines = assertBad(written, 'stale')

  const [, ...told] = lines
  assert.equal(told.length, 4, lines.join('\n'))
  assert.match(told[1] ?? '', /^ {2}after paid client .*top_up.* -> done$/)
  assert.match(told[2] ?? '', /^ {2}the account is .*balanceNanos:647/)
  assert.match(told[3] ?? '', /^ {2}stale client .*figures/)
})
