import fc from 'fast-check'
import type { AutoReload, SpendCap } from '../../src/core/account.ts'
import { limitId, planId, priceId } from '../../src/core/ids.ts'
import type { Limit, Plan, WindowShape } from '../../src/core/plan.ts'
import type { Price, Unit, Usage } from '../../src/core/usage.ts'

/**
 * Random customers and what happens to them. Amounts are a few thousand nanos, requests a few hundred, so that
 * limits, caps and balances are met again and again, and met exactly.
 */
const hourMs = 3_600_000
const dayMs = 24 * hourMs

const flat = (nanosPerMillion: bigint) => [{ aboveInputTokens: 0, nanosPerMillion }]
const noMultipliers = {}

export const prices: readonly Price[] = [
  {
    id: priceId('price-opus'),
    model: 'opus-4',
    source: 'example',
    rates: {
      input: flat(1_500_001n),
      output: flat(5_000_000n),
      cache_read: flat(150_000n),
      cache_write_5m: flat(1_875_000n),
      cache_write_1h: flat(3_000_000n),
      web_search: flat(10_000_000n),
    },
    multipliers: { 'service_tier:batch': 500, 'speed:fast': 6000 },
  },
  {
    id: priceId('price-haiku'),
    model: 'haiku-3',
    source: 'example',
    rates: {
      input: [...flat(800_000n), { aboveInputTokens: 200, nanosPerMillion: 1_600_000n }],
      output: [...flat(2_000_000n), { aboveInputTokens: 200, nanosPerMillion: 3_000_000n }],
      cache_read: flat(80_000n),
    },
    multipliers: noMultipliers,
  },
  {
    id: priceId('price-echo'),
    model: 'echo-1',
    source: 'example',
    rates: { input: flat(0n), output: flat(2_000_000n) },
    multipliers: noMultipliers,
  },
  {
    id: priceId('price-free'),
    model: 'free-1',
    source: 'example',
    rates: { input: flat(0n), output: flat(0n) },
    multipliers: noMultipliers,
  },
]
const models = prices.map((price) => [price.model, price.id] as const)
const requested = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...models.slice(0, 2)) },
  { weight: 4, arbitrary: fc.constantFrom(...models.slice(2)) },
  { weight: 1, arbitrary: fc.constant(['opus-9', priceId('price-unknown')] as const) },
)

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Africa/Cairo',
] as const
const zone = fc.constantFrom(...zones)
const nanos = fc.oneof(
  fc.constantFrom(0n, 1n, 100n, 500n, 1000n, 2000n, 5000n),
  fc.bigInt({ min: 0n, max: 6000n }),
)
/** What a plan gives: a request or a few. */
const limitNanos = fc.constantFrom(0n, 1n, 200n, 500n, 500n, 1500n, 4000n)
const cap: fc.Arbitrary<SpendCap> = fc.oneof(
  fc.constant({ kind: 'unlimited' as const }),
  nanos.map((amountNanos) => ({ kind: 'capped' as const, amountNanos })),
)

// A limit's id says its unit and scope, and mostly its kind, so that limits of different plans with one id can follow each other.
const kinds = ['session', 'week', 'month', 'day'] as const
const units: readonly Unit[] = ['money', 'tokens', 'requests']
const scopes = { all: undefined, opus: ['opus'], some: ['haiku', 'echo'] } as const

const anchor = fc.record({
  weekday: fc.constantFrom(1, 4, 7),
  hour: fc.constantFrom(0, 2, 23),
  minute: fc.constantFrom(0, 30),
})
const shapeOf: Record<(typeof kinds)[number], fc.Arbitrary<WindowShape>> = {
  session: fc
    .constantFrom(5 * hourMs, 1, 26 * hourMs)
    .map((lengthMs) => ({ kind: 'session', lengthMs })),
  week: fc.record({ kind: fc.constant('week' as const), anchor, zone }),
  month: fc.record({ kind: fc.constant('month' as const), zone }),
  day: fc.record({ kind: fc.constant('day' as const), zone }),
}
const amountOf: Record<Unit, fc.Arbitrary<bigint>> = {
  money: limitNanos,
  tokens: limitNanos.map((amount) => amount / 3n),
  requests: fc.constantFrom(0n, 1n, 1n, 2n, 4n),
}

