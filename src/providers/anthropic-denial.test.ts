import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Denial, ExtraUsageReason, Figures, LimitFigures } from '../core/decision.ts'
import { customerId, limitId, memberId } from '../core/ids.ts'
import { phraseDenial, type DenialFacts } from './anthropic-denial.ts'
import { limitHeaders } from './anthropic-headers.ts'

const dollar = 1_000_000_000n
const at = (text: string): number => Date.parse(text)
const nowMs = at('2026-11-22T14:15:10Z')

function limit(change: Partial<LimitFigures> = {}): LimitFigures {
  return {
    limitId: limitId('session'),
    windowKind: 'session',
    unit: 'money',
    used: 5n * dollar,
    held: 0n,
    amount: 5n * dollar,
    startMs: at('2026-11-22T11:20:00Z'),
    resetMs: at('2026-11-22T16:20:00Z'),
    models: null,
    exception: null,
    ...change,
  }
}

const week = limit({
  limitId: limitId('week'),
  windowKind: 'week',
  used: 12n * dollar,
  amount: 100n * dollar,
  resetMs: at('2026-11-28T08:00:00Z'),
})

function figures(
  change: Partial<Figures> & { extra?: Partial<Figures['extraUsage']> } = {},
): Figures {
  const { extra, ...rest } = change
  return {
    customerId: customerId('acme'),
    memberId: memberId('ada'),
    position: 42,
    atMs: nowMs,
    planName: 'Pro',
    limits: [limit(), week],
    extraUsage: {
      isOnForCustomer: false,
      isOnForMember: true,
      balanceNanos: 100n * dollar,
      heldNanos: 0n,
      spentNanos: 0n,
      capNanos: 20n * dollar,
      memberSpentNanos: 0n,
      memberHeldNanos: 0n,
      memberCapNanos: null,
      capResetMs: at('2026-12-01T00:00:00Z'),
      autoReload: {
        setting: { kind: 'off' },
        state: 'off',
        stop: null,
        reloadedNanos: 0n,
        reloadCount: 0,
        monthEndMs: at('2026-12-01T00:00:00Z'),
        standingOrderNanos: 0n,
      },
      ...extra,
    },
    runningCount: 1,
    runningMax: 20,
    ...rest,
  }
}

function denial(change: Partial<Denial> = {}): Denial {
  return {
    reason: 'limit_reached',
    model: 'claude-opus-5-5',
    binding: [limit()],
    extraUsageReason: 'off_for_customer',
    neededNanos: dollar / 25n,
    remedies: ['turn_on_extra_usage', 'wait_for_reset'],
    retryAtMs: at('2026-11-22T16:20:00Z'),
    figures: figures(),
    ...change,
  }
}

function phrase(change: Partial<DenialFacts> = {}) {
  const reply = phraseDenial({
    denial: denial(),
    decisionId: 'dec_7',
    requestId: 'req_1',
    pageUrl: 'http://127.0.0.1:4181/',
    nowMs,
    timeZone: 'Europe/Berlin',
    isOauthStyle: false,
    ...change,
  })
  const body: { type: string; request_id: string; error: { type: string; message: string } } =
    JSON.parse(reply.body)
  return { ...reply, body, message: body.error.message }
}

test('D15: a refusal names the limit, what was used, the cap, the reset, why money did not help, and how to go on', () => {
  const { status, headers, body, message } = phrase()

  assert.equal(status, 429)
  assert.equal(headers['x-should-retry'], 'false')
  assert.equal(headers['retry-after'], '7490')
  assert.equal(headers['request-id'], 'req_1')
  assert.equal(body.type, 'error')
  assert.equal(body.request_id, 'req_1')
  assert.equal(body.error.type, 'rate_limit_error')
  assert.deepEqual(message.split('\n'), [
    'Your session limit is used up: $5.00 of $5.00. It resets at 17:20 (Europe/Berlin), in 2 h 5 min.',
    'Extra usage did not help: it is turned off. Balance $100.00. Spent this month $0.00 of a $20.00 cap.',
    'To go on: turn on extra usage (npm run plimsoll -- extra on); or wait until 17:20 (Europe/Berlin). What is left: http://127.0.0.1:4181/',
    'Decision and proof: npm run plimsoll -- explain dec_7',
  ])
})

test('what opens extra usage is needed together, and is told so', () => {
  const { message } = phrase({
    denial: denial({ remedies: ['turn_on_extra_usage', 'top_up', 'wait_for_reset'] }),
  })

  assert.match(
    message,
    /To go on: turn on extra usage \(\S.*? extra on\) and add to the balance \(\S.*? topup 5\); or wait until 17:20/,
  )
})

