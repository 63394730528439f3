import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nanosPerUnit } from '../../core/money.ts'
import type { Figure, Quota, Refusal, WindowName } from './evidence.ts'
import { judge } from './judge.ts'
import type { Verdict } from './verdict.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const refusedAtMs = Date.UTC(2026, 10, 27, 12)
const nowMs = refusedAtMs + 5 * minuteMs

const out400 = `API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage and keep going.`
const session429 = "You've hit your 5-hour limit · resets 3:00pm (UTC)"

const refusal = (text: string, more: Partial<Refusal> = {}): Refusal => ({
  text,
  status: undefined,
  type: undefined,
  errorClass: undefined,
  atMs: refusedAtMs,
  requestId: 'req_1',
  sessionId: 'a-session',
  clientVersion: '2.1.330',
  entrypoint: 'cli',
  model: undefined,
  isSidechain: false,
  isRetrying: false,
  quota: undefined,
  ...more,
})

const quota = (claim: string, more: Partial<Quota> = {}): Quota => ({
  status: 'rejected',
  claim,
  resetsAtMs: refusedAtMs + 3 * hourMs,
  overageStatus: undefined,
  overageDisabledReason: undefined,
  ...more,
})

type Kind = 'official' | 'person' | 'estimate'
const origin = (atMs: number, kind: Kind) => ({ source: { kind, what: 'a test' }, atMs }) as const
const used = (
  name: WindowName,
  usedPercent: number,
  {
    atMs = nowMs,
    resetsAtMs,
    kind = 'person',
  }: { atMs?: number; resetsAtMs?: number; kind?: Kind } = {},
): Figure => ({ name, usedPercent, resetsAtMs, ...origin(atMs, kind) })
const money = (name: 'balance' | 'cap' | 'spent', units: number | undefined): Figure => ({
  name,
  amountNanos:
    units === undefined ? undefined : (BigInt(Math.round(units * 100)) * nanosPerUnit) / 100n,
  symbol: '$',
  ...origin(nowMs, 'person'),
})
const extra = (isOn: boolean): Figure => ({ name: 'extra_usage', isOn, ...origin(nowMs, 'person') })
const roomy = [used('session', 0), used('week', 12)]
const intact = [money('balance', 100), money('cap', 50), money('spent', 0)]

