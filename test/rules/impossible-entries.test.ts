import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grant, setSpendCap } from '../../src/core/commands.ts'
import { voidOpenHold } from '../../src/core/end-hold.ts'
import type { EntryBody, EntryDraft, Leg } from '../../src/core/entry.ts'
import { growOpenHold } from '../../src/core/grow-hold.ts'
import { grantId, type HoldId } from '../../src/core/ids.ts'
import { BrokenInvariantError } from '../../src/core/invariants.ts'
import { settleHold } from '../../src/core/settle.ts'
import { Books, cents, hour, limit, plan, session } from './books.ts'

/** Each entry is one that the rules draft, spoiled in one place: what a fault in a rule could make of it. */
const planBooks = (): Books => new Books({ plan: plan('p', [session(cents(1000))]) })

function walletBooks(): Books {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  books.topUp(cents(50))
  return books
}

const drafted = (draft: EntryDraft | null | undefined): EntryDraft => {
  assert.ok(draft)
  return draft
}
const ended = (books: Books, holdId: HoldId, output: number): EntryDraft => {
  const facts = { holdId, usage: { output }, marks: [], isEstimate: false, upstreamRequestId: null }
  return drafted(settleHold(books.account(), facts, books.moment).draft)
}
const voided = (books: Books, holdId: HoldId): EntryDraft =>
  drafted(voidOpenHold(books.account(), { holdId, cause: 'test' }, books.moment).draft)
const grown = (books: Books, holdId: HoldId, output: number): EntryDraft =>
  drafted(
    growOpenHold(books.account(), { holdId, usage: { output }, marks: [] }, books.moment).draft,
  )

/** The entry that placed a hold, to be placed once more under another name. */
function heldAgain(books: Books, id: HoldId): EntryDraft {
  const draft = books.entries.find(({ body }) => body.kind === 'held' && body.holdId === id)
  assert.ok(draft)
  const { atMs, legs } = draft
  return { atMs, legs, body: { ...draft.body, holdId: `${id}-again` } as EntryBody }
}

const say = (draft: EntryDraft, other: object): EntryDraft => ({
  ...draft,
  body: { ...draft.body, ...other } as EntryBody,
})
const move = (draft: EntryDraft, change: (leg: Leg) => Leg): EntryDraft => ({
  ...draft,
  legs: draft.legs.map(change),
})
const without = (draft: EntryDraft): EntryDraft => ({ ...draft, legs: draft.legs.slice(1) })
const more = (leg: Leg): Leg => ({ ...leg, amount: leg.amount + 1n })

function refused(books: Books, draft: EntryDraft, expected: RegExp): void {
  assert.throws(
    () => books.own(draft),
    (error) => error instanceof BrokenInvariantError && expected.test(error.message),
    `${expected}`,
  )
}

test('I1: an entry whose legs move nothing, or name or draw on what is not there, is not written', () => {
  const books = walletBooks()
  const id = books.hold()
  const old = grantId('old')
  books.topUp(cents(1), { expiresAtMs: books.nowMs + hour })
  const temporary = [...books.customer.grants.keys()].at(-1)

  refused(
    books,
    move(ended(books, id, 4), (leg) => ({ ...leg, amount: 0n })),
    /I1: .* moves 0 from/,
  )
  refused(
    books,
    move(ended(books, id, 4), (leg) => ({ ...leg, amount: -1n })),
    /moves -1 from/,
  )
  refused(
    books,
    move(ended(books, id, 4), (leg) => ({ ...leg, to: `grant:${old}:spent` })),
    /names grant:old:spent, a grant that is not there/,
  )
  books.nowMs += hour
  const late = { from: `grant:${temporary}:available`, to: `grant:${temporary}:spent`, amount: 1n }
  const draft = ended(books, id, 4)
  refused(books, { ...draft, legs: [...draft.legs, late] }, /draws on grant:.*, whose time is over/)
})

test('I1: a grant is made once, with what it says', () => {
  const books = walletBooks()
  const [known] = books.customer.grants.keys()
  assert.ok(known)
  const terms = { origin: 'gift', priority: 20, expiresAtMs: null, amountNanos: 5n } as const
  const again = grant(books.customer, { ...terms, grantId: known }, books.moment)
  const fresh = grant(books.customer, { ...terms, grantId: grantId('fresh') }, books.moment)

  refused(books, again, /makes grant .* again/)
  refused(books, move(fresh, more), /does not bring grant fresh what it says/)
})

test('I1: a hold sets aside what it says, of windows and of the wallet, and so does its growth', () => {
  for (const books of [planBooks(), walletBooks()]) {
    const id = books.hold()
    const again = heldAgain(books, id)
    refused(books, without(again), /does not set aside what hold .* says/)
    refused(books, move(again, more), /does not set aside what hold .* says/)
    refused(books, move(grown(books, id, 20), more), /does not add what hold .* grows by/)
    books.own(again)
  }
  const books = planBooks()
  const again = heldAgain(books, books.hold())
  refused(books, say(again, { overrunReserveNanos: 1n }), /does not set aside/)
  const grantLegs = [{ grantId: grantId('g1'), amount: 1n }]
  refused(books, say(again, { grantLegs }), /does not set aside/)
})

test('I1: a hold that ends frees all that it keeps, of windows and of the wallet', () => {
  for (const books of [planBooks(), walletBooks()]) {
    const id = books.hold()
    for (const draft of [ended(books, id, 10), voided(books, id)]) {
      const isSettle = draft.body.kind === 'settled' && draft.body.source === 'extra_usage'
      const expected = isSettle ? /does not take the/ : /does not free what hold .* keeps/
      refused(books, without(draft), expected)
      refused(books, move(draft, more), expected)
    }
    books.own(voided(books, id))
  }
})

