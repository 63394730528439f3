import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { limitId } from '../../src/core/ids.ts'
import { formatMoney, nanosPerUnit } from '../../src/core/money.ts'
import { limitBinding } from '../../src/operations/waiting-line.ts'
import { parsePriceOverrides } from '../../src/providers/price-overrides.ts'
import { createPriceBook } from '../../src/providers/prices.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import type { RawReply } from './raw-http.ts'
import { answering } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { sessionLimit, sessionPlan } from './world.ts'

const hi = answering('hi', { input_tokens: 1000, output_tokens: 500 })
const oneCent = nanosPerUnit / 100n

/** Uses up a session of one cent: the first request costs a little more than that. */
async function openSpentWorld(
  options: Parameters<typeof openScriptedWorld>[1] = {},
): Promise<ScriptedWorld> {
  const world = await openScriptedWorld(hi, { plan: sessionPlan(oneCent), ...options })
  assert.equal((await world.post()).status, 200)
  await world.finished(1)
  return world
}

test('D15: a refusal names the limit, what was used, the cap, the reset, why extra usage did not help, and the way on', async () => {
  await using world = await openSpentWorld()
  const position = world.parts.storage.durablePosition

  const received = await world.post()

  const { error, request_id: requestId } = errorOf(received)
  const { limits, extraUsage } = await world.figures()
  const [session] = limits
  assert.ok(session?.resetMs)
  assert.equal(received.status, 429)
  assert.equal(error.type, 'rate_limit_error')
  assert.equal(received.header('x-should-retry'), 'false')
  assert.equal(received.header('request-id'), requestId)
  const waitSeconds = Number(received.header('retry-after'))
  assert.ok(waitSeconds > 4 * 3600 && waitSeconds <= 5 * 3600 + 1)
  const { message } = error
  assert.ok(message.includes('session'))
  assert.match(message, /used up: \$0\.01\d* of \$0\.01\./)
  assert.match(message, /resets (at|on) .*in /)
  assert.match(message, /Extra usage did not help: it is turned off/)
  assert.match(message, /Balance \$0\.00.*Spent this month \$0\.00/)
  assert.match(message, /To go on: .*wait until/)
  assert.ok(message.includes('http://127.0.0.1:4181/'))
  assert.ok(message.includes(error.details['decision'] as string))
  assert.equal(extraUsage.isOnForCustomer, false)
  assert.equal(world.upstream.calls.length, 1)
  assert.equal(world.parts.storage.durablePosition, position)
})

test('D15: when extra usage is on but short, balance and cap are told as two numbers', async () => {
  await using world = await openSpentWorld()
  await world.turnOnExtraUsage(1000n)

  const received = await world.post()

  const { message, details } = errorOf(received).error
  assert.equal(details['extra_usage_reason'], 'balance_too_low')
  assert.match(message, /the balance is too low; this request needs \$0\.\d+/)
  assert.match(message, /Balance \$0\.000001\. Spent this month \$0\.00, with no cap/)
})

test('D4: once the session is spent, the very next request is paid from extra usage', async () => {
  await using world = await openSpentWorld()
  assert.equal((await world.post()).status, 429)
  await world.turnOnExtraUsage(5n * nanosPerUnit)

  const paid = await world.post()
  await world.finished(3)

  assert.equal(paid.status, 200)
  assert.equal(paid.header('x-plimsoll-source'), 'extra_usage')
  const { extraUsage } = await world.figures()
  assert.equal(extraUsage.balanceNanos, 5n * nanosPerUnit - extraUsage.spentNanos)
  assert.ok(extraUsage.spentNanos > 0n)
})

test('a request that forbids extra usage is refused for that reason, and the next one is not', async () => {
  await using world = await openSpentWorld()
  await world.turnOnExtraUsage(5n * nanosPerUnit)

  const forbidden = await world.post({ headers: { 'x-plimsoll-extra-usage': 'never' } })

  assert.equal(forbidden.status, 429)
  assert.equal(errorOf(forbidden).error.details['extra_usage_reason'], 'forbidden_by_request')
  // Said twice, in whatever order, the careful one counts.
  for (const said of [
    ['never', 'allow'],
    ['allow', 'never'],
  ]) {
    const names = ['x-plimsoll-extra-usage', 'X-Plimsoll-Extra-Usage']
    const headers = Object.fromEntries(names.map((name, nth) => [name, said[nth] ?? '']))
    assert.equal((await world.post({ headers })).status, 429, said.join())
  }
  assert.equal((await world.post()).status, 200)
})

