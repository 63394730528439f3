import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Books, cents, hour, limit, plan, session } from '../../test/rules/books.ts'
import { emptyCustomer, emptyMember } from './empty-state.ts'
import type { Entry, EntryBody, Leg } from './entry.ts'
import { holdFault, termsFault } from './hold-invariants.ts'
import { customerId, grantId, holdId, memberId } from './ids.ts'
import {
  assertEntry,
  assertSums,
  BrokenInvariantError,
  customerFault,
  memberFault,
} from './invariants.ts'
import type { MemberState } from './account.ts'

const shape = { kind: 'session', lengthMs: hour } as const
const ofPlan = plan('p', [
  limit({ id: 'money', amount: cents(1000), shape }),
  limit({ id: 'tokens', amount: 10_000n, unit: 'tokens', shape }),
])

/** A member with one running request, and the entry that placed it. */
function running(kind: 'plan' | 'wallet') {
  const books = new Books({
    plan: kind === 'plan' ? ofPlan : plan('empty', [session(0n)]),
    isExtraUsageOn: true,
  })
  books.topUp(cents(500))
  const id = books.hold()
  const placed = books.entries.at(-1)
  assert.ok(placed?.body.kind === 'held')
  return { books, id, member: books.member(), placed, held: placed.body }
}

type Running = ReturnType<typeof running>
const entry = ({ placed }: Running, body: EntryBody, legs: readonly Leg[] = []): Entry => {
  return { ...placed, position: placed.position + 1, body, legs }
}

const fresh = (): MemberState =>
  emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })

test('I5: whatever ends or grows a hold is about one that is open', () => {
  const one = running('plan')
  const gone = holdId('gone')
  const amounts = { money: 1n, tokens: 1n, requests: 1n }
  const ends: readonly EntryBody[] = [
    { kind: 'voided', holdId: gone, cause: 'x', overrunReserveNanos: 0n },
    { kind: 'expired', holdId: gone, lostNanos: 0n, overrunReserveNanos: 0n },
    { kind: 'hold_grown', holdId: gone, amounts, grantLegs: [] },
  ]
  for (const body of ends) {
    assert.deepEqual(holdFault(one.member, entry(one, body)), {
      invariant: 'I5',
      what: 'is about hold gone, not open',
    })
    assert.equal(
      holdFault(one.member, entry(one, { ...body, holdId: one.id } as EntryBody)),
      undefined,
    )
  }
  const credited: EntryBody = { kind: 'boot', bootId: one.held.bootId, version: '1' }
  assert.equal(holdFault(one.member, entry(one, credited)), undefined)
  assert.equal(termsFault(one.member, entry(one, credited)), undefined)
})

describe('I1: a hold of the wallet', () => {
  const fault = (more: object, moved?: readonly Leg[]) => {
    const one = running('wallet')
    return termsFault(fresh(), entry(one, { ...one.held, ...more }, moved ?? one.placed.legs))
      ?.invariant
  }

  test('keeps of its grants what it says, in its legs and in its list of them', () => {
    assert.equal(fault({}), undefined)
    const amounts = { ...running('wallet').held.amounts, money: cents(11) }
    assert.equal(fault({ amounts, overrunReserveNanos: cents(89) }), 'I1')
    assert.equal(fault({ grantLegs: [{ grantId: grantId('g1'), amount: cents(9) }] }), 'I1')
    assert.equal(fault({}, []), 'I1')
  })

  test('I8: reserves the rest of its worst case, which is never below the hold', () => {
    assert.equal(fault({ overrunReserveNanos: cents(90) - 1n }), 'I8')
    assert.equal(fault({ worstNanos: cents(9), overrunReserveNanos: -cents(1) }), 'I8')
    assert.equal(fault({ worstNanos: cents(10), overrunReserveNanos: 0n }), undefined)
  })

  test('grows by something, and by the same in its legs and in its list of grants', () => {
    const one = running('wallet')
    const grown = (money: bigint, listed: bigint, moved: bigint) => {
      const amounts = { ...one.held.amounts, money }
      const grantLegs = [{ grantId: grantId('g1'), amount: listed }]
      const body: EntryBody = { kind: 'hold_grown', holdId: one.id, amounts, grantLegs }
      const leg = { from: 'grant:g1:available', to: 'grant:g1:held', amount: moved }
      return termsFault(one.member, entry(one, body, [leg]))?.invariant
    }
    assert.equal(grown(cents(15), cents(5), cents(5)), undefined)
    assert.equal(grown(cents(15), cents(4), cents(5)), 'I1')
    assert.equal(grown(cents(15), cents(5), cents(4)), 'I1')
    assert.equal(grown(cents(10), 0n, 0n), 'I1')
    assert.equal(grown(cents(9), -cents(1), -cents(1)), 'I1')
  })
})

