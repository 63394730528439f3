import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  ada,
  ben,
  cents,
  day,
  hour,
  limit,
  plan,
  session,
  startMs,
  week,
} from '../../test/rules/books.ts'
import * as commands from './commands.ts'
import { emptySystem } from './empty-state.ts'
import type { GrantOrigin } from './account.ts'
import { grantId, keyId, limitId, planId, priceId } from './ids.ts'
import { dueGrants } from './included-grant.ts'
import type { Limit, Plan, WindowShape } from './plan.ts'

const moment = { nowMs: startMs, position: 3 }

test('each command is one entry that says what was asked, at its moment, and moves nothing else', () => {
  const shared = { scope: 'customer', isOn: true } as const
  const cap = { kind: 'capped', amountNanos: cents(5) } as const
  const terms = {
    zone: 'Europe/Berlin',
    isExtraUsageOn: true,
    cap,
    overrunMaxNanos: cents(7),
    isStrict: true,
    runningMax: 9,
  }
  const reload = {
    kind: 'on',
    thresholdNanos: 1n,
    amountNanos: 2n,
    monthMaxNanos: 3n,
  } as const
  const excepted = {
    limitId: limitId('week'),
    unit: 'money',
    exception: { amount: 5n, untilMs: null },
  } as const
  const price = {
    id: priceId('p'),
    model: 'm',
    source: 'test',
    rates: {},
    multipliers: {},
  }
  const written = [
    [commands.openCustomer(terms, moment), { kind: 'customer_opened', ...terms }],
    [
      commands.issueKey({ keyId: keyId('k'), keyHash: 'hash' }, moment),
      { kind: 'key_issued', keyId: 'k', keyHash: 'hash' },
    ],
    [commands.revokeKey({ keyId: keyId('k') }, moment), { kind: 'key_revoked', keyId: 'k' }],
    [commands.setExtraUsage(shared, moment), { kind: 'extra_usage_set', ...shared }],
    [
      commands.setSpendCap({ scope: 'member', cap }, moment),
      { kind: 'spend_cap_set', scope: 'member', cap },
    ],
    [
      commands.setStatus({ scope: 'member', isActive: false }, moment),
      { kind: 'status_set', scope: 'member', isActive: false },
    ],
    [commands.exceptLimit(excepted, moment), { kind: 'limit_excepted', ...excepted }],
    [
      commands.setAutoReload({ setting: reload }, moment),
      { kind: 'auto_reload_set', setting: reload },
    ],
    [
      commands.setStandingOrder({ monthMaxNanos: 4n }, moment),
      { kind: 'standing_order_set', monthMaxNanos: 4n },
    ],
    [commands.publishPrice(price, moment), { kind: 'price_published', price }],
  ] as const
  for (const [draft, body] of written) assert.deepEqual(draft, { atMs: startMs, legs: [], body })
})