test('D18: headers of an answer, headers and details of a refusal, and figures are the same numbers', async () => {
  await using world = await openScriptedWorld(hi, { plan: sessionPlan(oneCent) })
  const told = (reply: RawReply, what: string): string | undefined =>
    reply.header(`x-plimsoll-limit-session-${what}`)

  const answered = await world.post()
  const held = (await world.entries()).find((entry) => entry.body.kind === 'held')
  await world.finished(1)
  const refused = await world.post()
  const figures = await world.figures()

  assert.ok(held?.body.kind === 'held')
  assert.equal(answered.header('x-plimsoll-position'), String(held.position))
  assert.equal(told(answered, 'used'), '0.00')
  assert.equal(told(answered, 'remaining'), formatMoney(oneCent - held.body.amounts.money, ''))
  const [session] = figures.limits
  assert.ok(session)
  assert.equal(refused.header('x-plimsoll-position'), String(figures.position))
  assert.equal(told(refused, 'used'), formatMoney(session.used, ''))
  assert.equal(told(refused, 'limit'), formatMoney(session.amount ?? 0n, ''))
  assert.equal(told(refused, 'remaining'), '0.00')
  assert.equal(told(refused, 'reset'), new Date(session.resetMs ?? 0).toISOString())
  const [limit] = errorOf(refused).error.details['limits'] as Record<string, unknown>[]
  assert.deepEqual(limit, {
    id: 'session',
    unit: 'money',
    amount: session.amount?.toString(),
    used: session.used.toString(),
    held: session.held.toString(),
    reset_ms: session.resetMs,
  })
})

test('native limit headers go to callers of the OAuth kind, and to no others', async () => {
  await using world = await openScriptedWorld(hi)
  const bearer = { Authorization: `Bearer ${world.seat.keyText}` }
  const beta = { 'anthropic-beta': 'claude-code-20250219,oauth-2025-04-20' }

  const oauth = await world.post({ headers: { ...bearer, ...beta } })
  const token = await world.post({ headers: bearer })

  assert.equal(oauth.header('anthropic-ratelimit-unified-status'), 'allowed')
  assert.ok(oauth.header('anthropic-ratelimit-unified-5h-utilization'))
  assert.equal(token.header('anthropic-ratelimit-unified-status'), undefined)
  const betas = world.upstream.calls[0]?.headers.filter(([name]) => name === 'anthropic-beta')
  assert.deepEqual(betas, [['anthropic-beta', 'claude-code-20250219,oauth-2025-04-20']])
})

test('D14: a limit of one model that is used up leaves the other models served', async () => {
  const opus = { ...sessionLimit(1n, 'opus'), models: ['claude-opus'], id: limitId('opus') }
  const plan = sessionPlan(10n * nanosPerUnit, { limits: [opus] })
  await using world = await openScriptedWorld(hi, { plan })
  const ask = (model: string) => world.post({ body: askBody({ model }) })

  const first = await ask('claude-opus-4-1')
  await world.finished(1)
  const second = await ask('claude-opus-4-1')
  const other = await ask('claude-sonnet-4-5')

  assert.deepEqual([first.status, second.status, other.status], [200, 429, 200])
  assert.match(errorOf(second).error.message, /opus/)
})

test('D17: a model that costs nothing stays usable when plan and money are out', async () => {
  const prices = createPriceBook({
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    unpriced: 'refuse',
    overrides: parsePriceOverrides({ models: { 'claude-haiku-4-5': { input: '0', output: '0' } } }),
  })
  await using world = await openSpentWorld({ prices })
  assert.equal((await world.post()).status, 429)

  const free = await world.post({ body: askBody({ model: 'claude-haiku-4-5' }) })
  await world.finished(3)

  assert.equal(free.status, 200)
  assert.equal(free.header('x-plimsoll-source'), 'free')
  const settled = (await world.entries()).map((entry) => entry.body).at(-1)
  assert.ok(settled?.kind === 'settled')
  assert.deepEqual([settled.costNanos, settled.source], [0n, 'free'])
})