const cases: readonly {
  readonly what: string
  readonly said: Refusal
  readonly figures?: readonly Figure[]
  readonly ruling: Verdict['ruling']
  readonly confidence?: Verdict['confidence']
}[] = [
  {
    what: 'the story: limits and money intact',
    said: refusal(out400),
    figures: [...roomy, ...intact],
    ruling: 'false_refusal',
    confidence: 'high',
  },
  { what: 'no figure at all', said: refusal(out400), ruling: 'possibly_false', confidence: 'low' },
  {
    what: 'new wording without figures',
    said: refusal('API Error: 400 You’re out of usage credits.'),
    ruling: 'possibly_false',
  },
  {
    what: 'room in the plan, money not told',
    said: refusal(out400),
    figures: roomy,
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'room in the plan, extra usage off',
    said: refusal(out400),
    figures: [...roomy, extra(false)],
    ruling: 'possibly_false',
    confidence: 'medium',
  },
  {
    what: 'room in the plan and for the model, extra usage off',
    said: refusal(out400),
    figures: [...roomy, used('week_opus', 3), extra(false)],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'a limit without a name, session and week with room',
    said: refusal("You've hit your limit · resets 3pm (UTC)"),
    figures: roomy,
    ruling: 'possibly_false',
  },
  {
    what: 'the service says out of credits, session and week with room',
    said: refusal("You're out of usage credits", {
      quota: quota('overage', { overageDisabledReason: 'out_of_credits' }),
    }),
    figures: roomy,
    ruling: 'out_of_balance',
    confidence: 'medium',
  },
  {
    what: 'the service says out of credits, money is there',
    said: refusal("You're out of usage credits", {
      quota: quota('overage', { overageDisabledReason: 'out_of_credits' }),
    }),
    figures: [...roomy, ...intact],
    ruling: 'false_refusal',
  },
  {
    what: 'only one of the two limits told',
    said: refusal(out400),
    figures: [used('session', 3)],
    ruling: 'possibly_false',
  },
  {
    what: 'a balance alone',
    said: refusal(out400),
    figures: [money('balance', 40)],
    ruling: 'possibly_false',
  },
  {
    what: 'money intact, plan not told',
    said: refusal(out400),
    figures: intact,
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'a cap with room over an empty balance',
    said: refusal(out400),
    figures: [used('week', 100), money('balance', 0), money('cap', 50), money('spent', 14.2)],
    ruling: 'out_of_balance',
    confidence: 'high',
  },
  {
    what: 'an empty balance, plan not told',
    said: refusal(out400),
    figures: [money('balance', 0)],
    ruling: 'out_of_balance',
    confidence: 'medium',
  },
  {
    what: 'cap reached with money left',
    said: refusal(out400),
    figures: [used('session', 100), money('balance', 30), money('cap', 50), money('spent', 50)],
    ruling: 'cap_reached',
  },
  {
    what: 'extra usage off and the week used up',
    said: refusal(out400),
    figures: [used('week', 100), extra(false)],
    ruling: 'extra_usage_off',
    confidence: 'high',
  },
  {
    what: 'week used up, extra usage on with money and room',
    said: refusal(out400),
    figures: [used('week', 100), ...intact, extra(true)],
    ruling: 'false_refusal',
    confidence: 'high',
  },
  {
    what: 'week used up, money not told',
    said: refusal(out400),
    figures: [used('session', 5), used('week', 100)],
    ruling: 'true_limit',
    confidence: 'medium',
  },
  {
    what: 'estimates alone',
    said: refusal(out400),
    figures: [used('session', 0, { kind: 'estimate' }), used('week', 1, { kind: 'estimate' })],
    ruling: 'possibly_false',
  },
  {
    what: 'figures from an hour before',
    said: refusal(out400),
    figures: [
      used('session', 3, { atMs: refusedAtMs - hourMs, kind: 'official' }),
      used('week', 4, { atMs: refusedAtMs - hourMs, kind: 'official' }),
    ],
    ruling: 'possibly_false',
  },
  {
    what: 'official figures from two minutes before',
    said: refusal(out400),
    figures: [
      used('session', 3, { atMs: refusedAtMs - 2 * minuteMs, kind: 'official' }),
      used('week', 4, { atMs: refusedAtMs - 2 * minuteMs, kind: 'official' }),
    ],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'official figures from two minutes before, nearly used up',
    said: refusal(out400),
    figures: [
      used('session', 97, { atMs: refusedAtMs - 2 * minuteMs, kind: 'official' }),
      used('week', 4, { atMs: refusedAtMs - 2 * minuteMs, kind: 'official' }),
    ],
    ruling: 'possibly_false',
  },
  {
    what: 'a session that began after the refusal',
    said: refusal(session429),
    figures: [
      used('session', 2, { atMs: refusedAtMs + 4 * hourMs, resetsAtMs: refusedAtMs + 8 * hourMs }),
    ],
    ruling: 'true_limit',
    confidence: 'medium',
  },
  {
    what: 'session limit by the fields',
    said: refusal(session429, { quota: quota('five_hour') }),
    ruling: 'true_limit',
    confidence: 'high',
  },
  {
    what: 'session limit by words alone',
    said: refusal(session429),
    ruling: 'true_limit',
    confidence: 'medium',
  },
  {
    what: 'session limit by words, official figures against it',
    said: refusal(session429),
    figures: [used('session', 12, { kind: 'official', resetsAtMs: refusedAtMs + hourMs })],
    ruling: 'false_refusal',
    confidence: 'high',
  },
  {
    what: 'fields and figures disagree',
    said: refusal(session429, { quota: quota('five_hour') }),
    figures: [used('session', 12)],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'message names the session, the week is used up',
    said: refusal(session429),
    figures: [used('session', 12), used('week', 100)],
    ruling: 'true_limit',
    confidence: 'medium',
  },
  {
    what: 'refused after the reset that it names',
    said: refusal(session429, { quota: quota('five_hour', { resetsAtMs: refusedAtMs - hourMs }) }),
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    what: 'Opus limit by the fields',
    said: refusal("You've hit your Opus limit · resets Nov 30, 9am (UTC)", {
      quota: quota('seven_day_opus'),
    }),
    figures: roomy,
    ruling: 'true_limit',
    confidence: 'high',
  },
  {
    what: 'overage claim, out of credits',
    said: refusal("You're out of usage credits · resets 3pm (UTC)", {
      quota: quota('overage', { overageDisabledReason: 'out_of_credits' }),
    }),
    ruling: 'out_of_balance',
    confidence: 'high',
  },
  {
    what: 'overage closed by the organisation',
    said: refusal("You're out of usage credits", {
      quota: quota('overage', { overageDisabledReason: 'org_level_disabled' }),
    }),
    ruling: 'organisation',
  },
  {
    what: 'overage never set up',
    said: refusal("You're out of usage credits", {
      quota: quota('overage', { overageDisabledReason: 'overage_not_provisioned' }),
    }),
    ruling: 'extra_usage_off',
  },
  {
    what: 'prepaid API credit',
    said: refusal('Credit balance is too low', { status: 402 }),
    ruling: 'out_of_balance',
    confidence: 'medium',
  },
  {
    what: 'prepaid API credit, though a balance was told',
    said: refusal('Credit balance is too low', { status: 402 }),
    figures: [money('balance', 20)],
    ruling: 'possibly_false',
  },
  {
    what: 'another 402',
    said: refusal('API Error: 402 Payment is due'),
    ruling: 'out_of_balance',
    confidence: 'low',
  },
  {
    what: 'spend limit of a gateway',
    said: refusal(
      'API Error: Request rejected (429) · spend limit reached (daily; resets 2026-08-08 00:00 UTC)',
    ),
    ruling: 'cap_reached',
  },
  {
    what: '1M context, new words',
    said: refusal(
      'API Error: Usage credits required for 1M context · turn on usage credits at https://claude.ai/settings/usage',
    ),
    figures: roomy,
    ruling: 'long_context',
    confidence: 'high',
  },
  {
    what: '1M context, old words',
    said: refusal('API Error: 429 Extra usage is required for long context requests.'),
    ruling: 'long_context',
  },
  {
    what: 'third-party wording',
    said: refusal(
      'API Error: 400 Third-party apps now draw from your extra usage, not your plan limits.',
    ),
    figures: [...roomy, ...intact],
    ruling: 'request_or_client',
  },
  {
    what: 'another 400',
    said: refusal('API Error: 400 messages.1: unexpected role'),
    ruling: 'request_or_client',
  },
  {
    what: '403',
    said: refusal('Failed to authenticate. API Error: 403 Not allowed', { status: 403 }),
    ruling: 'organisation',
  },
  { what: '401', said: refusal('Invalid API key · Fix external API key'), ruling: 'sign_in' },
  {
    what: 'an unknown model',
    said: refusal("There's an issue with the selected model (claude-x).", { status: 404 }),
    ruling: 'request_or_client',
  },
  {
    what: 'too large',
    said: refusal('Request too large (max 32MB).'),
    ruling: 'request_or_client',
  },
  {
    what: 'a plain 429',
    said: refusal('API Error: Request rejected (429) · slow down'),
    ruling: 'burst',
  },
  {
    what: 'not your usage limit',
    said: refusal('API Error: Server is temporarily limiting requests (not your usage limit) · x'),
    ruling: 'burst',
  },
  {
    what: '529',
    said: refusal('API Error: Repeated 529 Overloaded errors.'),
    ruling: 'server_trouble',
  },
  { what: '500', said: refusal('API Error: 500 Internal server error.'), ruling: 'server_trouble' },
  {
    what: '503 by its field',
    said: refusal('Something', { status: 503 }),
    ruling: 'server_trouble',
  },
  {
    what: 'a dropped connection',
    said: refusal('API Error: Connection dropped (ECONNRESET).'),
    ruling: 'connection',
  },
  {
    what: 'words that nobody knows',
    said: refusal('The moon is full.'),
    ruling: 'unknown',
    confidence: 'low',
  },
]