describe('a grant', () => {
  test('comes from payments, gifts or the plan, and burns included first and bought last', () => {
    const { customer } = new Books({ plan: plan('p', []) })
    const from = (origin: GrantOrigin): string | undefined => {
      const terms = { grantId: grantId('g'), origin, priority: 1, expiresAtMs: 5, amountNanos: 9n }
      const draft = commands.grant(customer, terms, moment)
      assert.deepEqual(draft.body, { kind: 'granted', grant: terms })
      assert.deepEqual(
        draft.legs.map(({ to, amount }) => [to, amount]),
        [['grant:g:available', 9n]],
      )
      return draft.legs[0]?.from
    }
    assert.deepEqual((['top_up', 'auto_reload', 'gift', 'included'] as const).map(from), [
      'payments',
      'payments',
      'gifts',
      'plan',
    ])
    const { included, gift, top_up: bought, auto_reload: reloaded } = commands.grantPriorities
    assert.ok(included < gift && gift < bought && bought === reloaded)
  })

  test('that a plan includes says which one it is and the month that it is for', () => {
    const generous = plan('generous', [], {
      grants: [
        { id: 'monthly', amountNanos: cents(5), every: 'month' },
        { id: 'welcome', amountNanos: cents(7), every: 'once' },
      ],
    })
    const books = new Books({ plan: plan('p', []) })
    books.publish(generous)
    books.own(commands.seatMember(books.account(), { planId: generous.id }, books.moment))
    books.topUp(cents(1), { expiresAtMs: startMs })

    const drafts = dueGrants(books.account(), startMs).map((due) =>
      commands.postIncludedGrant(books.account(), due, books.moment),
    )

    const monthStartMs = Date.UTC(2026, 10, 1)
    const [monthly, welcome] = drafts
    assert.deepEqual(monthly?.body, {
      kind: 'granted',
      grant: {
        grantId: 'inc_2026-11_8.7_generous.monthly_ada',
        origin: 'included',
        priority: 10,
        expiresAtMs: Date.UTC(2026, 11, 1),
        amountNanos: cents(5),
      },
      included: { id: 'generous.monthly', monthStartMs },
    })
    assert.deepEqual(monthly.legs, [
      { from: 'grant:g1:available', to: 'grant:g1:expired', amount: cents(1) },
      {
        from: 'plan',
        to: 'grant:inc_2026-11_8.7_generous.monthly_ada:available',
        amount: cents(5),
      },
    ])
    assert.ok(welcome?.body.kind === 'granted')
    assert.equal(welcome.body.grant.expiresAtMs, null)
    assert.deepEqual(welcome.body.included, { id: 'generous.welcome', monthStartMs })
  })

  test('is given back as far as nobody holds it, and books what has expired of the others', () => {
    const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
    books.topUp(cents(15))
    books.topUp(cents(3), { expiresAtMs: startMs + 1 })
    books.hold()
    books.nowMs += 1

    const refund = (id: string) =>
      commands.refundGrant(books.customer, { grantId: grantId(id) }, books.moment)

    assert.deepEqual(refund('g1'), {
      atMs: startMs + 1,
      legs: [{ from: 'grant:g1:available', to: 'grant:g1:refunded', amount: cents(15 - 7) }],
      body: { kind: 'refunded', grantId: 'g1' },
    })
  })

  test('of which nothing is available, or that never was, cannot be given back', () => {
    const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
    books.topUp(cents(10))
    books.topUp(cents(5), { expiresAtMs: startMs + hour, priority: 60 })
    books.spend(10, { maxTokens: 10 })
    books.nowMs += 2 * hour
    for (const id of ['g1', 'g2', 'g9']) {
      const refund = commands.refundGrant(books.customer, { grantId: grantId(id) }, books.moment)
      assert.equal(refund, undefined, id)
    }
  })
})

describe('W4: a gifted reset', () => {
  test('credits what the running instance has used, in its unit', () => {
    const tokens = limit({
      id: 'tokens',
      amount: 1000n,
      unit: 'tokens',
      shape: { kind: 'session', lengthMs: hour },
    })
    const books = new Books({ plan: plan('p', [tokens]) })
    books.spend(41)

    const draft = commands.creditWindow(books.account(), { limitId: tokens.id }, books.moment)

    assert.deepEqual(draft, {
      atMs: startMs,
      legs: [{ from: `window:tokens:${startMs}:used`, to: 'plan', amount: 41n, unit: 'tokens' }],
      body: { kind: 'window_credited', limitId: 'tokens', startMs },
    })
  })

  test('is nothing where no instance runs or nothing was used', () => {
    const books = new Books({ plan: plan('p', [session(cents(100))]) })
    const credit = () =>
      commands.creditWindow(books.account(), { limitId: limitId('session') }, books.moment)
    assert.equal(credit(), undefined)
    const id = books.hold()
    assert.equal(credit(), undefined)
    books.settle(id, { output: 5 })
    assert.notEqual(credit(), undefined)
    books.nowMs += 5 * hour - 1
    assert.notEqual(credit(), undefined)
    books.nowMs += 1
    assert.equal(credit(), undefined)
  })
})