test('I1: a hold of the plan keeps, grows and frees what it says of each limit', () => {
  const one = running('plan')
  const [money, tokens] = one.placed.legs
  assert.ok(money && tokens)
  const names = (legs: readonly Leg[], body: EntryBody, before: MemberState): string | undefined =>
    termsFault(before, entry(one, body, legs))?.invariant

  assert.equal(names([money, tokens], one.held, fresh()), undefined)
  assert.equal(names([money], one.held, fresh()), 'I1')
  const amounts = { ...one.held.amounts, tokens: one.held.amounts.tokens + 5n }
  const grown: EntryBody = { kind: 'hold_grown', holdId: one.id, amounts, grantLegs: [] }
  assert.equal(names([{ ...tokens, amount: 5n }], grown, one.member), undefined)
  assert.equal(names([{ ...tokens, amount: 4n }], grown, one.member), 'I1')
  const freed = [money, tokens].map((leg) => ({ ...leg, from: leg.to, to: 'plan' }))
  const expired: EntryBody = {
    kind: 'expired',
    holdId: one.id,
    lostNanos: 0n,
    overrunReserveNanos: 0n,
  }
  assert.equal(names(freed, expired, one.member), undefined)
  assert.equal(names(freed.slice(1), expired, one.member), 'I1')
  assert.equal(names(freed, { ...expired, overrunReserveNanos: 1n }, one.member), 'I8')
})

test('I7: nobody pays less than nothing, by whichever part of the cost', () => {
  const one = running('wallet')
  const draft = (more: object): string | undefined => {
    const body: EntryBody = {
      kind: 'settled',
      holdId: one.id,
      source: 'extra_usage',
      model: 'test-model',
      priceId: one.held.facts.priceId,
      usage: {},
      marks: [],
      costNanos: cents(5),
      chargedNanos: cents(6),
      overrunNanos: 0n,
      isEstimate: false,
      isLate: false,
      upstreamRequestId: null,
      bucket: 'b',
      spendMonth: null,
      memberSpendMonth: null,
      overrunReserveNanos: cents(90),
      ...more,
    }
    return termsFault(one.member, entry(one, body))?.what
  }
  assert.equal(draft({ overrunNanos: -cents(1) }), 'charges less than nothing')
  assert.equal(draft({ lostNanos: -cents(1) }), 'charges less than nothing')
  assert.equal(draft({ chargedNanos: -cents(1), lostNanos: cents(6) }), 'charges less than nothing')
})

