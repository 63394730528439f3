import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nanosPerUnit } from '../../src/core/money.ts'
import { jsonReply, message, type UpstreamCall } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { sessionPlan } from './world.ts'

/** One request fills the session until it ends, and costs next to nothing in the end. */
const plan = sessionPlan(nanosPerUnit / 100n, { outputTokensExpected: 1000 })
const answer = jsonReply(200, message('hi', { input_tokens: 1, output_tokens: 1 }))
const body = askBody()

type Busy = {
  readonly world: ScriptedWorld
  readonly calls: readonly UpstreamCall[]
  readonly waitFor: (count: number) => Promise<void>
}

async function openBusy(waitMaxMs: number): Promise<Busy> {
  const calls: UpstreamCall[] = []
  let wake = (): void => undefined
  const world = await openScriptedWorld(
    (call) => {
      calls.push(call)
      wake()
    },
    { plan, waitMaxMs },
  )
  const waitFor = async (count: number): Promise<void> => {
    while (calls.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { world, calls, waitFor }
}

/** Until somebody of this world waits in line for the session. */
async function untilWaiting({ parts, seat }: ScriptedWorld, isWaiting = true): Promise<void> {
  const binding = [`${seat.customerId}:${seat.memberId}:session`]
  while (parts.line.isTaken(binding) !== isWaiting) await new Promise(setImmediate)
}

test('D8: through the gateway, a request that only another one keeps out is answered when that one ends', async () => {
  const { world, calls, waitFor } = await openBusy(60_000)
  await using _closing = world
  const first = world.post({ body })
  await waitFor(1)
  const second = world.post({ body })
  await untilWaiting(world)

  calls[0]?.send(answer)
  await waitFor(2)
  calls[1]?.send(answer)

  assert.deepEqual([(await first).status, (await second).status], [200, 200])
})

test('D8: through the gateway, a caller that hangs up while it waits leaves the line to the next one', async () => {
  const { world, calls, waitFor } = await openBusy(60_000)
  await using _closing = world
  const first = world.post({ body })
  await waitFor(1)
  const leaving = await world.begin({ body })
  await untilWaiting(world)
  leaving.leave()
  await untilWaiting(world, false)
  const next = world.post({ body })
  await untilWaiting(world)

  calls[0]?.send(answer)
  await waitFor(2)
  calls[1]?.send(answer)

  assert.deepEqual([(await first).status, (await next).status], [200, 200])
  const lines = await world.finished(3)
  const outcomes = lines.map((line) => line['outcome'])
  assert.equal(outcomes.filter((one) => one === 'caller_left').length, 1)
  assert.equal(outcomes.filter((one) => one === 'finished').length, 2)
  assert.equal(calls.length, 2)
})

test('D8: through the gateway, a wait that is over is answered reserved with a retry, and a free place at once after', async () => {
  const { world, calls, waitFor } = await openBusy(30)
  await using _closing = world
  const first = world.post({ body })
  await waitFor(1)

  const refused = await world.post({ body })

  assert.equal(refused.status, 429)
  assert.equal(errorOf(refused).error.details.error_code, 'reserved')
  calls[0]?.send(answer)
  await first
  await world.finished(2)
  const again = world.post({ body })
  await waitFor(2)
  calls[1]?.send(answer)
  assert.equal((await again).status, 200)
})
