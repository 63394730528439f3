import type { Told } from '../../src/doctor/figures/told-figures.ts'
import type { Verdict } from '../../src/doctor/verdict/verdict.ts'

/**
 * Transcripts that are derived from the client's own records: older versions, words that users quoted (anthropics/claude-code
 * issues), other shapes of files, and the same with figures.
 */
export type DerivedCase = {
  readonly name: string
  readonly lines: readonly string[]
  readonly told?: Told
  readonly afterMs?: number
  readonly ruling: Verdict['ruling']
  readonly confidence?: Verdict['confidence']
}

const at = (time: string): string => `2026-11-27T${time}.000Z`
const line = (record: object): string => JSON.stringify(record)

const user = (text: string, time: string, more: object = {}): string =>
  line({
    parentUuid: null,
    isSidechain: false,
    type: 'user',
    message: { role: 'user', content: text },
    uuid: `u-${time}`,
    timestamp: at(time),
    cwd: '/home/ada/work',
    sessionId: 's-1',
    version: '2.1.330',
    ...more,
  })

const answer = (time: string): string =>
  line({
    type: 'assistant',
    timestamp: at(time),
    sessionId: 's-1',
    message: {
      model: 'claude-sonnet-5-5',
      role: 'assistant',
      content: [{ type: 'text', text: 'Here.' }],
      usage: {},
    },
    requestId: 'req_ok',
  })

const error = (text: string, time: string, more: object = {}): string =>
  line({
    type: 'assistant',
    timestamp: at(time),
    sessionId: 's-1',
    version: '2.1.330',
    entrypoint: 'cli',
    message: { model: '<synthetic>', role: 'assistant', content: [{ type: 'text', text }] },
    isApiErrorMessage: true,
    ...more,
  })

const old = (text: string, time: string, version = '2.0.76'): string =>
  line({
    type: 'assistant',
    timestamp: at(time),
    sessionId: 's-1',
    version,
    message: { model: '<synthetic>', role: 'assistant', content: [{ type: 'text', text }] },
  })

const out =
  "API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage and keep going."
const old429 = 'Claude AI usage limit reached|1795802400'
const quota = (claim: string, resetsAt: string, more: object = {}): object => ({
  quotaLimits: {
    status: 'rejected',
    resetsAt: Date.parse(at(resetsAt)) / 1000,
    rateLimitType: claim,
    ...more,
  },
  apiErrorStatus: 429,
  error: 'rate_limit',
})
const event = (windows: object): string =>
  line({
    type: 'rate_limit_event',
    rate_limit_info: { status: 'allowed', unifiedWindows: windows },
  })
const statusLine = (session: number, week: number): string =>
  line({
    session_id: 's-1',
    rate_limits: {
      five_hour: { used_percentage: session, resets_at: Date.parse(at('15:00:00')) / 1000 },
      seven_day: { used_percentage: week, resets_at: Date.parse(at('23:00:00')) / 1000 },
    },
    timestamp: at('11:59:00'),
  })

const prompt = user('say hi', '11:58:00')
const refused = [prompt, error(out, '12:00:00', { apiErrorStatus: 400, error: 'unknown' })]