test('L10: a final refusal tells clients not to retry, whatever status the operator chose', () => {
  const reply = phrase({ deniedStatus: 400 })

  assert.equal(reply.status, 400)
  assert.equal(reply.body.error.type, 'invalid_request_error')
  assert.equal(reply.headers['x-should-retry'], 'false')
  assert.match(reply.message, /session limit/)
})

test('D8: what running requests keep is a refusal that invites a retry, and never says that it is out', () => {
  const held = limit({ used: 4n * dollar, held: dollar })
  for (const reason of ['reserved', 'running_limit'] as const) {
    const reply = phrase({
      denial: denial({
        reason,
        binding: [held],
        retryAtMs: nowMs + 2000,
        remedies: ['retry_shortly'],
      }),
      isOauthStyle: true,
    })
    assert.equal(reply.status, 429)
    assert.equal(reply.headers['x-should-retry'], 'true')
    assert.equal(reply.headers['retry-after'], '2')
    assert.doesNotMatch(reply.message, /\bout\b|used up:|reached/i)
    // Clients of the OAuth kind would show a rejected claim as the end of the window.
    assert.equal(reply.headers['anthropic-ratelimit-unified-status'], undefined)
  }
  const plan = phrase({ denial: denial({ reason: 'reserved', binding: [held] }) })
  assert.match(plan.message, /keep the rest of your session limit \(\$1\.00\)/)
  const extra = { isOnForCustomer: true, heldNanos: 7n * dollar }
  const money = phrase({ denial: denial({ reason: 'reserved', figures: figures({ extra }) }) })
  assert.match(money.message, /keep the rest of your extra usage \(\$7\.00\)/)
})

test('a retry is invited within seconds also when the time to wait is unknown or long', () => {
  for (const retryAtMs of [null, nowMs - 5000, nowMs + 3_600_000]) {
    const after = phrase({ denial: denial({ reason: 'reserved', retryAtMs }) }).headers[
      'retry-after'
    ]
    assert.ok(Number(after) >= 1 && Number(after) <= 3)
  }
})

test('each reason why extra usage did not help is said with balance and cap as two numbers', () => {
  const said: Record<ExtraUsageReason, RegExp> = {
    off_for_customer: /it is turned off\. /,
    off_for_member: /turned off for your seat/,
    forbidden_by_request: /this request forbids it \(x-plimsoll-extra-usage: never\)/,
    cap_reached: /monthly spend cap leaves too little; this request needs \$0\.04/,
    member_cap_reached: /your own monthly spend cap leaves too little/,
    balance_too_low: /the balance is too low; this request needs \$0\.04/,
  }
  for (const [extraUsageReason, words] of Object.entries(said)) {
    const { message } = phrase({
      denial: denial({ extraUsageReason: extraUsageReason as ExtraUsageReason }),
    })
    assert.match(message, words)
    assert.match(message, /Balance \$100\.00\. Spent this month \$0\.00 of a \$20\.00 cap/)
  }
})

test('money that running requests keep, an absent cap and a cap of the seat are told', () => {
  const extra = {
    heldNanos: 2n * dollar,
    capNanos: null,
    memberCapNanos: 3n * dollar,
    memberSpentNanos: dollar,
  }
  const { message } = phrase({ denial: denial({ figures: figures({ extra }) }) })

  assert.match(message, /Balance \$100\.00, \$2\.00 of it kept for running requests/)
  assert.match(message, /\$0\.00, with no cap; by your seat \$1\.00 of a \$3\.00 cap/)
})

test('a limit in tokens or requests, and one for some models, is told in its own terms', () => {
  const tokens = limit({
    windowKind: 'week',
    unit: 'tokens',
    used: 1_250_000n,
    amount: 1_000_000n,
    models: ['claude-opus'],
    resetMs: at('2026-11-24T08:00:00Z'),
  })
  const requests = limit({
    windowKind: 'day',
    unit: 'requests',
    used: 1n,
    amount: 1n,
    resetMs: null,
  })
  const { message } = phrase({ denial: denial({ binding: [tokens, requests] }) })

  assert.match(
    message,
    /weekly limit for claude-opus models is used up: 1,250,000 tokens of 1,000,000 tokens\. It resets on Tue,? 24 Nov at 09:00 \(Europe\/Berlin\), in 1 d 17 h\./,
  )
  assert.match(message, /So is your daily limit: 1 request of 1 request\. It starts anew/)
})

