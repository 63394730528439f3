import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, EntryBody } from '../../src/core/entry.ts'
import { customerId, grantId, memberId, operationId, planId } from '../../src/core/ids.ts'
import { HistoryLog, type HistoryEvent } from '../simulation/history-log.ts'
import { checkLongHistory } from './check-long-history.ts'
import { historyOfWorld, type Look } from './from-world.ts'
import { planOf } from './sample-account.ts'

/** A world of which only the journal and what people said is left; its clock stands still. */
class SmallWorld {
  readonly events: HistoryEvent[] = []
  readonly looks: Look[] = []
  readonly own: Entry[] = []
  readonly log = new HistoryLog(
    () => 0,
    (event) => this.events.push(event),
  )
  readonly system: Entry[] = []

  constructor() {
    this.system.push(this.#entry({ kind: 'plan_published', plan: planOf('some', 300n) }, 1))
    this.write({
      kind: 'customer_opened',
      zone: 'UTC',
      isExtraUsageOn: true,
      cap: { kind: 'unlimited' },
      overrunMaxNanos: 1_000_000n,
      isStrict: false,
      runningMax: 100,
    })
    this.write({ kind: 'member_seated', planId: planId('some'), pins: [] })
  }

  /** Becomes durable now. */
  write(body: EntryBody, key?: string): void {
    const position = this.own.length + 2
    this.own.push(this.#entry(body, position, key))
    const since = this.log.next()
    this.looks.push({ position, since, at: this.log.next() })
  }

  topUp(key: string, amountNanos: bigint): void {
    const terms = { origin: 'top_up', priority: 50, expiresAtMs: null, amountNanos } as const
    this.write({ kind: 'granted', grant: { grantId: grantId(key), ...terms } }, `operator:${key}`)
  }

  /** Somebody reads the page of a member, as of a position. */
  look(balance: number, position = this.own.length + 1): void {
    const nothing = { balanceNanos: String(balance), heldNanos: '0', spentNanos: '0' }
    const ofMember = { memberSpentNanos: '0', memberHeldNanos: '0', memberCapNanos: null }
    const switches = { isOnForCustomer: true, isOnForMember: true, capNanos: null }
    const figures = {
      position,
      atMs: 0,
      limits: [{ limitId: 'session', used: '0', held: '0', amount: '300', resetMs: null }],
      runningCount: 0,
      extraUsage: { ...nothing, ...ofMember, ...switches },
    }
    this.ask({ operation: 'page', path: '/usage' }).ok({ figures })
  }

  ask(facts: HistoryEvent['facts']): ReturnType<HistoryLog['invoke']> {
    return this.log.invoke('somebody', { customerId: 'acme', memberId: 'ann', ...facts })
  }

  history(): ReturnType<typeof historyOfWorld> {
    const { own, system, events, looks } = this
    const journal = { customer: 'acme', own, system }
    return historyOfWorld(journal, { events, looks, readDenied: () => undefined })
  }

  verdict(): ReturnType<typeof checkLongHistory> {
    return checkLongHistory(this.history())
  }

  #entry(body: EntryBody, position: number, key?: string): Entry {
    const mark = key === undefined ? {} : { operationId: operationId(key) }
    const member = body.kind === 'member_seated' ? memberId('ann') : null
    return {
      position,
      customerId: customerId('acme'),
      memberId: member,
      atMs: 0,
      legs: [],
      body,
      ...mark,
    }
  }
}

const paying = (key: string): HistoryEvent['facts'] => {
  return { operation: 'command', path: '/customers/acme/top-ups', key }
}

test("a world's log is checked in the order of its events, though its clock stands still", () => {
  const good = new SmallWorld()
  good.look(0)
  const payment = good.ask(paying('a'))
  good.topUp('a', 50n)
  payment.ok({})
  good.look(50)
  const stale = new SmallWorld()
  const other = stale.ask(paying('a'))
  stale.topUp('a', 50n)
  other.ok({})
  stale.look(0)

  assert.deepEqual(good.verdict(), { kind: 'linearizable', lines: [] })
  assert.equal(stale.verdict().kind, 'not_linearizable')
})

test('what was durable before somebody asked counts for the answer, whatever position it names', () => {
  const world = new SmallWorld()
  world.topUp('a', 50n)
  world.look(0, 3)

  assert.equal(world.verdict().kind, 'not_linearizable')
})

test('what was answered before somebody asked comes before that, though nobody looked at the journal between', () => {
  const world = new SmallWorld()
  const payment = world.ask(paying('a'))
  world.topUp('a', 50n)
  world.looks.pop()
  payment.ok({})
  world.look(50, 2)

  const { operations } = world.history()

  const order = operations.toSorted((a, b) => (a.hint ?? 0) - (b.hint ?? 0))
  assert.deepEqual(
    order.slice(-2).map(({ call }) => call.kind),
    ['top_up', 'figures'],
  )
})

test('what nobody was told of counts once it is in the journal, and not at all when it never is', () => {
  const late = new SmallWorld()
  late.ask(paying('a')).unknown()
  late.look(0)
  late.topUp('a', 50n)
  late.look(50)
  const never = new SmallWorld()
  never.ask(paying('a'))
  never.look(0)

  assert.equal(late.verdict().kind, 'linearizable')
  assert.equal(never.verdict().kind, 'linearizable')
})

test('a command that was acknowledged and is not in the journal makes a history bad', () => {
  const world = new SmallWorld()
  world.ask(paying('a')).ok({})

  const { kind, lines } = world.verdict()

  assert.equal(kind, 'not_linearizable')
  assert.match(lines[0] ?? '', /no order of these \d+ operations explains the answer to #1$/)
})