const limit: fc.Arbitrary<Limit> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    unit: fc.constantFrom(...units),
    scope: fc.constantFrom('all' as const, 'all' as const, 'opus' as const, 'some' as const),
    // Some change from one kind of window to another when their plan does.
    isChanging: fc.constantFrom(false, false, false, true),
  })
  .chain(({ kind, unit, scope, isChanging }) =>
    fc.record({ amount: amountOf[unit], shape: shapeOf[kind] }).map(({ amount, shape }): Limit => {
      const models = scopes[scope]
      return {
        id: limitId(`${isChanging ? 'changing' : kind}-${unit}-${scope}`),
        unit,
        amount,
        shapes: [{ sinceMs: 0, shape }],
        ...(models === undefined ? {} : { models }),
      }
    }),
  )

const plan: fc.Arbitrary<Omit<Plan, 'id'>> = fc.record({
  version: fc.constant(1),
  name: fc.constant('Example'),
  priceNanos: fc.constant(null),
  limits: fc.uniqueArray(limit, { minLength: 1, maxLength: 3, selector: (made) => made.id }),
  grants: fc.constant([]),
  runningMax: fc.constantFrom(2, 4, 20, 20),
  outputTokensExpected: fc.constantFrom(0, 10, 100, 1000),
})

const startMs = fc
  .constantFrom(
    '2026-03-28T20:00Z',
    '2026-03-07T12:00Z',
    '2026-04-23T12:00Z',
    '2026-10-24T21:30Z',
    '2026-10-31T12:00Z',
    '2026-12-31T20:00Z',
    '2027-04-30T23:55Z',
    '2027-05-01T03:58Z',
    '2028-02-28T17:00Z',
    '2027-06-15T12:00Z',
  )
  .map((text) => Temporal.Instant.from(text).epochMilliseconds)

const plans = fc
  .array(plan, { minLength: 1, maxLength: 3 })
  .map((made) => made.map((terms, i): Plan => ({ id: planId(`plan-${i}`), ...terms })))

/** A reload is at least its threshold, and at most the month's maximum. */
const autoReload: fc.Arbitrary<AutoReload> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'off' as const }) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        threshold: nanos,
        more: nanos,
        times: fc.constantFrom(1n, 1n, 2n, 5n),
        rest: fc.constantFrom(0n, 1n),
      })
      .map(({ threshold, more, times, rest }) => {
        const thresholdNanos = threshold + 1n
        const amountNanos = thresholdNanos + more
        const monthMaxNanos = amountNanos * times + rest
        return { kind: 'on' as const, thresholdNanos, amountNanos, monthMaxNanos }
      }),
  },
)
/** What the operator pays for in a month. */
const order = fc.constantFrom(0n, 3000n, 20_000n, 1_000_000n)

export const setting = fc.record({
  startMs,
  zone,
  isOn: fc.constantFrom(true, true, true, false),
  cap,
  overrunMax: fc.oneof(fc.constantFrom(0n, 1_000_000n), nanos),
  isStrict: fc.constantFrom(false, false, false, true),
  runningMax: fc.constantFrom(4, 100, 100, 100),
  holdMaxMs: fc.constantFrom(60_000, 600_000, 6 * hourMs),
  plans,
  /** Two customers in three begin with it. */
  autoReload: fc.option(autoReload, { freq: 2, nil: null }),
  order,
  /** Money and tokens that members begin with: amount and priority. */
  grants: fc.array(fc.tuple(nanos, fc.constantFrom(10, 50)), { minLength: 1, maxLength: 3 }),
})
export type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never

export const memberCount = 2
const member = fc.nat({ max: memberCount - 1 })
/** The customer itself, or one of its members. */
const who = fc.option(member, { nil: null })
/** Picks one of those that exist: of holds, the newest that is open comes first. */
const pick = fc.oneof(fc.constantFrom(0, 0, 1), fc.nat({ max: 9 }))
const tokens = fc.oneof(fc.constantFrom(0, 1, 100, 200, 201), fc.nat({ max: 400 }))

const usage: fc.Arbitrary<Usage> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ input: tokens, output: tokens }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        input: tokens,
        output: tokens,
        cache_read: tokens,
        cache_write_5m: tokens,
        cache_write_1h: tokens,
        web_search: fc.nat({ max: 3 }),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ input: fc.constant(5000), output: fc.constant(5000) }) },
)
const marks = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.subarray(['service_tier:batch', 'speed:fast', 'unheard:of']) },
)

const authorize = fc.record({
  kind: fc.constant('authorize' as const),
  member,
  model: requested,
  inputTokens: fc.oneof(fc.constantFrom(1, 100, 201), fc.nat({ max: 300 })),
  inputTokensMore: fc.constantFrom(0, 0, 50, 300),
  maxTokens: fc.constantFrom(1, 63, 64, 100, 300),
  isThinking: fc.constantFrom(false, false, true),
  consent: fc.oneof(
    { weight: 12, arbitrary: fc.constant('allow' as const) },
    { weight: 1, arbitrary: fc.constant('never' as const) },
  ),
})
export type AuthorizeStep = typeof authorize extends fc.Arbitrary<infer T> ? T : never