test('a limit that is set to nothing does not promise a reset, and then there is no time to wait', () => {
  const reply = phrase({
    denial: denial({ binding: [limit({ amount: 0n, used: 0n })], retryAtMs: null }),
  })

  assert.match(reply.message, /set to nothing, so waiting does not help/)
  assert.equal(reply.headers['retry-after'], undefined)
})

test('a refusal that a reload which is due would end says so, and how much it adds', () => {
  const autoReload = {
    ...figures().extraUsage.autoReload,
    setting: {
      kind: 'on',
      thresholdNanos: 5n * dollar,
      amountNanos: 20n * dollar,
      monthMaxNanos: 50n * dollar,
    },
    state: 'due',
  } as const
  const { message } = phrase({
    denial: denial({ remedies: ['wait_for_reload'], figures: figures({ extra: { autoReload } }) }),
  })

  assert.match(message, /To go on: wait a moment for auto-reload, which adds \$20\.00\./)
})

test('a limit that is an exception of the seat says so, what the plan says, and when that counts again', () => {
  const exception = { planAmount: 10n * dollar, untilMs: at('2026-11-22T15:00:00Z') }
  const text = (change: Partial<LimitFigures>): string =>
    phrase({ denial: denial({ binding: [limit({ exception, ...change })] }), timeZone: 'UTC' })
      .message

  assert.match(
    text({}),
    /\$5\.00 of \$5\.00\. It resets at 16:20 \(UTC\), in 2 h 5 min\. That is an exception for your seat; the plan's own is \$10\.00, and counts again from 15:00 \(UTC\)\./,
  )
  assert.match(
    text({ amount: 0n, exception: { ...exception, untilMs: null } }),
    /It is set to nothing for your seat\. That is an exception for your seat; the plan's own is \$10\.00\./,
  )
})

test('a limit that an exception closes is over for clients when the exception ends', () => {
  const exception = { planAmount: 10n * dollar, untilMs: at('2026-11-22T15:00:00Z') }
  const closed = limit({ exception })
  const unlimited = { ...week, amount: null, exception: { ...exception, untilMs: null } }
  const { headers } = phrase({
    isOauthStyle: true,
    denial: denial({ binding: [closed], figures: figures({ limits: [closed, unlimited] }) }),
  })

  assert.equal(headers[`${native}reset`], String(exception.untilMs / 1000))
  assert.equal(headers[`${native}7d-utilization`], '0')
  assert.equal(headers['x-plimsoll-limit-week-limit'], 'unlimited')
  assert.equal(headers['x-plimsoll-limit-week-remaining'], 'unlimited')
})

test('what stands below a cap never reads as the cap', () => {
  const near = limit({ used: 5n * dollar - 1n, held: 1n })

  assert.match(
    phrase({ denial: denial({ binding: [near] }) }).message,
    /\$4\.99 of \$5\.00, and \$0\.000000001 kept/,
  )
})

test('an unknown time zone is read as UTC, and a change of the clocks is told in local time', () => {
  assert.match(phrase({ timeZone: 'Nowhere/Land' }).message, /16:20 \(UTC\)/)

  const nightMs = at('2026-10-24T23:30:00Z')
  const resetMs = at('2026-10-25T01:30:00Z')
  const { message } = phrase({ nowMs: nightMs, denial: denial({ binding: [limit({ resetMs })] }) })
  assert.match(message, /02:30 \(Europe\/Berlin\), in 2 h\./)
})

test('paused accounts and unpriced models are refused for what they are', () => {
  const shapes = [
    ['customer_inactive', 403, 'permission_error', /account is paused/],
    ['member_inactive', 403, 'permission_error', /seat is paused/],
    ['model_unpriced', 404, 'not_found_error', /claude-opus-5-5 has no price/],
  ] as const
  for (const [reason, status, type, words] of shapes) {
    const reply = phrase({ denial: denial({ reason, extraUsageReason: null, binding: [] }) })
    assert.equal(reply.status, status)
    assert.equal(reply.body.error.type, type)
    assert.equal(reply.headers['x-should-retry'], 'false')
    assert.match(reply.message, words)
  }
})

test('D18: headers and text of a refusal carry the numbers of the decision', () => {
  const { headers } = phrase({
    denial: denial({
      figures: figures({ limits: [limit({ used: 4_990_000_001n, held: 9_999_999n }), week] }),
    }),
  })

  assert.equal(headers['x-plimsoll-decision'], 'dec_7')
  assert.equal(headers['x-plimsoll-position'], '42')
  assert.equal(headers['x-plimsoll-limit-session-limit'], '5.00')
  assert.equal(headers['x-plimsoll-limit-session-used'], '4.990000001')
  assert.equal(headers['x-plimsoll-limit-session-remaining'], '0.00')
  assert.equal(headers['x-plimsoll-limit-session-reset'], '2026-11-22T16:20:00.000Z')
  assert.equal(headers['x-plimsoll-limit-week-remaining'], '88.00')
  assert.equal(headers['x-plimsoll-extra-usage-status'], 'off')
  assert.equal(headers['x-plimsoll-extra-usage-balance'], '100.00')
  assert.equal(headers['x-plimsoll-extra-usage-spent'], '0.00')
  assert.equal(headers['x-plimsoll-extra-usage-cap'], '20.00')
})

