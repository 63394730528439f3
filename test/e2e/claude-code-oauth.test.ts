import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import type { Limit, WindowShape } from '../../src/core/plan.ts'
import { clientLeftOut } from './available.ts'
import type { ClientEnd } from './claude-client.ts'
import {
  assertAnswered,
  cent,
  eventsOf,
  openClientWorld,
  openSpentClientWorld,
  settledHolds,
} from './claude-world.ts'
import { sessionPlan } from './world.ts'

/**
 * The pinned client with its key where a login's token would be. It then reads the native limit headers, and
 * of a refusal prints its own words instead of ours.
 */

const skip = clientLeftOut()
const credential = 'CLAUDE_CODE_OAUTH_TOKEN'
const asEvents = ['-p', 'say hi', '--output-format', 'stream-json', '--verbose']

type RateLimit = {
  readonly status: string
  readonly rateLimitType?: string
  readonly resetsAt?: number
  readonly isUsingOverage: boolean
  readonly overageInUse?: boolean
  readonly overageStatus?: string
  readonly overageDisabledReason?: string
}

function rateLimitOf(end: ClientEnd): RateLimit {
  const events = eventsOf(end).filter((event) => event.type === 'rate_limit_event')
  assert.equal(events.length, 1, end.out)
  return events[0]?.['rate_limit_info'] as RateLimit
}

const secondsUp = (atMs: number | null | undefined): number => Math.ceil((atMs ?? 0) / 1000)

test(
  'an answer tells the client its window and that extra usage is off, without alarm',
  { skip },
  async () => {
    await using world = await openClientWorld({ credential })

    const end = await world.client.run(asEvents)
    await world.finished(1)

    const [session] = (await world.figures()).limits
    assert.equal(end.exitCode, 0)
    const { status, rateLimitType, resetsAt, ...rest } = rateLimitOf(end)
    assert.deepEqual([status, rateLimitType], ['allowed', 'five_hour'])
    assert.equal(resetsAt, secondsUp(session?.resetMs))
    assert.equal(rest.isUsingOverage, false)
    assert.equal(rest.overageStatus, 'rejected')
    assert.equal(rest.overageDisabledReason, 'org_level_disabled')
    assert.equal((await settledHolds(world)).length, 1)
  },
)

function spentLimit(id: string, shape: WindowShape, models?: readonly string[]): Limit {
  const scope = models === undefined ? {} : { models }
  return { id: limitId(id), unit: 'money', amount: cent, shapes: [{ sinceMs: 0, shape }], ...scope }
}

// Windows that are far from their ends, whenever the test runs.
const today = new Date()
const isoWeekday = ((today.getUTCDay() + 2) % 7) + 1
const anchor = { weekday: isoWeekday, hour: 9, minute: 0 }
const week: WindowShape = { kind: 'week', anchor, zone: 'UTC' }
const hoursAfterNoon = today.getUTCHours() - 12
const noonZone = `Etc/GMT${hoursAfterNoon < 0 ? '' : '+'}${hoursAfterNoon}`
const day: WindowShape = { kind: 'day', zone: noonZone }
const wide = 10n * nanosPerUnit