describe('what an entry may not do', () => {
  test('I18: is to stand at or before the last one of its customer or member', () => {
    const one = running('plan')
    const { customer, member } = one.books.account()
    const body: EntryBody = { kind: 'spend_cap_set', scope: 'member', cap: { kind: 'unlimited' } }
    const at = (position: number) => () =>
      assertEntry({ customer, member }, { ...entry(one, body), position })
    customer.position = 10
    member.position = 20
    assert.throws(at(20), /I18: entry 20 follows entry 20/)
    assert.throws(at(15), /I18/)
    assert.equal(at(21)(), 0n)
    customer.position = 30
    assert.throws(at(30), /I18: entry 30 follows entry 30/)
  })

  test('I1: is to bring a grant again, or without its money', () => {
    const one = running('wallet')
    const sums = { customer: one.books.customer, member: undefined }
    const brings = (id: string, legs: readonly Leg[]) => () => {
      const terms = { origin: 'gift', priority: 1, expiresAtMs: null, amountNanos: 5n } as const
      const body: EntryBody = { kind: 'granted', grant: { ...terms, grantId: grantId(id) } }
      return assertEntry(sums, entry(one, body, legs))
    }
    const leg = (id: string, amount = 5n): Leg => {
      return { from: 'gifts', to: `grant:${id}:available`, amount }
    }
    assert.equal(brings('new', [leg('new')])(), 0n)
    assert.throws(brings('new', []), /I1: .* does not bring grant new what it says/)
    assert.throws(brings('new', [leg('new', 4n)]), /I1: .* does not bring/)
    assert.throws(brings('new', [leg('g1')]), /I1: .* does not bring/)
    assert.throws(brings('g1', [leg('g1')]), /I1: .* makes grant g1 again/)
    assert.throws(brings('new', [leg('new'), leg('gone')]), /I1: .* names grant:gone:available/)
  })

  test('I7: is to draw past switch or cap; what counts as drawn is what was not held before', () => {
    const drawn = (kind: 'plan' | 'wallet', change: (one: Running) => void): bigint => {
      const one = running(kind)
      const customer = structuredClone(one.books.customer)
      const member = structuredClone(one.member)
      change(one)
      const last = one.books.entries.at(-1)
      assert.ok(last)
      return assertEntry({ customer, member }, last)
    }
    const grow = ({ books, id }: Running): void => books.grow(id, { output: 30 })
    const settle = (output: number) => (one: Running) => void one.books.settle(one.id, { output })
    assert.equal(drawn('wallet', grow), cents(20))
    assert.equal(drawn('wallet', settle(25)), cents(15))
    assert.equal(drawn('wallet', settle(4)), -cents(6))
    assert.equal(
      drawn('wallet', ({ books, id }) => books.void(id)),
      0n,
    )
    assert.equal(
      drawn('wallet', ({ books }) => void books.hold()),
      cents(10),
    )
    assert.equal(drawn('plan', grow), 0n)
    assert.equal(drawn('plan', settle(25)), 0n)
    assert.equal(
      drawn('plan', ({ books }) => void books.hold()),
      0n,
    )
  })

  test('is told with the entry, its fault, and what made it known', () => {
    const one = running('plan')
    const cause = new Error('why')
    const fault = { invariant: 'I2', what: 'is not what it was' } as const
    const error = new BrokenInvariantError(one.placed, fault, cause)
    assert.deepEqual([error.entry, error.fault, error.cause], [one.placed, fault, cause])
    assert.equal(error.message, `I2: entry ${one.placed.position} is not what it was`)
  })

  test('I1: is to leave anything held below zero, or by nobody', () => {
    const one = running('wallet')
    const customer = emptyCustomer(customerId('cus'))
    customer.heldNanos = -1n
    assert.equal(customerFault(customer, one.placed)?.invariant, 'I1')
    customer.heldNanos = 0n
    assert.equal(customerFault(customer, one.placed), undefined)
    customer.overrunReservedNanos = -1n
    assert.equal(customerFault(customer, one.placed)?.invariant, 'I1')
    const member = fresh()
    assert.equal(memberFault(member, one.placed), undefined)
    member.heldNanos = 1n
    assert.equal(memberFault(member, one.placed)?.what, 'leaves 1 held by 0 holds')
    member.heldNanos = -1n
    assert.equal(memberFault(member, one.placed)?.invariant, 'I1')
    one.member.heldNanos = -1n
    assert.equal(memberFault(one.member, one.placed)?.what, 'leaves -1 held by 1 holds')
    assert.throws(
      () => assertSums({ customer: one.books.customer, member: one.member }, one.placed, 0n),
      /leaves -1 held/,
    )
  })
})