for (const { what, said, figures = [], ruling, confidence } of cases) {
  test(`${what}: ${ruling}`, () => {
    const verdict = judge({ refusal: said, figures, nowMs })

    assert.equal(verdict.ruling, ruling, JSON.stringify(verdict, undefined, 1))
    if (confidence !== undefined) assert.equal(verdict.confidence, confidence)
  })
}

test('a refusal of a Plimsoll gateway is believed, and names the decision that proves it', () => {
  const text =
    'API Error: Request rejected (429) · Your session limit is used up: $0.30 of $0.25. It resets at 15:44 (UTC), in 3 h.\nExtra usage did not help: it is turned off. Balance $0.00. Spent this month $0.00, with no cap.\nTo go on: turn on extra usage (npm run plimsoll -- extra on); or wait until 15:44 (UTC). What is left: http://127.0.0.1:4181\nDecision and proof: npm run plimsoll -- explain dn_BGRlbW8'

  const verdict = judge({ refusal: refusal(text), figures: [], nowMs })

  assert.deepEqual(
    [verdict.ruling, verdict.confidence, verdict.decisionId],
    ['true_limit', 'high', 'dn_BGRlbW8'],
  )
  assert.deepEqual(verdict.limit, {
    window: 'session',
    resetsAtMs: Date.UTC(2026, 10, 27, 15, 44),
    isOver: false,
  })
})

