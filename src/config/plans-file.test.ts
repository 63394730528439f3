import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Limit, Plan } from '../core/plan.ts'
import { parsePlans, PlansFileError, readPlansFile } from './plans-file.ts'

const root = join(import.meta.dirname, '..', '..')

function problemsOf(plans: unknown): readonly string[] {
  return problemsOfText(JSON.stringify({ plans }))
}

function problemsOfText(content: string): readonly string[] {
  try {
    parsePlans(content)
  } catch (error) {
    assert.ok(error instanceof PlansFileError, String(error))
    return error.problems
  }
  assert.fail('the plans were taken')
}

function planOf(plans: readonly Plan[], id: string): Plan {
  const plan = plans.find((one) => one.id === id)
  assert.ok(plan, `no plan ${id}`)
  return plan
}

function limitOf(plan: Plan, id: string): Limit {
  const limit = plan.limits.find((one) => one.id === id)
  assert.ok(limit, `no limit ${id}`)
  return limit
}

const session = { money: '2.50', window: { kind: 'session', hours: 5 } }

test('the example file has the five presets, with the prices of the story', () => {
  const plans = readPlansFile(join(root, 'docs', 'examples', 'plans.json'))

  assert.deepEqual(
    plans.map(({ id, priceNanos }) => [id, priceNanos]),
    [
      ['free', 0n],
      ['pro', 20_000_000_000n],
      ['max-5x', 100_000_000_000n],
      ['max-20x', 200_000_000_000n],
      ['team-seat', 30_000_000_000n],
    ],
  )
})

test('the demo plans are small enough to spend in a few prompts', () => {
  const plans = readPlansFile(join(root, 'src', 'demo', 'demo-plans.json'))

  assert.equal(limitOf(planOf(plans, 'pro'), 'session').amount, 250_000_000n)
  assert.equal(limitOf(planOf(plans, 'max-20x'), 'session').amount, 5_000_000_000n)
})

