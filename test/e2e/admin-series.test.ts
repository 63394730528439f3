import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { limitId } from '../../src/core/ids.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { useTokens } from './used-tokens.ts'
import { sessionPlan, type Seat } from './world.ts'

/** What the admin API says about usage over time. */

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A Sunday. */
const noonMs = Date.UTC(2026, 10, 22, 12)

const one = (seat: Seat): string => `/api/customers/${seat.customerId}/members/${seat.memberId}`

async function series(it: AdminWorld, path: string, query = ''): Promise<Answer> {
  const answered = await it.call('GET', `${path}/series${query}`)
  assert.equal(answered.status, 200, answered.text)
  return answered.json
}
// oxlint-disable-next-line typescript/no-explicit-any -- assertions check its shape
type Answer = any

describe('usage over time', () => {
  test('hours and days hold exactly the requests that settled in them, by model', async () => {
    const clock = new ManualClock(noonMs)
    await using it = await openAdminWorld({ clock })
    const { parts, seat } = it.world
    await useTokens(parts, seat, { model: 'opus', usage: { input: 5, output: 1 } })
    clock.pass(30 * minuteMs)
    await useTokens(parts, seat, { model: 'haiku', usage: { input: 7, cache_read: 2 } })
    clock.pass(26 * hourMs)
    await useTokens(parts, seat, { model: 'opus', usage: { output: 3 } })

    const hours = await series(it, one(seat), '?step=hour')
    const days = await series(it, one(seat))

    assert.equal(hours.buckets.length, 48)
    assert.deepEqual(usedIn(hours), [
      [
        noonMs,
        [
          ['opus', 1, '15'],
          ['haiku', 1, '7'],
        ],
      ],
      [noonMs + 26 * hourMs, [['opus', 1, '30']]],
    ])
    assert.equal(days.buckets.length, 30)
    assert.deepEqual(usedIn(days), [
      [
        noonMs - 12 * hourMs,
        [
          ['opus', 1, '15'],
          ['haiku', 1, '7'],
        ],
      ],
      [noonMs + 12 * hourMs, [['opus', 1, '30']]],
    ])
    assert.deepEqual(days.total.usage, { input: 12, output: 4, cache_read: 2 })
    assert.deepEqual(
      days.models.map((sum: Answer) => [sum.model, sum.costNanos]),
      [
        ['opus', '45'],
        ['haiku', '7'],
      ],
    )
    assert.equal(days.wholeSinceMs, null)
    const hour = `?step=hour&fromMs=${noonMs}&toMs=${noonMs + hourMs}`
    assert.deepEqual(usedIn(await series(it, one(seat), hour)), usedIn(hours).slice(0, 1))
  })

  test('a day is the day of the zone that was asked for, and so is an hour', async () => {
    const clock = new ManualClock(Date.UTC(2026, 10, 22, 20, 20))
    await using it = await openAdminWorld({ clock })
    const { parts, seat } = it.world
    await useTokens(parts, seat, { model: 'opus', usage: { input: 1 } })

    const days = await series(it, one(seat), '?zone=Asia/Kathmandu')
    const hours = await series(it, one(seat), '?step=hour&zone=Asia/Kathmandu')

    // 02:05 of the next day there: the zone is 5 hours and 45 minutes ahead.
    assert.equal(usedIn(days)[0]?.[0], Date.UTC(2026, 10, 22, 18, 15))
    assert.equal(usedIn(hours)[0]?.[0], Date.UTC(2026, 10, 22, 20, 15))
  })

  test('a member sees its own, its customer sees all, and later requests are added', async () => {
    const clock = new ManualClock(noonMs)
    await using it = await openAdminWorld({ clock })
    const { parts, seat } = it.world
    const bob = await it.world.addSeat('bob')
    await useTokens(parts, seat, { model: 'opus', usage: { input: 1 } })
    await useTokens(parts, bob, { model: 'opus', usage: { input: 2 } })
    const costs = async (): Promise<readonly string[]> => {
      const own = await it.call('GET', '/api/me/series', { token: seat.keyText })
      const all = await series(it, `/api/customers/${seat.customerId}`)
      const his = await series(it, one(bob))
      return [own.json.total.costNanos, his.total.costNanos, all.total.costNanos]
    }

    assert.deepEqual(await costs(), ['1', '2', '3'])
    await useTokens(parts, bob, { model: 'opus', usage: { input: 4 } })
    assert.deepEqual(await costs(), ['1', '6', '7'])
  })

  test('the sum over the series is the sum over the history, what extra usage paid included', async () => {
    const clock = new ManualClock(noonMs)
    await using it = await openAdminWorld({ clock, plan: sessionPlan(50n) })
    const { parts, seat } = it.world
    await it.world.turnOnExtraUsage(1000n)
    for (let count = 0; count < 40; count += 1) {
      const model = count % 3 === 0 ? 'haiku' : 'opus'
      await useTokens(parts, seat, { model, usage: { input: count, output: count % 4 } })
      clock.pass(hourMs)
    }

    const { total, models } = await series(it, one(seat))
    const { json: history } = await it.call('GET', `${one(seat)}/history?rowsMax=500`)

    const requests = history.lines.filter((line: Answer) => line.kind === 'request')
    const sum = (name: string): bigint =>
      requests.reduce((all: bigint, { request }: Answer) => all + BigInt(request[name]), 0n)
    assert.equal(total.requests, 40)
    assert.equal(requests.length, 40)
    for (const name of ['costNanos', 'chargedNanos', 'overrunNanos']) {
      assert.equal(BigInt(total[name]), sum(name), name)
      const ofModels = models.reduce((all: bigint, one_: Answer) => all + BigInt(one_[name]), 0n)
      assert.equal(BigInt(total[name]), ofModels, name)
    }
    assert.ok(sum('chargedNanos') > 0n, 'extra usage paid some of it')
    assert.ok(sum('chargedNanos') < sum('costNanos'), 'and the plan the rest')
  })

  test('after the clock of record went back, what had settled later is still counted', async () => {
    const clock = new ManualClock(noonMs)
    await using it = await openAdminWorld({ clock })
    const { parts, seat } = it.world
    // Ahead by three hours that the operator believed, and took back.
    clock.stepWall(3 * hourMs)
    parts.storage.adoptWallClock()
    await useTokens(parts, seat, { model: 'opus', usage: { input: 1 } })
    clock.stepWall(-3 * hourMs)
    assert.equal((await it.call('POST', '/api/clock/correct')).status, 200)
    // More than one page of them, so that a reader could think that nothing older is later.
    for (let count = 0; count < 8; count += 1)
      await Promise.all(
        Array.from({ length: 150 }, () =>
          useTokens(parts, seat, { model: 'opus', usage: { input: 1 } }),
        ),
      )

    const { total } = await series(
      it,
      one(seat),
      `?step=hour&fromMs=${noonMs + 2 * hourMs}&toMs=${noonMs + 4 * hourMs}`,
    )

    assert.equal(total.requests, 1)
  })

  test('a range that is turned round, too long or too old is refused with the reason', async () => {
    await using it = await openAdminWorld()
    const at = (query: string) => it.call('GET', `/api/customers/acme/series?${query}`)
    const nowMs = it.world.parts.storage.recordNowMs()

    for (const query of [
      `fromMs=${nowMs}&toMs=${nowMs}`,
      `step=hour&fromMs=${nowMs - 60 * dayMs}`,
      'fromMs=0&toMs=1',
      'step=week',
      'zone=Nowhere',
    ]) {
      const { status, json } = await at(query)
      assert.equal(status, 400, query)
      assert.equal(json.error.code, 'invalid_request')
    }
    assert.equal((await it.call('GET', '/api/customers/nobody/series')).status, 404)
    assert.equal((await it.call('GET', '/api/customers/acme/members/nobody/series')).status, 404)
  })
})