test('I1: no sum falls below zero, and the parts of a grant add up', () => {
  const books = planBooks()
  books.spend(3)
  const [leg] = books.entries.findLast(({ body }) => body.kind === 'settled')?.legs ?? []
  assert.ok(leg)
  const amount = cents(4)
  const back = { from: leg.to, to: 'plan', amount, unit: 'money' } as const
  const [, id = '', startMs = ''] = leg.to.split(':')
  const body = { kind: 'window_credited', limitId: id, startMs: Number(startMs) } as EntryBody
  refused(books, { atMs: books.nowMs, legs: [back], body }, /leaves limit session negative/)

  const wallet = walletBooks()
  const [grantOf] = wallet.customer.grants.keys()
  const refund = (nanos: bigint): EntryDraft => ({
    atMs: wallet.nowMs,
    legs: [{ from: `grant:${grantOf}:available`, to: `grant:${grantOf}:refunded`, amount: nanos }],
    body: { kind: 'refunded', grantId: grantOf } as EntryBody,
  })
  refused(wallet, refund(cents(51)), /leaves grant .* not adding up/)
  const nowhere = walletBooks()
  const half = move(refund(cents(1)), (one) => ({ ...one, to: 'gifts' }))
  refused(nowhere, half, /leaves grant .* not adding up/)
})

test('I5: a hold is placed once and ends once, and only an expiry is corrected', () => {
  const books = planBooks()
  const id = books.hold()
  const settled = ended(books, id, 4)
  const placing = heldAgain(books, id)
  const growing = grown(books, id, 20)

  refused(books, say(placing, { holdId: id }), /I5: .* places hold h\d+ again/)
  refused(books, say(settled, { isLate: true }), /I5: .* corrects hold h\d+, not expired/)
  books.own(settled)
  for (const draft of [settled, growing]) {
    refused(books, draft, /I5: .* is about hold h\d+, not open/)
  }
  const lost = books.hold()
  books.expire(lost)
  refused(books, say(placing, { holdId: lost }), /I5: .* places hold h\d+ again/)
})

test('I7: a charge takes what it says, and each nano of a cost has one payer', () => {
  const books = walletBooks()
  const id = books.hold()
  const draft = ended(books, id, 4)

  refused(
    books,
    say(draft, { chargedNanos: cents(3) }),
    /I7: .* leaves a cost of \d+ without a payer/,
  )
  refused(books, say(draft, { costNanos: cents(5) }), /without a payer/)
  const moved = { chargedNanos: cents(5), costNanos: cents(5) }
  refused(books, say(draft, moved), /I7: .* does not take the \d+ that it charges/)
  const less = { chargedNanos: -1n, overrunNanos: cents(4) + 1n }
  refused(books, say(draft, less), /I7: .* charges less than nothing/)
  books.own(draft)
})

test('I7: nothing is drawn past a cap or while extra usage is off; what was held stays chargeable', () => {
  const byCap = walletBooks()
  const dear = byCap.hold()
  const drawing = ended(byCap, dear, 30)
  byCap.cap({ kind: 'capped', amountNanos: cents(20) })
  refused(byCap, drawing, /I7: .* passes a spend cap by \d+/)

  const memberCap = walletBooks()
  const growing = grown(memberCap, memberCap.hold(), 30)
  const cap = { kind: 'capped', amountNanos: cents(20) } as const
  memberCap.own(setSpendCap({ scope: 'member', cap }, memberCap.moment))
  refused(memberCap, growing, /I7: .* passes a spend cap/)

  const off = walletBooks()
  const running = off.hold()
  const placing = heldAgain(off, running)
  const beyond = ended(off, running, 11)
  off.toggle(false)
  refused(off, beyond, /I7: .* draws on the wallet while .* off/)

  const twin = walletBooks()
  const held = twin.hold()
  twin.toggle(false)
  assert.equal(twin.settle(held, { output: 10 }).kind, 'settled')
  refused(twin, { ...placing, atMs: twin.nowMs }, /draws on the wallet while/)
})

test('I8: what is left to the operator stays within what the hold kept of the allowance', () => {
  const books = walletBooks()
  const id = books.hold()
  const placing = heldAgain(books, id)
  const draft = ended(books, id, 100)
  assert.ok(draft.body.kind === 'settled')
  const { overrunNanos } = draft.body
  assert.equal(overrunNanos, cents(50))

  refused(books, say(placing, { overrunReserveNanos: 1n }), /I8: .* reserves 1 beside a hold of/)
  refused(books, say(draft, { overrunReserveNanos: 1n }), /I8: .* frees another reserve than hold/)
  const unbooked = { ...draft, legs: draft.legs.filter(({ from }) => !from.startsWith('operator')) }
  refused(books, unbooked, /I8: .* does not book an overrun of/)
  const cheap = books.hold({ maxTokens: 11 })
  const over = say(ended(books, cheap, 11), {
    chargedNanos: cents(9),
    overrunNanos: cents(2),
  })
  const [taken] = over.legs
  assert.ok(taken)
  const legs: Leg[] = [
    { ...taken, amount: cents(9) },
    { from: 'operator_overrun', to: 'upstream', amount: cents(2) },
  ]
  refused(books, { ...over, legs }, /I8: .* leaves \d+ to the operator, who allowed \d+/)
})

test('I18: an entry follows those that its account has', () => {
  const books = new Books({
    plan: plan('p', [limit({ id: 'd', amount: 5n, shape: { kind: 'day', zone: 'UTC' } })]),
  })
  const id = books.hold()
  const draft = voided(books, id)
  books.customer.position = 1000

  refused(books, draft, /I18: entry \d+ follows entry 1000/)
})
