import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planId } from '../../src/core/ids.ts'
import { StorageUnavailableError } from '../../src/storage/storage.ts'
import {
  jsonReply,
  message,
  messageEvents,
  piece,
  streamEnd,
  streamHead,
} from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { sessionPlan } from './world.ts'

const usage = { input_tokens: 10, output_tokens: 20 }

/** What a fault in a rule would do: an entry that moves money which is not there. */
async function breakARule({ parts, seat }: ScriptedWorld): Promise<void> {
  const change = parts.storage.updateCustomer(seat.customerId, (_state, { nowMs }) => ({
    answer: undefined,
    entries: [
      {
        atMs: nowMs,
        legs: [{ from: 'grant:none:available', to: 'grant:none:spent', amount: 1n }],
        body: { kind: 'extra_usage_set', scope: 'customer', isOn: false },
      },
    ],
  }))
  await assert.rejects(change, StorageUnavailableError)
}

test('a customer in quarantine is told "unavailable", never "out"; others are served, and verify lets it go on', async () => {
  await using world = await openScriptedWorld(
    (call) => call.send(jsonReply(200, message('hello', usage))),
    { plan: sessionPlan(0n) },
  )
  const zoe = await world.addSeat('zoe', {
    customer: 'zeta',
    plan: sessionPlan(10n ** 12n, { id: planId('roomy'), limits: [] }),
  })
  const denied = await world.post()
  await breakARule(world)

  const asked = await world.post()
  const other = await world.post({ seat: zoe })

  assert.equal(denied.status, 429)
  assert.deepEqual(
    [asked.status, errorOf(asked).error.details.error_code],
    [503, 'limits_unavailable'],
  )
  assert.doesNotMatch(errorOf(asked).error.message, /limit reached|used up/i)
  assert.ok(asked.headers.some(([name]) => name.toLowerCase() === 'retry-after'))
  assert.equal(other.status, 200)
  // The rest of the world is well: nobody should take the server out of service for it.
  assert.equal((await fetch(`${world.url}/readyz`)).status, 200)
  assert.equal((await world.figures()).limits[0]?.used, 0n, 'its books can be read')
  const { problems } = await world.parts.storage.health()
  assert.deepEqual(
    problems.map(({ name }) => name),
    ['customer-quarantined'],
  )

  await world.parts.storage.verify({ isHealing: false, actor: 'test' })
  assert.equal((await world.post()).status, 429)
})

test('a stream that runs when its customer comes into quarantine is not cut, and is settled once that is over', async () => {
  let finish = (): void => {}
  await using world = await openScriptedWorld((call) => {
    const events = messageEvents(['one', 'two'], usage)
    call.send(streamHead)
    for (const text of events.slice(0, 3)) call.send(piece(text))
    finish = () => {
      for (const text of events.slice(3)) call.send(piece(text))
      call.send(streamEnd)
    }
  })
  const running = await world.begin({ body: askBody({ stream: true }) })
  await running.until('one')
  await breakARule(world)

  finish()
  await running.until('message_stop')
  assert.equal((await world.figures()).runningCount, 1, 'its hold stays')
  await world.parts.storage.verify({ isHealing: false, actor: 'test' })
  await world.finished(1)

  const ends = (await world.entries()).filter(({ body }) => body.kind === 'settled')
  assert.equal(ends.length, 1)
  assert.equal((await world.figures()).runningCount, 0)
})