test(
  'a refusal is one request, told in the words and with the reset of the limit that binds',
  { skip },
  async () => {
    const cases = [
      [sessionPlan(cent), 'session', "You've hit your 5-hour limit", 'five_hour'],
      [
        sessionPlan(wide, { limits: [spentLimit('week', week)] }),
        'week',
        "You've hit your weekly limit",
        'seven_day',
      ],
      [
        sessionPlan(wide, { limits: [spentLimit('sonnet', week, ['claude-sonnet'])] }),
        'sonnet',
        "You've hit your Sonnet limit",
        'seven_day_sonnet',
      ],
      // The client has no name for a day's limit; without a reset of its own it would print the month's end.
      [
        sessionPlan(wide, { limits: [spentLimit('day', day)] }),
        'day',
        "You've hit your limit",
        undefined,
      ],
      // Of two that bind, the later reset counts: coming back at the session's would be in vain.
      [
        sessionPlan(cent, { limits: [spentLimit('week', week)] }),
        'week',
        "You've hit your weekly limit",
        'seven_day',
      ],
    ] as const
    for (const [plan, id, words, claim] of cases) {
      await using world = await openSpentClientWorld({ plan, credential })

      const refused = await world.client.run(asEvents)
      await world.finished(2)

      const { limits } = await world.figures()
      const resetMs = limits.find((limit) => limit.limitId === id)?.resetMs ?? 0
      const info = rateLimitOf(refused)
      assert.equal(refused.exitCode, 1)
      assert.equal(world.asked().length, 2, 'one request was answered before, one refused')
      assert.deepEqual([info.status, info.rateLimitType], ['rejected', claim])
      assert.equal(info.resetsAt, secondsUp(resetMs))
      const printed = String(eventsOf(refused).at(-1)?.['result'])
      assert.ok(printed.startsWith(`${words} · resets `), printed)
      assert.ok(
        printed.endsWith(`${clockText(resetMs)} (UTC)`),
        `${printed}; ${clockText(resetMs)}`,
      )
    }
  },
)

/** As the client writes it: "8pm", "8:09pm". */
function clockText(atMs: number): string {
  const at = new Date(Math.ceil(atMs / 1000) * 1000)
  const [hour, minute] = [at.getUTCHours(), at.getUTCMinutes()]
  const minutes = minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`
  return `${hour % 12 === 0 ? 12 : hour % 12}${minutes}${hour < 12 ? 'am' : 'pm'}`
}

test(
  'an answer paid from extra usage says so, and says which window is used up',
  { skip },
  async () => {
    await using world = await openSpentClientWorld({ plan: sessionPlan(cent), credential })
    await world.turnOnExtraUsage(5n * nanosPerUnit)

    const paid = await world.client.run(asEvents)
    await world.finished(2)

    const info = rateLimitOf(paid)
    assert.equal(paid.exitCode, 0)
    assert.deepEqual([info.status, info.rateLimitType], ['rejected', 'five_hour'])
    assert.deepEqual([info.isUsingOverage, info.overageInUse], [true, true])
    assert.equal(info.overageStatus, 'allowed')
    const settled = (await settledHolds(world)).at(-1)
    assert.equal(settled?.source, 'extra_usage')
    assert.equal(settled.chargedNanos, settled.costNanos)
  },
)

test('an answer whose own hold fills the session is no rejection', { skip }, async () => {
  // The first prompt is expected to cost more than this session has, and is admitted: its hold need not fit.
  await using world = await openClientWorld({ plan: sessionPlan(cent), credential })

  const end = await world.client.run(asEvents)

  assert.equal(end.exitCode, 0)
  const info = rateLimitOf(end)
  assert.deepEqual([info.status, info.isUsingOverage], ['allowed_warning', false])
})

test(
  "an upstream's own pause is not told as the member's limit, and the client tries again",
  { skip },
  async () => {
    await using world = await openClientWorld({ credential })

    const end = await world.client.run(['-p', 'demo-fail: 429'], { CLAUDE_CODE_MAX_RETRIES: '1' })
    await world.finished(2)

    assert.equal(end.exitCode, 1)
    assert.match(end.out, /Server is temporarily limiting requests \(not your usage limit\)/)
    assert.equal(world.asked().length, 2)
    const { limits } = await world.figures()
    assert.deepEqual([limits[0]?.used, limits[0]?.held], [0n, 0n])
  },
)

test(
  'the status of an answer is not kept by the client: after the switch the next run is answered',
  { skip },
  async () => {
    await using world = await openSpentClientWorld({ plan: sessionPlan(cent), credential })
    const refused = await world.client.run(['-p', 'say hi'])
    await world.turnOnExtraUsage(5n * nanosPerUnit)

    const paid = await world.client.run(['-p', 'say hi'])

    assert.match(refused.out, /^You've hit your 5-hour limit · resets \S+ \(UTC\)\n$/)
    assertAnswered(paid, 'say hi')
  },
)
