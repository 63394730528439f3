import assert from 'node:assert/strict'
import { test } from 'node:test'

import { holdId, operationId, type HoldId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { CallerGoneError, type Admission } from '../../src/operations/authorize.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { settle } from '../../src/operations/settle.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { ask, openBusyWorld, outcome, settleDown } from './waiting-world.ts'

test('D8: a request that only others in flight keep out waits, and is admitted when one of them ends', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const asked = ask(world)
  await settleDown()

  await voidHold(world.parts, world.seat, { holdId: held, cause: 'test' })

  assert.equal(outcome(await asked), 'plan')
})

test('D8: when the wait is over the answer is reserved with a short retry, never out', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  const asked = ask(world)
  await settleDown()

  clock.pass(2000)
  const { decision } = await asked

  assert.equal(decision.kind === 'deny' ? decision.denial.reason : null, 'reserved')
  const waitMs =
    decision.kind === 'deny' ? (decision.denial.retryAtMs ?? 0) - decision.denial.figures.atMs : 0
  assert.ok(waitMs > 0 && waitMs <= 2000)
})

test('D8: waiters are admitted in the order in which they came, and a newcomer queues behind', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const order: string[] = []
  const note = (name: string, asked: Promise<Admission>): Promise<HoldId> =>
    asked.then(({ decision }) => {
      order.push(name)
      return decision.kind === 'allow' ? decision.allowance.holdId : holdId('none')
    })
  const first = note('first', ask(world))
  await settleDown()
  const second = note('second', ask(world))
  await settleDown()

  const freed = voidHold(world.parts, world.seat, { holdId: held, cause: 'test' })
  const third = note('third', ask(world))
  await freed
  await voidHold(world.parts, world.seat, { holdId: await first, cause: 'test' })
  await voidHold(world.parts, world.seat, { holdId: await second, cause: 'test' })
  await third

  assert.deepEqual(order, ['first', 'second', 'third'])
})

test('the ninth waiter of a member is told reserved at once', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  const waiting = Array.from({ length: 8 }, () => ask(world))
  await settleDown()

  assert.equal(outcome(await ask(world)), 'reserved')
  clock.pass(2000)
  for (const asked of waiting) assert.equal(outcome(await asked), 'reserved')
})

test('a caller that hangs up leaves the line, holds nothing, and lets the next one in', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const leaving = new AbortController()
  const left = ask(world, { signal: leaving.signal })
  await settleDown()
  const next = ask(world)
  await settleDown()

  leaving.abort()
  await assert.rejects(left, CallerGoneError)
  await voidHold(world.parts, world.seat, { holdId: held, cause: 'test' })

  assert.equal(outcome(await next), 'plan')
  assert.equal((await world.figures()).runningCount, 1)
})

test('a waiter is told the truth when the room it waited for was used up', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const asked = ask(world)
  await settleDown()

  const usage = { input: 10, output: 1000 }
  const settlement = { holdId: held, usage, marks: [], isEstimate: false, upstreamRequestId: null }
  await settle(world.parts, world.seat, settlement)

  assert.equal(outcome(await asked), 'limit_reached')
})

test('a member of the same name at another customer waits for nobody', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  const namesake = await world.addSeat('ada', { customer: 'other' })
  const waiting = ask(world)
  await settleDown()

  assert.equal(outcome(await ask(world, { seat: namesake })), 'plan')
  clock.pass(2000)
  await waiting
})

test('D4: a waiter that may not use the wallet keeps nobody from it', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  const ben = await world.addSeat('ben')
  await world.turnOnExtraUsage(nanosPerUnit)
  await setExtraUsage(world.parts, {
    operationId: operationId('off-for-ada'),
    actor: 'test',
    ...world.seat,
    isOn: false,
  })
  const waiting = ask(world)
  await ask(world, { seat: ben })
  await settleDown()

  assert.equal(outcome(await ask(world, { seat: ben })), 'extra_usage')
  clock.pass(2000)
  assert.equal(outcome(await waiting), 'reserved')
})