test('token counts are served when plan and money are out', async () => {
  await using world = await openSpentWorld()

  const counted = await world.post({ path: '/v1/messages/count_tokens' })

  assert.equal(counted.status, 200)
})

test('as many requests run at once as the plan says, and the next one is asked to come back shortly', async () => {
  const plan = sessionPlan(nanosPerUnit, { runningMax: 2 })
  await using world = await openScriptedWorld(() => {}, { plan })
  const running = [await world.begin(), await world.begin()]
  while (world.upstream.calls.length < 2) await new Promise(setImmediate)

  const third = await world.post()

  assert.equal(third.status, 429)
  assert.equal(errorOf(third).error.details.error_code, 'running_limit')
  assert.equal(third.header('x-should-retry'), 'true')
  for (const connection of running) connection.leave()
  await world.finished(3)
  assert.equal((await world.figures()).runningCount, 0)
})

/** Resolves when a request of the world's member stands in the line for its session. */
async function someoneWaits({ parts, seat }: ScriptedWorld): Promise<void> {
  const session = [limitBinding(seat, limitId('session'))]
  while (!parts.line.isTaken(session)) await new Promise(setImmediate)
}

/** A request holds more than the whole session, and costs a little less than it. */
const narrowPlan = sessionPlan((oneCent * 12n) / 10n, { outputTokensExpected: 1000 })

test('D8: a request that only others in flight keep out waits for them, and passes when they end', async () => {
  const waiting: (() => void)[] = []
  await using world = await openScriptedWorld(
    (call) => {
      waiting.push(() => void hi(call))
    },
    { plan: narrowPlan, waitMaxMs: 60_000 },
  )
  const first = await world.begin()
  while (waiting.length < 1) await new Promise(setImmediate)
  const second = world.post()
  await someoneWaits(world)

  waiting.shift()?.()
  while (waiting.length < 1) await new Promise(setImmediate)
  waiting.shift()?.()

  assert.equal((await second).status, 200)
  first.leave()
})

test('D8: a caller that leaves while its request waits holds nothing', async () => {
  await using world = await openScriptedWorld(() => {}, { plan: narrowPlan, waitMaxMs: 60_000 })
  const first = await world.begin()
  while (world.upstream.calls.length < 1) await new Promise(setImmediate)
  const second = await world.begin()
  await someoneWaits(world)
  const position = world.parts.storage.durablePosition

  second.leave()
  const [line] = await world.finished(1)

  assert.equal(line?.['outcome'], 'caller_left')
  assert.equal(world.parts.storage.durablePosition, position)
  assert.equal(world.upstream.calls.length, 1)
  first.leave()
  await world.finished(2)
})

test('D12: while storage is away every request is told to come back, never that it is out', async () => {
  let isAway = false
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (isAway && (name === 'update' || name === 'updateSystem')) {
          return () => Promise.reject(new StorageUnavailableError('The disk is full'))
        }
        return value.bind(target)
      },
    })
  await using world = await openScriptedWorld(hi, { wrapStorage })
  isAway = true

  const refused = await world.post()

  isAway = false
  assert.equal(refused.status, 503)
  assert.equal(errorOf(refused).error.details.error_code, 'limits_unavailable')
  assert.ok(Number(refused.header('retry-after')) > 0)
  assert.doesNotMatch(errorOf(refused).error.message, /reached|exhausted|used up/i)
  assert.equal(world.upstream.calls.length, 0)
  assert.equal((await world.post()).status, 200)
})

test('a reply that ends while storage is away is settled when storage is back', async () => {
  let failuresLeft = 0
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name === 'update' && failuresLeft > 0) {
          return () => {
            failuresLeft--
            return Promise.reject(new StorageUnavailableError('The disk is full'))
          }
        }
        return value.bind(target)
      },
    })
  await using world = await openScriptedWorld(
    (call) => {
      failuresLeft = 3
      return hi(call)
    },
    { wrapStorage },
  )

  const received = await world.post()
  const [line] = await world.finished(1)

  assert.equal(received.status, 200)
  assert.equal(line?.['hold'], 'settled')
  assert.equal(failuresLeft, 0)
  const figures = await world.figures()
  assert.deepEqual([figures.limits[0]?.held, figures.runningCount], [0n, 0])
  assert.ok((figures.limits[0]?.used ?? 0n) > 0n)
})