test('a limit is read with its unit, amount, window and models', () => {
  const windows: readonly (readonly [object, object])[] = [
    [
      { kind: 'session', hours: 5 },
      { kind: 'session', lengthMs: 18_000_000 },
    ],
    [
      { kind: 'week', weekday: 'sunday', time: '23:30', zone: 'Europe/Berlin' },
      { kind: 'week', anchor: { weekday: 7, hour: 23, minute: 30 }, zone: 'Europe/Berlin' },
    ],
    [{ kind: 'week' }, { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' }],
    [
      { kind: 'month', zone: 'Asia/Tokyo' },
      { kind: 'month', zone: 'Asia/Tokyo' },
    ],
    [{ kind: 'day' }, { kind: 'day', zone: 'UTC' }],
  ]
  for (const [window, shape] of windows) {
    const limits = { a: { tokens: 1000, window, models: ['claude-opus'] } }
    const [plan] = parsePlans(JSON.stringify({ plans: { p: { name: 'P', limits } } }))

    assert.deepEqual(plan?.limits, [
      {
        id: 'a',
        unit: 'tokens',
        amount: 1000n,
        shapes: [{ sinceMs: 0, shape }],
        models: ['claude-opus'],
      },
    ])
  }
})

test('a plan without limits never binds, and what is left out has its default', () => {
  const [plan] = parsePlans('{ "plans": { "open": { "name": "Open", "limits": {} } } }')

  assert.deepEqual(plan, {
    id: 'open',
    version: 1,
    name: 'Open',
    priceNanos: null,
    limits: [],
    grants: [],
    runningMax: 20,
    outputTokensExpected: 800,
  })
})

test('a multiple multiplies the limits of its base, whatever their order in the file, and nothing else', () => {
  const plans = parsePlans(
    JSON.stringify({
      plans: {
        huge: { name: 'Huge', base: 'big', multiple: 4 },
        big: { name: 'Big', base: 'small', multiple: 1.5, price: '9' },
        small: {
          name: 'Small',
          price: '2',
          limits: { session, day: { requests: 3, window: { kind: 'day' } } },
          grants: { welcome: { amount: '5', every: 'once' } },
          runningMax: 7,
          outputTokensExpected: 100,
        },
      },
    }),
  )

  const huge = planOf(plans, 'huge')
  assert.equal(limitOf(huge, 'session').amount, 15_000_000_000n)
  assert.equal(limitOf(planOf(plans, 'big'), 'day').amount, 4n)
  assert.equal(limitOf(huge, 'day').amount, 16n)
  assert.deepEqual(huge.grants, [{ id: 'welcome', amountNanos: 5_000_000_000n, every: 'once' }])
  assert.equal(huge.runningMax, 7)
  assert.equal(huge.outputTokensExpected, 100)
  assert.equal(huge.priceNanos, null)
})

test('a plan replaces a limit of its base, adds one, or removes one', () => {
  const plans = parsePlans(
    JSON.stringify({
      plans: {
        small: {
          name: 'Small',
          limits: { session, day: { requests: 3, window: { kind: 'day' } } },
        },
        other: {
          name: 'Other',
          base: 'small',
          multiple: 5,
          limits: {
            session: { ...session, money: '1' },
            day: null,
            month: { tokens: 9, window: { kind: 'month' } },
          },
        },
      },
    }),
  )

  assert.deepEqual(
    planOf(plans, 'other').limits.map(({ id, amount }) => [id, amount]),
    [
      ['session', 1_000_000_000n],
      ['month', 9n],
    ],
  )
})

test('a mistake is told with its place and what to write instead', () => {
  const day = { kind: 'day' }
  const withLimit = (limit: unknown) => ({ p: { name: 'P', limits: { a: limit } } })
  const cases: readonly (readonly [unknown, string])[] = [
    [
      withLimit({ money: 2.5, window: day }),
      'plans.p.limits.a.money: write the amount as a text such as "2.50"',
    ],
    [
      withLimit({ money: '-1', window: day }),
      'plans.p.limits.a.money: write an amount such as "2.50"',
    ],
    [
      withLimit({ money: '9223372036854775808', window: day }),
      'plans.p.limits.a.money: write an amount',
    ],
    [
      withLimit({ tokens: -1, window: day }),
      'plans.p.limits.a.tokens: write a whole number of tokens, 0 or more',
    ],
    [
      withLimit({ tokens: 1.5, window: day }),
      'plans.p.limits.a.tokens: write a whole number of tokens',
    ],
    [
      withLimit({ window: day }),
      'plans.p.limits.a: write exactly one of "money", "tokens" and "requests"',
    ],
    [withLimit({ money: '1', tokens: 1, window: day }), 'plans.p.limits.a: write exactly one of'],
    [withLimit({ money: '1' }), 'plans.p.limits.a.window: write a window with "kind"'],
    [
      withLimit({ money: '1', window: { kind: 'year' } }),
      'plans.p.limits.a.window.kind: write a window',
    ],
    [
      withLimit({ money: '1', window: { kind: 'session' } }),
      'plans.p.limits.a.window.hours: write whole hours',
    ],
    [
      withLimit({ money: '1', window: { kind: 'day', zone: 'Mars' } }),
      'plans.p.limits.a.window.zone: write a time zone',
    ],
    [
      withLimit({ money: '1', window: { kind: 'week', weekday: 'Mo' } }),
      'plans.p.limits.a.window.weekday: write one of monday',
    ],
    [
      withLimit({ money: '1', window: { kind: 'week', time: '24:00' } }),
      'plans.p.limits.a.window.time: write a time',
    ],
    [
      withLimit({ money: '1', window: day, models: [] }),
      'plans.p.limits.a.models: name at least one model',
    ],
    [
      withLimit({ money: '1', window: day, model: 'x' }),
      'plans.p.limits.a has no place for "model"',
    ],
    [{ p: { name: 'P' } }, 'plans.p.limits: write the limits; {} for a plan without limits'],
    [
      { p: { name: 'P', limits: {}, multiple: 5 } },
      'plans.p.multiple: name the plan that "multiple" multiplies',
    ],
    [{ p: { limits: {} } }, 'plans.p.name: write a text'],
    [
      { p: { name: 'P', base: 'q' } },
      'plans.p.base: there is no plan "q" in this file; the file has p.',
    ],
    [
      { p: { name: 'P', base: 'q' }, q: { name: 'Q', base: 'p' } },
      "plans.p.base: these plans are each other's base: p -> q -> p.",
    ],
    [{ 'p:q': { name: 'P', limits: {} } }, 'plans.p:q'],
  ]
  for (const [plans, expected] of cases) {
    const problems = problemsOf(plans)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.ok(problems[0]?.startsWith(expected), `${problems[0]}\n  is not\n${expected}`)
  }
})

test('a limit id counts one unit in all plans, since members keep what they used', () => {
  const tokens = { tokens: 5, window: { kind: 'day' } }
  const problems = problemsOf({
    p: { name: 'P', limits: { session } },
    q: { name: 'Q', limits: { session: tokens } },
  })

  assert.deepEqual(problems, [
    'plans.q.limits.session counts tokens, but money in plan "p"; give one of them another name.',
  ])
})

test('a multiple that no counter can hold is refused', () => {
  const limits = { a: { money: '9000000000', window: { kind: 'day' } } }
  const problems = problemsOf({
    p: { name: 'P', limits },
    q: { name: 'Q', base: 'p', multiple: 1000 },
  })

  assert.deepEqual(problems, ['plans.q.limits.a: the multiple is too large to count.'])
})

test('what is not JSON, says a key twice, or has no plans is refused', () => {
  assert.match(problemsOfText('{ "plans": ')[0] ?? '', /^This is not JSON/)
  assert.match(problemsOfText('{ "plans": {}, "plans": {} }')[0] ?? '', /"plans" stands twice/)
  assert.match(problemsOfText('[]')[0] ?? '', /^The file: write an object/)
  assert.match(
    problemsOfText('{ "plan": {} }')[0] ?? '',
    /^plans: write an object with one entry per plan/,
  )
})

test('a file that is not there is an error with its path', () => {
  assert.throws(
    () => readPlansFile('/nowhere/plans.json'),
    /The plans file \/nowhere\/plans.json cannot be read/,
  )
})
