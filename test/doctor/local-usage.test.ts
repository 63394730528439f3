import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { examine, findRefusal } from '../../src/doctor/examine.ts'
import { localUsage } from '../../src/doctor/figures/local-usage.ts'
import { figuresTold } from '../../src/doctor/figures/told-figures.ts'
import { windowNames, type Figure } from '../../src/doctor/verdict/evidence.ts'
import { openDoctorWorld, type DoctorWorld } from './doctor-world.ts'

/** What this machine used, from its own transcripts: an estimate that weighs nothing. */

const nowMs = Date.now()
const hourMs = 3_600_000

type Answered = {
  readonly id: string
  readonly agoHours: number
  readonly model?: string
  readonly input?: unknown
}

const answer = ({ id, agoHours, model = 'claude-opus-5-5', input = 10 }: Answered): string =>
  JSON.stringify({
    type: 'assistant',
    timestamp: new Date(nowMs - agoHours * hourMs).toISOString(),
    requestId: `req_${id}`,
    message: {
      id: `msg_${id}`,
      model,
      content: [{ type: 'text', text: 'hello' }],
      usage: {
        input_tokens: input,
        output_tokens: 3,
        cache_creation_input_tokens: 5,
        cache_read_input_tokens: 90,
      },
    },
  })

const cost = (sessionId: string, totalCostUSD: number, agoHours = 1): string =>
  JSON.stringify({
    type: 'cost-state',
    sessionId,
    totalCostUSD,
    startTime: nowMs - agoHours * hourMs,
    modelUsage: {},
  })