describe('the forecast', () => {
  test('tells for each limit when it runs out, in words and as a moment', async () => {
    const clock = new ManualClock(noonMs)
    const shape = { kind: 'week', anchor: { weekday: 7, hour: 0, minute: 0 }, zone: 'UTC' } as const
    const week = {
      id: limitId('week'),
      unit: 'tokens',
      amount: 10_000n,
      shapes: [{ sinceMs: 0, shape }],
    } as const
    await using it = await openAdminWorld({ clock, plan: sessionPlan(100n, { limits: [week] }) })
    const { parts, seat } = it.world
    const forecast = async (): Promise<Answer> => {
      const answered = await it.call('GET', '/api/me/forecast', { token: seat.keyText })
      assert.equal(answered.status, 200, answered.text)
      return answered.json.limits
    }

    assert.deepEqual(
      (await forecast()).map((limit: Answer) => limit.outcome),
      ['no_window', 'too_little_use'],
    )
    for (let count = 0; count < 4; count += 1) {
      await useTokens(parts, seat, { model: 'opus', usage: { input: 10 } })
      clock.pass(15 * minuteMs)
    }
    const [session, weekly] = await forecast()

    assert.equal(session.title, 'Session')
    assert.equal(session.outcome, 'runs_out')
    assert.equal(session.perHour, '40')
    assert.equal(session.runsOutAtMs, noonMs + hourMs + 1.5 * hourMs)
    assert.equal(session.sentence, 'At the pace of the last hour, it runs out before its reset.')
    assert.equal(weekly.outcome, 'not_before_reset')
    assert.equal(
      weekly.sentence,
      'At the pace of the last day, it does not run out before its reset.',
    )
  })
})

/** The buckets in which something was used: model, requests, cost. */
function usedIn(answer: Answer): readonly (readonly [number, readonly unknown[]])[] {
  return answer.buckets
    .filter((bucket: Answer) => bucket.total.requests > 0)
    .map((bucket: Answer) => [
      bucket.startMs,
      bucket.models.map((sum: Answer) => [sum.model, sum.requests, sum.costNanos]),
    ])
}
