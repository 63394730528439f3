import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nanosPerUnit } from '../../src/core/money.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { clientLeftOut } from './available.ts'
import {
  cent,
  eventsOf,
  openClientWorld,
  openScriptedClientWorld,
  settledHolds,
} from './claude-world.ts'
import {
  answering,
  event,
  jsonReply,
  message,
  messageEvents,
  piece,
  streamEnd,
  streamHead,
  type UpstreamCall,
} from './scripted-upstream.ts'
import { askBody } from './scripted-world.ts'
import { sessionPlan } from './world.ts'

/** What the pinned client makes of trouble that passes, and of trouble that is not the member's. */

const skip = clientLeftOut()
const asEvents = ['-p', 'say hi', '--output-format', 'stream-json', '--verbose']
const usage = { input_tokens: 1000, output_tokens: 50 }
const hello = answering('hello', usage)

test(
  'D8: a refusal that invites a retry is retried by the client, and answered when the other request has ended',
  { skip },
  async () => {
    const cases = [
      ['running_limit', 'CLAUDE_CODE_OAUTH_TOKEN', sessionPlan(nanosPerUnit, { runningMax: 1 })],
      // The other request holds more than the session has.
      ['reserved', 'ANTHROPIC_API_KEY', sessionPlan(cent, { outputTokensExpected: 1000 })],
    ] as const
    for (const [reason, credential, plan] of cases) {
      const otherArrived = Promise.withResolvers<() => void>()
      await using world = await openScriptedClientWorld(
        (call) => {
          if (call.body.includes('the other one')) otherArrived.resolve(() => void hello(call))
          else void hello(call)
        },
        { credential, plan, waitMaxMs: 0 },
      )
      const other = fetch(`${world.url}/v1/messages`, {
        method: 'POST',
        headers: world.seat.headers,
        body: askBody({ messages: [{ role: 'user', content: 'the other one' }] }),
      })
      const endOther = await otherArrived.promise

      const running = world.client.run(asEvents)
      const [refused] = await world.finished(1)
      endOther()
      const end = await running
      await world.finished(3)

      assert.equal((await other).status, 200)
      assert.equal(refused?.['reason'], reason)
      assert.equal(end.exitCode, 0, end.out)
      const retries = eventsOf(end).filter((line) => line['subtype'] === 'api_retry')
      assert.deepEqual(
        retries.map((line) => [line['error_status'], line['error']]),
        [[429, 'rate_limit']],
      )
      assert.equal(eventsOf(end).at(-1)?.['result'], 'hello')
      assert.equal((await settledHolds(world)).length, 2)
    }
  },
)

test(
  'D12: while storage is away the client is told to come back, and the run succeeds when it is back',
  { skip },
  async () => {
    let isAway = false
    const wrapStorage = (storage: Storage): Storage =>
      new Proxy(storage, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          if (isAway && name === 'update') {
            return () => Promise.reject(new StorageUnavailableError('The disk is full'))
          }
          return value.bind(target)
        },
      })
    await using world = await openClientWorld({ wrapStorage })
    isAway = true

    const running = world.client.run(asEvents)
    const [refused] = await world.finished(1)
    isAway = false
    const end = await running
    await world.finished(2)

    assert.deepEqual([refused?.['status'], refused?.['outcome']], [503, 'limits_unavailable'])
    assert.equal(end.exitCode, 0, end.out)
    assert.doesNotMatch(end.out, /out of extra|limit reached|you've hit/i)
    assert.equal((await settledHolds(world)).length, 1)
  },
)

test(
  "the operator's own account trouble is told as such, never as the member's limit, and costs nothing",
  { skip },
  async () => {
    for (const failure of ['401', '402-credit']) {
      await using world = await openClientWorld({ credential: 'CLAUDE_CODE_OAUTH_TOKEN' })

      const end = await world.client.run(['-p', `demo-fail: ${failure}`])
      const [line] = await world.finished(1)

      assert.equal(end.exitCode, 1)
      assert.match(
        end.out,
        /^API Error: 503 The model provider refused this service's own account\. It is not about your limits or your balance: nothing was charged/,
      )
      assert.doesNotMatch(end.out, /credit balance|used up|out of|You've hit|invalid api key/i)
      assert.deepEqual([line?.['outcome'], line?.['hold']], ['upstream_account', 'voided'])
      assert.equal((await world.figures()).limits[0]?.used, 0n)
    }
  },
)

const overloaded = { type: 'overloaded_error', message: 'Overloaded' }
const errorEvent = event({ type: 'error', error: overloaded })

function sendBroken(call: UpstreamCall, eventCount: number): void {
  const events = messageEvents(['a part of it '], usage).slice(0, eventCount)
  call.send(streamHead)
  for (const text of [...events, errorEvent]) call.send(piece(text))
  call.send(streamEnd)
}

test(
  'L10: an error event before a block is whole makes the client ask silently once more, and both answers are charged once',
  { skip },
  async () => {
    const second = { input_tokens: 1000, output_tokens: 40 }
    await using world = await openScriptedClientWorld((call) => {
      if (world.upstream.calls.length === 1) return sendBroken(call, 3)
      call.send(jsonReply(200, message('all of it', second), ['request-id: req_second']))
    })

    const end = await world.client.run(asEvents)
    await world.finished(2)

    assert.equal(end.exitCode, 0, end.out)
    assert.equal(eventsOf(end).at(-1)?.['result'], 'all of it')
    assert.deepEqual(
      world.asked().map((line) => line['isStream']),
      [true, false],
    )
    const [broken, whole, ...more] = await settledHolds(world)
    assert.ok(broken !== undefined && whole !== undefined && more.length === 0)
    assert.deepEqual([broken.isEstimate, broken.usage.input], [true, 1000])
    assert.ok((broken.usage.output ?? 0) < 10, 'only what was delivered')
    assert.deepEqual([whole.isEstimate, whole.usage], [false, { input: 1000, output: 40 }])
    assert.equal((await world.figures()).limits[0]?.used, broken.costNanos + whole.costNanos)
  },
)

test(
  'L10: an error event or a broken connection after a whole block makes the client ask for the rest, and each answer is charged once',
  { skip },
  async () => {
    const breaks: readonly ((call: UpstreamCall) => void)[] = [
      (call) => sendBroken(call, 4),
      (call) => {
        call.send(streamHead)
        for (const text of messageEvents(['a part of it '], usage).slice(0, 4))
          call.send(piece(text))
        call.reset()
      },
    ]
    for (const breakOff of breaks) {
      await using world = await openScriptedClientWorld((call) => {
        if (world.upstream.calls.length === 1) breakOff(call)
        else void hello(call)
      })

      const end = await world.client.run(['-p', 'say hi'])
      await world.finished(2)

      const [first, second, ...others] = world.upstream.calls.map((call) => call.body.toString())
      assert.ok(first?.includes('cut off mid-stream') === false && others.length === 0)
      // A reset connection may take the block with it; then the client asks as if nothing had come.
      const isResumed = second?.includes('cut off mid-stream') === true
      assert.equal(second?.includes('a part of it'), isResumed)
      assert.equal(end.exitCode, 0, end.out)
      const settled = await settledHolds(world)
      const estimates = settled.map((hold) => hold.isEstimate)
      assert.deepEqual(estimates, isResumed ? [true, false] : estimates.slice(-2))
      assert.equal(estimates.at(-1), false)
      const costNanos = settled.reduce((sum, hold) => sum + hold.costNanos, 0n)
      assert.equal((await world.figures()).limits[0]?.used, costNanos)
    }
  },
)
