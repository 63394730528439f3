import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryAnswer } from '../../src/admin/contract/answers.ts'
import { planId } from '../../src/core/ids.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { sessionLimit, sessionPlan } from './world.ts'

const member = '/api/customers/acme/members/ada'

const except = (admin: AdminWorld, body: object) =>
  admin.call('POST', `${member}/exceptions`, { body })

const sessionOf = async (admin: AdminWorld) =>
  (await admin.call('GET', `${member}/usage`)).json.figures.limits[0]

test('D9: an exception through the API counts for the next request, and everything tells that it is one', async () => {
  await using admin = await openAdminWorld()
  const untilMs = admin.world.parts.storage.recordNowMs() + 3_600_000
  await except(admin, { limitId: 'session', most: { kind: 'amount', amount: '0' } })
  const refused = await admin.ask()
  const decisionId = refused.headers.get('x-plimsoll-decision') ?? ''

  const made = await except(admin, { limitId: 'session', most: { kind: 'unlimited' }, untilMs })
  const passed = await admin.ask()

  const session = await sessionOf(admin)
  const { lines } = (await admin.call('GET', `${member}/history`)).json
  const explained = (await admin.call('GET', `/api/decisions/${decisionId}`)).json
  assert.deepEqual([refused.status, passed.status], [429, 200])
  assert.equal(passed.headers.get('x-plimsoll-limit-session-limit'), 'unlimited')
  assert.equal(passed.headers.get('x-plimsoll-limit-session-remaining'), 'unlimited')
  const planAmount: string = session.exception.planAmount
  assert.deepEqual(made.json.exceptions, [
    { limitId: 'session', unit: 'money', amount: null, untilMs, planAmount },
  ])
  assert.deepEqual([session.amount, session.exception.untilMs], [null, untilMs])
  const told = (lines as HistoryAnswer['lines']).filter(
    (line) => line.setting?.kind === 'limit_excepted',
  )
  assert.deepEqual(
    told.map((line) => [line.actor, line.title]),
    [
      ['operator', "Limit session for the member: $0.00 instead of the plan's own amount"],
      [
        'operator',
        `Limit session for the member: unlimited instead of the plan's own amount, until ${new Date(untilMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
      ],
    ],
  )
  assert.equal(explained.isConfirmed, true)
  assert.equal(explained.decision.denial.binding[0].amount, '0')
})

test('a refusal by an exception says that it is one, in words and for programs', async () => {
  await using admin = await openAdminWorld()
  await except(admin, { limitId: 'session', most: { kind: 'amount', amount: '0' } })
  const planAmount: string = (await sessionOf(admin)).exception.planAmount

  const response = await fetch(`${admin.world.url}/v1/messages`, {
    method: 'POST',
    headers: admin.world.seat.headers,
    body: JSON.stringify({
      model: 'claude-sonnet-4-5',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })

  const { error } = (await response.json()) as {
    error: { message: string; details: { limits: readonly Record<string, unknown>[] } }
  }
  const [limit] = error.details.limits
  assert.match(
    error.message,
    /It is set to nothing for your seat\. That is an exception for your seat; the plan's own is \$/,
  )
  assert.equal(limit?.['plan_amount'], planAmount)
  assert.equal(limit?.['exception_until_ms'], null)
})

test('an exception that cannot be is refused by the field that is wrong, and changes nothing', async () => {
  await using admin = await openAdminWorld()
  const other = sessionPlan(1n, { id: planId('other'), limits: [sessionLimit(1n, 'elsewhere')] })
  await publishPlans(admin.world.parts, [other])
  const position = admin.world.parts.storage.durablePosition
  const most = { kind: 'amount', amount: '5' }
  const cases: readonly (readonly [object, number, string, RegExp])[] = [
    [{ limitId: 'session' }, 400, 'invalid_request', /^most/],
    [
      { limitId: 'session', most: { kind: 'amount', amount: -1 } },
      400,
      'invalid_request',
      /^most\.amount/,
    ],
    [{ limitId: 'session', most: { kind: 'none' } }, 400, 'invalid_request', /most is/],
    [
      { limitId: 'session', most: { kind: 'plan' }, untilMs: 9e12 },
      400,
      'invalid_request',
      /untilMs: what the plan says has no end/,
    ],
    [{ limitId: 'session', most, untilMs: 1000 }, 422, 'invalid_expiry', /past/],
    [{ limitId: 'fortnight', most }, 404, 'unknown_limit', /its limits are: session/],
    [{ limitId: 'elsewhere', most }, 404, 'unknown_limit', /its limits are: session/],
  ]

  for (const [body, status, code, message] of cases) {
    const answered = await except(admin, body)
    assert.equal(answered.status, status, answered.text)
    assert.equal(answered.json.error.code, code)
    assert.match(answered.json.error.message, message)
  }
  const nobody = '/api/customers/acme/members/nobody/exceptions'
  const unknown = await admin.call('POST', nobody, { body: { limitId: 'session', most } })
  assert.equal(unknown.json.error.code, 'unknown_scope')
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test('an exception that was taken back leaves the list, and the plan counts again', async () => {
  await using admin = await openAdminWorld()
  await except(admin, { limitId: 'session', most: { kind: 'unlimited' } })

  const answered = await except(admin, { limitId: 'session', most: { kind: 'plan' } })

  assert.deepEqual(answered.json.exceptions, [])
  assert.equal((await sessionOf(admin)).exception, null)
})