describe('W1: a change of plan', () => {
  const sunday: WindowShape = {
    kind: 'week',
    anchor: { weekday: 7, hour: 6, minute: 30 },
    zone: 'UTC',
  }
  const monday = plan('monday', [week(cents(100)), session(cents(50))])
  const weekend = plan('weekend', [limit({ id: 'week', amount: cents(200), shape: sunday })])

  test('keeps the reset that was shown, also of a week in which nothing was used yet', () => {
    const books = new Books({ plan: monday })
    books.publish(weekend)
    const shown = books.figures().limits[0]
    books.seat(weekend.id)

    const [kept] = books.figures().limits
    assert.equal(kept?.resetMs, Date.UTC(2026, 10, 23))
    assert.deepEqual([kept.startMs, kept.resetMs], [shown?.startMs, shown?.resetMs])
    books.nowMs = Date.UTC(2026, 10, 23)
    assert.equal(books.figures().limits[0]?.resetMs, Date.UTC(2026, 10, 29, 6, 30))
  })

  test('pins each running instance with its unit, and no session that is not open', () => {
    const books = new Books({ plan: monday })
    books.publish(weekend)
    const move = () => commands.seatMember(books.account(), { planId: weekend.id }, books.moment)
    const ofWeek = {
      limitId: 'week',
      unit: 'money',
      startMs: Date.UTC(2026, 10, 16),
      endMs: Date.UTC(2026, 10, 23),
    }
    assert.deepEqual(move().body, { kind: 'member_seated', planId: 'weekend', pins: [ofWeek] })
    books.hold()
    const open = { limitId: 'session', unit: 'money', startMs, endMs: startMs + 5 * hour }
    assert.deepEqual(move().body, {
      kind: 'member_seated',
      planId: 'weekend',
      pins: [ofWeek, open],
    })
  })

  test('pins nothing for a member that had no seat, or whose plan is not known', () => {
    const books = new Books({ plan: monday })
    const seat = (by: typeof ada) =>
      commands.seatMember(books.account(by), { planId: monday.id }, books.moment).body
    assert.deepEqual(seat(ben), { kind: 'member_seated', planId: 'monday', pins: [] })
    books.member(ben).planId = monday.id
    assert.deepEqual(seat(ben), { kind: 'member_seated', planId: 'monday', pins: [] })
    books.member(ada).planId = planId('gone')
    assert.deepEqual(seat(ada), { kind: 'member_seated', planId: 'monday', pins: [] })
  })

  test('keeps the instance that a correction of the clock can bring back', () => {
    const books = new Books({ plan: monday })
    books.spend(30)
    books.publish(weekend)
    books.jump(7 * day)
    books.seat(weekend.id)
    assert.equal(books.member().planId, weekend.id)
    books.correct(hour)

    assert.equal(books.figures().limits[0]?.used, cents(30))
  })
})