function write(world: DoctorWorld, name: string, lines: readonly string[]): void {
  const folder = join(world.config, 'projects', '-home-ada-work')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`)
}

const usageOf = (world: DoctorWorld, bytesMax?: number) =>
  localUsage(
    {
      platform: 'linux',
      home: world.home,
      environment: { CLAUDE_CONFIG_DIR: world.config },
    },
    bytesMax === undefined ? { nowMs } : { nowMs, bytesMax },
  )

test('requests of five hours and seven days are counted once, however often they are written', () => {
  using world = openDoctorWorld()
  const recent = answer({ id: 'a', agoHours: 1 })
  write(world, 'one', [
    answer({ id: 'ancient', agoHours: 24 * 8 }),
    answer({ id: 'week', agoHours: 30, model: 'claude-sonnet-5-5' }),
    recent,
    recent,
    answer({ id: 'synthetic', agoHours: 0.2, model: '<synthetic>' }),
    answer({ id: 'b', agoHours: 0.1 }),
  ])
  write(world, 'copied', [recent, answer({ id: 'ahead', agoHours: -2 })])

  const { spans, isWhole, sessions } = usageOf(world)

  assert.deepEqual(
    spans.map(({ hours, requests, tokens, models }) => [hours, requests, tokens, models]),
    [
      [
        5,
        2,
        { input: 20, output: 6, cacheWrite: 10, cacheRead: 180 },
        [{ model: 'claude-opus-5-5', requests: 2 }],
      ],
      [
        168,
        3,
        { input: 30, output: 9, cacheWrite: 15, cacheRead: 270 },
        [
          { model: 'claude-opus-5-5', requests: 2 },
          { model: 'claude-sonnet-5-5', requests: 1 },
        ],
      ],
    ],
  )
  assert.deepEqual([isWhole, sessions], [true, null])
})

test("the client's own count is the last of each session that began within the week", () => {
  using world = openDoctorWorld()
  write(world, 'one', [cost('one', 0.25), cost('one', 0.5), cost('old', 9, 24 * 9)])
  write(world, 'two', [cost('two', 0.1), cost('bad', -1), cost('huge', 1e300)])

  assert.deepEqual(usageOf(world).sessions, { count: 2, costNanos: 600_000_000n })
})

test('reading has a bound, and says so', () => {
  using world = openDoctorWorld()
  const lines = Array.from({ length: 400 }, (_, at) => answer({ id: `r${at}`, agoHours: 1 }))
  write(world, 'one', lines)

  const [some] = usageOf(world, 20_000).spans
  const whole = usageOf(world)

  assert.equal(usageOf(world, 20_000).isWhole, false)
  assert.ok(some !== undefined && some.requests > 0 && some.requests < 400)
  assert.deepEqual([whole.isWhole, whole.spans[0]?.requests], [true, 400])
})

test('numbers that cannot be count as nothing', () => {
  using world = openDoctorWorld()
  const odd = [-5, 1.5, 1e300, '7', null, {}, Number.MAX_SAFE_INTEGER]
  write(
    world,
    'one',
    odd.map((input, at) => answer({ id: `r${at}`, agoHours: 1, input })),
  )

  assert.equal(usageOf(world).spans[0]?.tokens.input, 0)
})

test('it is shown as an estimate that says nothing about a limit, to people and in JSON', async () => {
  using world = openDoctorWorld()
  write(world, 'one', [answer({ id: 'a', agoHours: 1 }), cost('one', 0.25)])
  const said = ['doctor', '--message', "You're out of extra usage."]

  const { out } = await world.doctor(said)
  const json = await world.doctor([...said, '--json'])

  const text = out.replaceAll(/\s+/g, ' ')
  assert.match(text, /Last 5 hours: 1 request \(claude-opus-5-5 1\); tokens: 10 in, 3 out/)
  assert.match(text, /list prices: \$0\.25, in 1 session/)
  assert.match(text, /Estimate, from this machine’s transcripts; says nothing about your limit\./)
  const { estimate, figures } = JSON.parse(json.out) as {
    readonly estimate: { readonly sessions: object }
    readonly figures: readonly unknown[]
  }
  assert.deepEqual(estimate.sessions, { count: 1, costNanos: '250000000' })
  assert.deepEqual(figures, [])
})

const estimates: fc.Arbitrary<Figure> = fc.oneof(
  fc.record({
    name: fc.constantFrom(...windowNames),
    usedPercent: fc.constantFrom(0, 3, 99, 100, 250),
    resetsAtMs: fc.constantFrom(undefined, nowMs + hourMs, nowMs - hourMs),
    source: fc.constant({ kind: 'estimate', what: 'transcripts' } as const),
    atMs: fc.constantFrom(nowMs, nowMs - hourMs, nowMs - 60_000),
  }),
  fc.record({
    name: fc.constantFrom('balance', 'cap', 'spent'),
    amountNanos: fc.constantFrom(0n, 5_000_000_000n),
    symbol: fc.constant('$'),
    source: fc.constant({ kind: 'estimate', what: 'transcripts' } as const),
    atMs: fc.constant(nowMs),
  }),
)

test('no estimate changes a verdict', () => {
  const messages = [
    "You're out of extra usage. Add more at claude.ai/settings/usage and keep going.",
    "You've hit your weekly limit · resets 9am (UTC)",
    'API Error: Request rejected (429) · Extra usage is required for long context requests.',
    'Credit balance is too low',
    'API Error: 529 Overloaded',
    'something new',
  ]
  const stories = [
    {},
    { session: '0', week: '12', balance: '100', cap: '50', spent: '0' },
    { week: '100' },
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.constantFrom(...stories),
      fc.array(estimates, { minLength: 1, maxLength: 6 }),
      (message, story, extra) => {
        const record = { hook_event_name: 'StopFailure', last_assistant_message: message }
        const finding = findRefusal({ kind: 'text', text: JSON.stringify(record) }, nowMs)
        const told = figuresTold(story, { atMs: nowMs, what: 'options' }).figures
        const judged = (figures: readonly Figure[]) => {
          const { verdict, steps } = examine(finding, {
            figures,
            nowMs,
            baseUrl: undefined,
            program: 'plimsoll',
          })
          return { verdict, steps }
        }

        assert.deepEqual(judged([...extra, ...told]), judged(told))
      },
    ),
  )
})