const native = 'anthropic-ratelimit-unified-'
const allowed = {
  decisionId: 'hold_1',
  model: 'claude-opus-5-5',
  nowMs,
  outcome: 'allowed',
} as const

test('a limit that is over has nothing left, and not less than nothing', () => {
  const over = figures({ limits: [limit({ used: 6n * dollar })] })
  const headers = limitHeaders({ ...allowed, figures: over, isOauthStyle: true })

  assert.equal(headers['x-plimsoll-limit-session-remaining'], '0.00')
  assert.equal(headers[`${native}5h-utilization`], '1')
})

test('native limit headers go to callers of the OAuth kind only', () => {
  const plain = limitHeaders({ ...allowed, figures: figures(), isOauthStyle: false })

  assert.ok(Object.keys(plain).every((name) => name.startsWith('x-plimsoll-')))
})

test('an answer that costs nothing is no rejection, however full the windows are that it does not count in', () => {
  const full = figures({ limits: [limit({}), { ...week, used: week.amount ?? 0n }] })
  const headers = limitHeaders({
    ...allowed,
    figures: full,
    source: 'free',
    isOauthStyle: true,
  })

  assert.equal(headers[`${native}status`], 'allowed')
  assert.equal(headers[`${native}5h-status`], 'rejected')
  assert.equal(headers[`${native}overage-in-use`], undefined)
})

test('a refusal of the OAuth kind names the window that binds as its claim', () => {
  const { headers } = phrase({ isOauthStyle: true })

  assert.equal(headers[`${native}status`], 'rejected')
  assert.equal(headers[`${native}representative-claim`], 'five_hour')
  assert.equal(headers[`${native}reset`], String(at('2026-11-22T16:20:00Z') / 1000))
  assert.equal(headers[`${native}5h-status`], 'rejected')
  assert.equal(headers[`${native}5h-utilization`], '1')
  assert.equal(headers[`${native}7d-status`], 'allowed')
  assert.equal(headers[`${native}7d-utilization`], '0.12')
  assert.equal(headers[`${native}overage-status`], 'rejected')
  assert.equal(headers[`${native}overage-disabled-reason`], 'org_level_disabled')
})

test('a refusal by a limit without a native name claims no window that has room, and tells its reset', () => {
  const month = limit({
    limitId: limitId('month'),
    windowKind: 'month',
    resetMs: at('2026-11-30T23:00:00Z'),
  })
  const free = limit({ used: 0n })
  const { headers } = phrase({
    isOauthStyle: true,
    denial: denial({ binding: [month], figures: figures({ limits: [free, month] }) }),
  })

  assert.equal(headers[`${native}representative-claim`], undefined)
  assert.equal(headers[`${native}status`], 'rejected')
  assert.equal(headers[`${native}reset`], String(at('2026-11-30T23:00:00Z') / 1000))
  assert.equal(headers[`${native}5h-status`], 'allowed')
})

test('when several limits stop the caller, native headers tell the one that ends last', () => {
  const spentWeek = { ...week, used: 100n * dollar }
  const limits = [limit(), spentWeek]
  const on = { isOnForCustomer: true }
  const refused = phrase({
    isOauthStyle: true,
    denial: denial({ binding: [spentWeek, limit()], figures: figures({ limits }) }),
  }).headers
  const paid = limitHeaders({
    ...allowed,
    isOauthStyle: true,
    source: 'extra_usage',
    figures: figures({ limits, extra: on }),
  })

  for (const headers of [refused, paid]) {
    assert.equal(headers[`${native}representative-claim`], 'seven_day')
    assert.equal(headers[`${native}reset`], String(at('2026-11-28T08:00:00Z') / 1000))
  }
})

test('a refusal that no waiting ends offers clients no moment that they could take for its end', () => {
  const nothing = limit({ used: 0n, amount: 0n })
  const { headers } = phrase({
    isOauthStyle: true,
    denial: denial({ binding: [nothing], figures: figures({ limits: [nothing] }) }),
  })

  assert.equal(headers[`${native}status`], 'rejected')
  assert.equal(headers[`${native}reset`], undefined)
  assert.equal(headers[`${native}overage-reset`], undefined)
})