describe('a version of a plan', () => {
  const published = (asked: Plan, old?: Plan, nowMs = startMs): Plan | undefined => {
    const system = emptySystem()
    if (old !== undefined) {
      system.plans.set(old.id, old)
      for (const { id, unit } of old.limits) system.limitUnits.set(id, unit)
    }
    const draft = commands.publishPlan(system, asked, { nowMs, position: 1 })
    return draft?.body.kind === 'plan_published' ? draft.body.plan : undefined
  }
  const first = published(plan('p', [session(cents(5)), week(cents(9))]))
  const daily: WindowShape = { kind: 'day', zone: 'UTC' }
  const withShape = (shape: WindowShape): Plan =>
    plan('p', [limit({ id: 'session', amount: cents(5), shape }), week(cents(9))])

  test('counts up from one, and there is no new one where nothing changed', () => {
    assert.ok(first !== undefined)
    assert.equal(first.version, 1)
    assert.equal(published(plan('p', [session(cents(5)), week(cents(9))]), first), undefined)
    const dearer = published(plan('p', [session(cents(6)), week(cents(9))]), first)
    assert.deepEqual([dearer?.version, dearer?.limits[0]?.amount], [2, cents(6)])
    assert.deepEqual(dearer?.limits[0]?.shapes, first.limits[0]?.shapes)
    assert.equal(published(plan('p', [session(cents(5))]), first)?.version, 2)
  })

  test('tells amounts apart that only differ in kind', () => {
    const priced = published(plan('p', [], { priceNanos: 5n }))
    assert.equal(published(plan('p', [], { priceNanos: 5n }), priced), undefined)
    assert.equal(published(plan('p', [], { priceNanos: null }), priced)?.version, 2)
    assert.equal(published(plan('p', [], { name: 'P', priceNanos: 5n }), priced)?.version, 2)
  })

  test('remembers a changed shape with its moment, and that of a new limit from the beginning', () => {
    const changed = published(withShape(daily), first, startMs + 5)
    assert.deepEqual(changed?.limits[0]?.shapes, [
      { sinceMs: 0, shape: { kind: 'session', lengthMs: 5 * hour } },
      { sinceMs: startMs + 5, shape: daily },
    ])
    assert.deepEqual(changed.limits[1], first?.limits[1])
    const more = plan('p', [
      ...withShape(daily).limits,
      limit({ id: 'new', amount: 1n, shape: daily }),
    ])
    assert.deepEqual(published(more, changed, startMs + 9)?.limits[2]?.shapes, [
      { sinceMs: 0, shape: daily },
    ])
  })

  test('remembers sixteen shapes, the newest of them', () => {
    let known = first
    for (let nth = 0; nth < 20; nth += 1) {
      const shape: WindowShape = { kind: 'session', lengthMs: nth + 1 }
      known = published(withShape(shape), known, startMs + nth)
    }
    const shapes = known?.limits[0]?.shapes ?? []
    assert.equal(shapes.length, 16)
    assert.deepEqual(shapes.at(-1), {
      sinceMs: startMs + 19,
      shape: { kind: 'session', lengthMs: 20 },
    })
    assert.equal(shapes[0]?.sinceMs, startMs + 4)
  })

  test('W1: however often an anchor is changed within a week, the week that runs ends when it was to end', () => {
    let known = first
    for (let nth = 1; nth <= 40; nth += 1) {
      const anchor = { weekday: 1 + (nth % 7), hour: nth % 24, minute: 0 }
      const shape: WindowShape = { kind: 'week', zone: 'UTC', anchor }
      const asked = limit({ id: 'week', amount: cents(9), shape })
      known = published(plan('p', [session(cents(5)), asked]), known, startMs + nth)
      assert.deepEqual(known?.limits[1]?.shapes, [
        first?.limits[1]?.shapes[0],
        { sinceMs: startMs + nth, shape },
      ])
    }
  })

  test('W1: what is asked for after a wrong clock was put right counts at once', () => {
    const of = (hours: number): WindowShape => ({ kind: 'session', lengthMs: hours * hour })
    const wrong = published(withShape(of(2)), first, startMs + 90 * day)
    for (const shape of [of(7), of(2)]) {
      assert.deepEqual(published(withShape(shape), wrong, startMs)?.limits[0]?.shapes, [
        first?.limits[0]?.shapes[0],
        { sinceMs: startMs, shape },
      ])
    }
    assert.equal(published(withShape(of(2)), wrong, startMs + 90 * day), undefined)
  })

  test('W1: an old list that a wrong clock left hidden is put right by asking for the same again', () => {
    const newest = { sinceMs: startMs, shape: daily }
    const ahead = {
      sinceMs: startMs + 90 * day,
      shape: { kind: 'session', lengthMs: 2 * hour },
    } as const
    const asked = withShape(daily)
    const limits = asked.limits.map((one) => ({
      ...one,
      shapes: [...(first?.limits[0]?.shapes ?? []), ahead, newest],
    }))
    const again = published(asked, { ...asked, version: 1, limits }, startMs + day)
    assert.deepEqual(again?.limits[0]?.shapes, [
      first?.limits[0]?.shapes[0],
      { sinceMs: startMs + day, shape: daily },
    ])
  })

  test('a limit keeps its only shape, also where the clock is behind the moment of that one', () => {
    const shapes = [{ sinceMs: startMs, shape: daily }]
    const asked = plan('p', [limit({ id: 'session', amount: cents(5), shape: daily })])
    const old: Plan = { ...asked, limits: asked.limits.map((one) => ({ ...one, shapes })) }
    assert.equal(published(asked, { ...old, version: 1 }, startMs - hour), undefined)
  })

  test('keeps the unit of a limit for good, in every plan', () => {
    const tokens = limit({ id: 'session', amount: 5n, unit: 'tokens', shape: daily })
    assert.throws(() => published(plan('other', [tokens]), first), {
      code: 'plan_change_invalid',
      message:
        'Limit "session" has counted money before; give the limit in plan "other" another id to count tokens',
    })
  })

  test('has a window for each of its limits', () => {
    const shapeless: Limit = { id: limitId('bare'), unit: 'money', amount: 1n, shapes: [] }
    assert.throws(() => published(plan('p', [shapeless])), {
      code: 'plan_change_invalid',
      message: 'Limit "bare" has no window',
    })
  })
})