export const derivedCases: readonly DerivedCase[] = [
  {
    name: 'version 2.0.76, words alone',
    lines: [prompt, old(out, '12:00:00')],
    ruling: 'possibly_false',
  },
  {
    name: 'version 2.1.197 without status fields',
    lines: [prompt, error(out, '12:00:00', { version: '2.1.197' })],
    ruling: 'possibly_false',
  },
  {
    name: 'AC#45252: session 3 %, week 4 %, CA$139.55, 2 % of the cap',
    lines: refused,
    told: { session: '3', week: '4', balance: 'CA$139.55', cap: 'CA$100', spent: 'CA$2' },
    ruling: 'false_refusal',
    confidence: 'high',
  },
  {
    name: 'AC#51091: half of the week, $47.50',
    lines: refused,
    told: { session: '0', week: '50', balance: '47.50' },
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'AC#42654: $600 there, none spent, no cap',
    lines: refused,
    told: { balance: '600', spent: '0', cap: 'unlimited' },
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'AC#45144: extra usage off, plan with room',
    lines: refused,
    told: { session: '6', week: '9', extra: 'off' },
    ruling: 'possibly_false',
    confidence: 'medium',
  },
  {
    name: 'AC#30379: 28 % of the cap, balance $0.00',
    lines: refused,
    told: { session: '100', balance: '0', cap: '50', spent: '14.20' },
    ruling: 'out_of_balance',
    confidence: 'high',
  },
  {
    name: 'AC#29741: 77 % of the cap, money there, week used up, switched on',
    lines: refused,
    told: { week: '100', balance: '20', cap: '50', spent: '38.50', extra: 'on' },
    ruling: 'false_refusal',
    confidence: 'high',
  },
  {
    name: 'AC#25647: a negative balance',
    lines: refused,
    told: { week: '100', balance: '-25' },
    ruling: 'out_of_balance',
    confidence: 'high',
  },
  {
    name: 'the cap is reached though money is there',
    lines: refused,
    told: { week: '100', balance: '40', cap: '50', spent: '50' },
    ruling: 'cap_reached',
    confidence: 'high',
  },
  {
    name: 'only a balance was told',
    lines: refused,
    told: { balance: '40' },
    ruling: 'possibly_false',
  },
  {
    name: 'AC#45048: third-party words on the official client',
    lines: [
      prompt,
      error(
        'API Error: 400 {"type":"error","error":{"type":"invalid_request_error","message":"Third-party apps now draw from your extra usage, not your plan limits. Add more at claude.ai/settings/usage and keep going."}}',
        '12:00:00',
      ),
    ],
    told: { session: '1', week: '2', balance: '17', spent: '0' },
    ruling: 'request_or_client',
  },
  {
    name: 'a credential that is only for the client',
    lines: [
      prompt,
      error(
        'API Error: 400 This credential is only authorized for use with Claude Code and cannot be used for other API requests.',
        '12:00:00',
      ),
    ],
    ruling: 'request_or_client',
  },
  {
    name: 'AC#61808: long context, plan nearly unused',
    lines: [
      prompt,
      error(
        'API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"Usage credits are required for long context requests."}}',
        '12:00:00',
      ),
    ],
    told: { session: '2', week: '32' },
    ruling: 'long_context',
    confidence: 'high',
  },
  {
    name: 'the old words of a used-up plan, with the moment of its reset',
    lines: [prompt, old(old429, '12:00:00')],
    ruling: 'true_limit',
  },
  {
    name: 'the old words, looked at after the reset',
    lines: [prompt, old(old429, '12:00:00')],
    afterMs: 30 * 3600_000,
    ruling: 'true_limit',
  },
  {
    name: '“5-hour limit reached”',
    lines: [prompt, old('5-hour limit reached ∙ resets 3pm', '12:00:00')],
    ruling: 'true_limit',
  },
  {
    name: 'session limit with its fields',
    lines: [
      prompt,
      error(
        "You've hit your 5-hour limit · resets 3pm (UTC)",
        '12:00:00',
        quota('five_hour', '15:00:00'),
      ),
    ],
    ruling: 'true_limit',
    confidence: 'high',
  },
  {
    name: 'session limit, and the page says 12 %',
    lines: [prompt, error("You've hit your session limit · resets 3pm (UTC)", '12:00:00')],
    told: { session: '12', week: '40' },
    ruling: 'false_refusal',
  },
  {
    name: 'AC#65588: the reset that is named lies before the refusal',
    lines: [
      prompt,
      error(
        "You've hit your 5-hour limit · resets 9am (UTC)",
        '12:00:00',
        quota('five_hour', '09:00:00'),
      ),
    ],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'weekly words by a new claim',
    lines: [
      prompt,
      error(
        "You've hit your weekly limit · resets Nov 28, 9am (UTC)",
        '12:00:00',
        quota('seven_day_overage_included', '23:00:00'),
      ),
    ],
    ruling: 'true_limit',
    confidence: 'high',
  },
  {
    name: 'an Opus limit leaves the plan alone',
    lines: [
      prompt,
      error(
        "You've hit your Opus limit · resets Nov 28, 9am (UTC)",
        '12:00:00',
        quota('seven_day_opus', '23:00:00'),
      ),
    ],
    told: { session: '3', week: '40' },
    ruling: 'true_limit',
    confidence: 'high',
  },
  {
    name: 'official figures of the stream, seconds before',
    lines: [
      event({
        five_hour: { utilization: 0.06, resetsAt: Date.parse(at('15:00:00')) / 1000 },
        seven_day: { utilization: 0.35, resetsAt: Date.parse(at('23:00:00')) / 1000 },
      }),
      line({
        type: 'result',
        subtype: 'success',
        is_error: true,
        api_error_status: 400,
        result: out,
        session_id: 's-1',
      }),
    ],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'official figures of a status line, minutes after an answer',
    lines: [answer('11:55:00'), statusLine(3, 4), ...refused],
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'a status line that says the week is used up',
    lines: [statusLine(3, 100), ...refused],
    ruling: 'true_limit',
    confidence: 'medium',
  },
  {
    name: 'a retry that was answered is no refusal',
    lines: [
      prompt,
      line({
        type: 'system',
        subtype: 'api_error',
        timestamp: at('11:59:00'),
        error: { status: 529, message: 'Overloaded' },
      }),
      answer('12:00:00'),
    ],
    ruling: 'no_refusal',
  },
  {
    name: 'a retry that still goes on',
    lines: [
      prompt,
      line({
        type: 'system',
        subtype: 'api_error',
        timestamp: at('12:00:00'),
        error: { status: 529, message: 'Overloaded' },
        retryAttempt: 2,
      }),
    ],
    ruling: 'server_trouble',
  },
  {
    name: 'a prompt that quotes a refusal',
    lines: [user(`Why does it say "${out}"?`, '12:00:00'), answer('12:00:01')],
    ruling: 'no_refusal',
  },
  {
    name: 'a tool whose output quotes a refusal',
    lines: [
      prompt,
      user('x', '12:00:00', {
        message: { role: 'user', content: [{ type: 'tool_result', content: out }] },
      }),
      answer('12:00:02'),
    ],
    ruling: 'no_refusal',
  },
  {
    name: 'the model speaks of a refusal',
    lines: [
      prompt,
      line({
        type: 'assistant',
        timestamp: at('12:00:00'),
        message: { model: 'claude-opus-5-5', content: [{ type: 'text', text: out }] },
      }),
    ],
    ruling: 'no_refusal',
  },
  {
    name: 'the client’s own words that are no refusal',
    lines: [prompt, old('No response requested.', '12:00:00')],
    ruling: 'no_refusal',
  },
  {
    name: 'the last line half written',
    lines: [...refused, error(old429, '12:00:01').slice(0, 120)],
    ruling: 'possibly_false',
  },
  { name: 'two records on one line', lines: [refused.join('')], ruling: 'possibly_false' },
  {
    name: 'in a helper agent',
    lines: [prompt, error(out, '12:00:00', { isSidechain: true })],
    ruling: 'possibly_false',
  },
  {
    name: 'after a compaction',
    lines: [
      line({ type: 'summary', summary: 'So far' }),
      user('This session is being continued from a previous one', '11:59:00', {
        isCompactSummary: true,
      }),
      error(out, '12:00:00'),
    ],
    ruling: 'possibly_false',
  },
  {
    name: 'in an editor',
    lines: [
      prompt,
      error('API Error: 400 You’re out of usage credits.', '12:00:00', {
        entrypoint: 'claude-vscode',
      }),
    ],
    ruling: 'possibly_false',
  },
  {
    name: 'what a StopFailure hook is given',
    lines: [
      line({
        hook_event_name: 'StopFailure',
        session_id: 's-1',
        error: 'unknown',
        last_assistant_message: out,
      }),
    ],
    ruling: 'possibly_false',
  },
  {
    name: 'the organisation is disabled',
    lines: [
      prompt,
      error(
        'API Error: 403 {"error":{"type":"permission_error","message":"This organization has been disabled."}}',
        '12:00:00',
      ),
    ],
    ruling: 'organisation',
  },
  {
    name: 'sign-in revoked',
    lines: [prompt, error('OAuth token revoked · Please run /login', '12:00:00')],
    ruling: 'sign_in',
  },
  {
    name: 'prompt too long',
    lines: [prompt, error('Prompt is too long', '12:00:00')],
    ruling: 'request_or_client',
  },
  {
    name: 'connection error of an old version',
    lines: [prompt, error('API Error: Connection error.', '12:00:00')],
    ruling: 'connection',
  },
  {
    name: 'request timed out',
    lines: [prompt, error('API Error: Request timed out.', '12:00:00')],
    ruling: 'connection',
  },
  {
    name: 'a gateway holds the rest for running requests',
    lines: [
      prompt,
      error(
        'API Error: Request rejected (429) · Requests that are still running keep the rest of your session limit ($0.02) for themselves. It comes free when they end; trying again shortly helps.\nDecision and proof: npm run plimsoll -- explain dn_abc',
        '12:00:00',
      ),
    ],
    ruling: 'burst',
  },
  {
    name: 'told after the reset that the message named: the figure is of another week',
    lines: [prompt, error("You've hit your weekly limit · resets 1pm (UTC)", '12:00:00')],
    told: { week: '0', session: '0' },
    afterMs: 2 * 3600_000,
    ruling: 'true_limit',
  },
  {
    name: 'told two hours later without the session’s reset: it may have begun anew since',
    lines: refused,
    told: { week: '12', session: '0' },
    afterMs: 2 * 3600_000,
    ruling: 'possibly_false',
  },
  {
    name: 'told two hours later with the session’s reset: it is the same session',
    lines: refused,
    told: { week: '12', session: '0', session_resets: '1h' },
    afterMs: 2 * 3600_000,
    ruling: 'false_refusal',
    confidence: 'medium',
  },
  {
    name: 'told two hours later, the session began since',
    lines: refused,
    told: { week: '12', session: '0', session_resets: '4h' },
    afterMs: 2 * 3600_000,
    ruling: 'possibly_false',
  },
  {
    name: 'told an hour later: money is there now, and may have been added since',
    lines: refused,
    told: { week: '12', session: '0', balance: '100', cap: '50', spent: '0' },
    afterMs: 3600_000,
    ruling: 'possibly_false',
    confidence: 'low',
  },
  {
    name: 'the usage policy',
    lines: [
      prompt,
      error(
        'API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy',
        '12:00:00',
      ),
    ],
    ruling: 'request_or_client',
  },
]