test('an allowed answer warns from three quarters on, about the fullest window', () => {
  const statuses = [
    [3_749_999_999n, 'allowed', undefined],
    [3_750_000_000n, 'allowed_warning', '0.75'],
    [4_800_000_000n, 'allowed_warning', '0.95'],
  ] as const
  for (const [used, status, threshold] of statuses) {
    const headers = limitHeaders({
      ...allowed,
      isOauthStyle: true,
      source: 'plan',
      figures: figures({ limits: [limit({ used }), week] }),
    })
    assert.equal(headers[`${native}status`], status)
    assert.equal(headers[`${native}representative-claim`], 'five_hour')
    assert.equal(headers[`${native}5h-surpassed-threshold`], threshold)
  }
})

test('an answer that the plan pays is never told as rejected, however much its own hold keeps', () => {
  const filled = figures({ limits: [limit({ used: 4n * dollar, held: 2n * dollar })] })
  const paid = limitHeaders({ ...allowed, isOauthStyle: true, source: 'plan', figures: filled })
  const on = { ...filled, extraUsage: { ...filled.extraUsage, isOnForCustomer: true } }
  const extra = limitHeaders({ ...allowed, isOauthStyle: true, source: 'extra_usage', figures: on })

  assert.equal(paid[`${native}status`], 'allowed_warning')
  assert.equal(paid[`${native}5h-status`], 'allowed_warning')
  assert.equal(paid[`${native}5h-utilization`], '1')
  assert.equal(extra[`${native}status`], 'rejected')
  assert.equal(extra[`${native}representative-claim`], 'five_hour')
})

test('an answer paid from extra usage says which window is used up and that overage is in use', () => {
  const extra = { isOnForCustomer: true }
  const headers = limitHeaders({
    ...allowed,
    isOauthStyle: true,
    source: 'extra_usage',
    figures: figures({ extra }),
  })

  assert.equal(headers[`${native}status`], 'rejected')
  assert.equal(headers[`${native}representative-claim`], 'five_hour')
  assert.equal(headers[`${native}overage-status`], 'allowed')
  assert.equal(headers[`${native}overage-in-use`], 'true')
  assert.equal(headers['x-plimsoll-source'], 'extra_usage')
})

test('D14: a weekly limit for one family of models claims that family, and only for its models', () => {
  const opus = limit({ limitId: limitId('opus'), windowKind: 'week', models: ['claude-opus'] })
  const claimed = (model: string): string | undefined =>
    phrase({
      isOauthStyle: true,
      denial: denial({ model, binding: [opus], figures: figures({ limits: [week, opus] }) }),
    }).headers[`${native}representative-claim`]

  assert.equal(claimed('claude-opus-5-5'), 'seven_day_opus')
  assert.equal(claimed('claude-haiku-5-5'), undefined)
})

test('why extra usage is closed is told in the words that clients know', () => {
  const on = { isOnForCustomer: true }
  const reasons = [
    [{ ...on, isOnForMember: false }, 'member_level_disabled'],
    [{ ...on, balanceNanos: 0n }, 'out_of_credits'],
    [{ ...on, balanceNanos: dollar, heldNanos: dollar }, 'out_of_credits'],
    [{ ...on, memberCapNanos: 0n }, 'member_zero_credit_limit'],
    [{ ...on, spentNanos: 20n * dollar }, 'org_level_disabled_until'],
    [{ ...on }, undefined],
  ] as const
  for (const [extra, reason] of reasons) {
    const headers = limitHeaders({ ...allowed, isOauthStyle: true, figures: figures({ extra }) })
    assert.equal(headers[`${native}overage-disabled-reason`], reason)
    assert.equal(headers[`${native}overage-status`], reason === undefined ? 'allowed' : 'rejected')
  }
})

test('every header value can be sent over HTTP', () => {
  const odd = limit({ limitId: limitId('A.b_c-9'), resetMs: null, startMs: null })
  const { headers } = phrase({
    isOauthStyle: true,
    denial: denial({ figures: figures({ limits: [odd, week] }) }),
  })

  assert.doesNotThrow(() => new Headers(headers))
  assert.equal(headers['x-plimsoll-limit-a.b_c-9-reset'], undefined)
})

test("a refusal writes money with the installation's own currency symbol", () => {
  const { message } = phrase({ currencySymbol: '€' })

  assert.match(message, /€5\.00 of €5\.00/)
  assert.match(message, /Balance €100\.00\. Spent this month €0\.00 of a €20\.00 cap/)
  assert.doesNotMatch(message, /\$/)
})