test('a limit that has reset since is told as over', () => {
  const verdict = judge({
    refusal: refusal(session429),
    figures: [],
    nowMs: refusedAtMs + 4 * hourMs,
  })

  assert.equal(verdict.limit?.isOver, true)
})

test('a balance is never taken for a cap: with an empty one, a cap with room is called a mistake', () => {
  const figures = [used('week', 100), money('balance', 0), money('cap', 50), money('spent', 14)]

  const { evidence } = judge({ refusal: refusal(out400), figures, nowMs })

  assert.ok(evidence.some(({ text }) => text.includes('permission to spend, not money')))
})

test('a figure that does not count is named, with the reason', () => {
  const late = refusedAtMs + 2 * hourMs
  const figures = [used('session', 0, { atMs: late }), used('week', 12, { atMs: late })]

  const { ruling, evidence } = judge({ refusal: refusal(out400), figures, nowMs: late })

  assert.equal(ruling, 'possibly_false')
  assert.ok(evidence.some(({ text }) => /not counted: session limit.*another window/.test(text)))
})

test('without a refusal there is nothing to judge', () => {
  assert.equal(judge({ refusal: undefined, figures: roomy, nowMs }).ruling, 'no_refusal')
})

const anyText = fc.oneof(
  fc.constantFrom(...cases.map(({ said }) => said.text)),
  fc.string({ maxLength: 80 }),
)
const anyRefusal = fc
  .record({
    text: anyText,
    status: fc.option(fc.constantFrom(400, 401, 402, 403, 404, 413, 429, 500, 529), {
      nil: undefined,
    }),
    claim: fc.option(fc.constantFrom('five_hour', 'seven_day', 'overage', 'odd'), {
      nil: undefined,
    }),
  })
  .map(({ text, status, claim }) =>
    refusal(text, { status, quota: claim === undefined ? undefined : quota(claim) }),
  )
const anyFigure = fc.oneof(
  fc
    .record({
      name: fc.constantFrom<WindowName>('session', 'week', 'week_opus', 'week_sonnet'),
      percent: fc.integer({ min: 0, max: 130 }),
      minutes: fc.integer({ min: -600, max: 600 }),
      kind: fc.constantFrom<Kind>('official', 'person', 'estimate'),
    })
    .map(({ name, percent, minutes, kind }) =>
      used(name, percent, { atMs: refusedAtMs + minutes * minuteMs, kind }),
    ),
  fc
    .record({
      name: fc.constantFrom('balance' as const, 'cap' as const, 'spent' as const),
      units: fc.integer({ min: -5, max: 200 }),
    })
    .map(({ name, units }) => money(name, units)),
  fc.boolean().map(extra),
)

test('no message is called false without a figure that somebody vouches for', () => {
  fc.assert(
    fc.property(anyRefusal, (said) => {
      const { ruling } = judge({ refusal: said, figures: [], nowMs })
      assert.notEqual(ruling, 'false_refusal')
    }),
  )
})

test('estimates change no verdict', () => {
  const estimate = anyFigure.map((figure): Figure => ({
    ...figure,
    source: { kind: 'estimate', what: 'a test' },
  }))
  fc.assert(
    fc.property(anyRefusal, fc.array(anyFigure), fc.array(estimate), (said, figures, estimates) => {
      const without = judge({ refusal: said, figures, nowMs })
      assert.deepEqual(
        judge({ refusal: said, figures: [...figures, ...estimates], nowMs }),
        without,
      )
    }),
  )
})

test('a limit that only a message names is not called true against official figures', () => {
  const texts = fc.constantFrom(
    session429,
    "You've hit your weekly limit · resets Nov 30, 9am (UTC)",
  )
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 0, max: 99 }),
      (text, session, week) => {
        const official = { kind: 'official', resetsAtMs: refusedAtMs + 2 * hourMs } as const
        const figures = [used('session', session, official), used('week', week, official)]
        assert.equal(judge({ refusal: refusal(text), figures, nowMs }).ruling, 'false_refusal')
      },
    ),
  )
})

test('the order of figures changes no verdict', () => {
  fc.assert(
    fc.property(
      anyRefusal,
      fc.uniqueArray(anyFigure, { selector: ({ name }) => name }),
      (said, figures) => {
        const turned = judge({ refusal: said, figures: figures.toReversed(), nowMs })
        const straight = judge({ refusal: said, figures, nowMs })
        assert.deepEqual([turned.ruling, turned.confidence], [straight.ruling, straight.confidence])
      },
    ),
  )
})