const settle = fc.record({
  kind: fc.constant('settle' as const),
  pick,
  /** Null settles exactly what was expected. */
  usage: fc.option(usage, { nil: null }),
  marks,
  isEstimate: fc.constantFrom(false, false, false, true),
})

const advance = fc.oneof(
  fc.record({
    kind: fc.constant('advance' as const),
    byMs: fc.oneof(
      fc.constantFrom(1, 1000, 60_000, hourMs, 5 * hourMs, dayMs, 3 * dayMs, 8 * dayMs, 33 * dayMs),
      fc.nat({ max: 3 * dayMs }),
    ),
  }),
  fc.record({
    // To a moment at which something ends, or just beside it.
    kind: fc.constant('advance_to' as const),
    pick,
    besideMs: fc.constantFrom(-1, 0, 0, 1),
  }),
)

/** The clock of record follows a wrong wall clock, and is corrected some time later, once or in parts. */
const clockStep = fc.oneof(
  fc.record({
    kind: fc.constant('jump' as const),
    byMs: fc.oneof(
      fc.constantFrom(hourMs, 2 * hourMs, 5 * hourMs, dayMs, 7 * dayMs, 40 * dayMs),
      fc.integer({ min: 1, max: 9 * dayMs }),
    ),
  }),
  fc.record({
    kind: fc.constant('correct' as const),
    // How much of it stays, because the clock that is gone back to is wrong itself.
    percentLeft: fc.constantFrom(0, 0, 0, 10, 50, 90),
  }),
)

const reloading = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('auto_reload' as const), setting: autoReload }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      monthMax: order,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reload' as const) }) },
)

const change = fc.oneof(
  fc.record({
    kind: fc.constant('status' as const),
    who,
    isActive: fc.constantFrom(true, true, true, true, true, false),
  }),
  fc.record({ kind: fc.constant('refund' as const), pick }),
  fc.record({ kind: fc.constant('seat' as const), member, pick }),
  fc.record({
    kind: fc.constant('publish' as const),
    pick,
    limits: fc.uniqueArray(limit, { minLength: 1, maxLength: 3, selector: (made) => made.id }),
  }),
)
const command = fc.oneof(
  fc.record({
    kind: fc.constant('switch' as const),
    who,
    isOn: fc.constantFrom(true, true, true, false),
  }),
  fc.record({ kind: fc.constant('cap' as const), who, cap }),
  fc.record({
    kind: fc.constant('grant' as const),
    amount: nanos.map((amount) => amount + 1n),
    priority: fc.constantFrom(10, 20, 50, 50),
    expiresInMs: fc.option(fc.constantFrom(1000, hourMs, 5 * hourMs, 3 * dayMs), { nil: null }),
  }),
  fc.record({ kind: fc.constant('credit' as const), member, pick }),
  fc.record({
    kind: fc.constant('except' as const),
    member,
    pick,
    // Higher and lower than a plan's amounts in any unit; null is no limit, `plan` takes it back.
    amount: fc.constantFrom<(bigint | null | 'plan')[]>(
      null,
      null,
      'plan',
      0n,
      1n,
      3n,
      300n,
      2000n,
    ),
    lastsMs: fc.option(fc.constantFrom(1000, hourMs, 5 * hourMs, 3 * dayMs, 8 * dayMs)),
  }),
  change,
)

export const step = fc.oneof(
  { weight: 10, arbitrary: authorize },
  { weight: 6, arbitrary: settle },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('grow' as const), pick, usage, marks }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), pick }) },
  { weight: 4, arbitrary: command },
  { weight: 4, arbitrary: advance },
  { weight: 2, arbitrary: reloading },
  { weight: 1, arbitrary: clockStep },
)
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Request after request, each settled at once: what the expected cost is learned from. */
const routine = fc
  .record({
    request: authorize,
    outputs: fc.array(fc.nat({ max: 300 }), { minLength: 2, maxLength: 40, size: 'max' }),
  })
  .map(({ request, outputs }) =>
    outputs.flatMap((output): Step[] => {
      const usage = { input: request.inputTokens, output }
      return [request, { kind: 'settle', pick: 0, usage, marks: [], isEstimate: false }]
    }),
  )

const steps = fc.record({
  before: fc.array(step, { maxLength: 30, size: 'max' }),
  routine: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: routine }),
  after: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
})

export const story = fc.record({
  setting,
  steps: steps.map((parts): Step[] => [...parts.before, ...parts.routine, ...parts.after]),
})
export type Story = { readonly setting: Setting; readonly steps: readonly Step[] }
