import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planId } from '../../src/core/ids.ts'
import { nextTurn } from '../../src/system/next-turn.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { breakARule } from './break-a-rule.ts'
import { passTime } from './pass-time.ts'
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
  await breakARule(world.parts, world.seat.customerId)

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
  await breakARule(world.parts, world.seat.customerId)

  finish()
  await running.until('message_stop')
  assert.equal((await world.figures()).runningCount, 1, 'its hold stays')
  await world.parts.storage.verify({ isHealing: false, actor: 'test' })
  await world.finished(1)

  const ends = (await world.entries()).filter(({ body }) => body.kind === 'settled')
  assert.equal(ends.length, 1)
  assert.equal((await world.figures()).runningCount, 0)
})

test('L1: a settle outlasts a quarantine of any length outside of its request, and its customer pays for it', async () => {
  const clock = new ManualClock()
  await using world = await openBrokenWorld(clock)
  assert.equal((await world.post()).status, 200)
  const [line] = await whilePassing(clock, world.finished(1))
  assert.equal(line?.['hold'], 'waits_for_quarantine')
  // The hold expires meanwhile, and the settle corrects that.
  clock.pass(20 * 60 * 60 * 1000)
  const settled = seeSettled(world)
  await world.parts.storage.verify({ isHealing: false, actor: 'test' })

  await assertSettledLate(world, clock, settled)
})

test('L1: a settle outlasts a storage that is away for hours outside of its request, and its customer pays for it', async () => {
  const clock = new ManualClock()
  const disk = { isAway: false }
  await using world = await openFullWorld(clock, disk)
  assert.equal((await world.post()).status, 200)
  const [line] = await whilePassing(clock, world.finished(1))
  assert.equal(line?.['hold'], 'waits_for_storage')
  for (let second = 0; second < 2 * 60 * 60; second += 1) {
    clock.pass(1000)
    await nextTurn()
  }
  const settled = seeSettled(world)
  disk.isAway = false

  await assertSettledLate(world, clock, settled)
  const waiting = world.logs.filter(({ message: text }) => text.startsWith('the end of a hold'))
  assert.deepEqual(
    waiting.map(({ message: text }) => text),
    ['the end of a hold waits for its storage', 'the end of a hold has waited'],
  )
})

test('L1: a stop settles what waits for a quarantine, which ends with the process, and its customer pays for it', async () => {
  const clock = new ManualClock()
  await using world = await openBrokenWorld(clock)
  assert.equal((await world.post()).status, 200)
  await whilePassing(clock, world.finished(1))
  assert.equal(world.gateway.pressure().lateEnds.count, 1)

  using passing = passTime(clock)
  await world.gateway.close()
  passing.end()

  assert.deepEqual(await kindsOf(world), ['held', 'settled'])
  const last = (await world.entries()).at(-1)?.body
  assert.deepEqual(last?.kind === 'settled' && [last.isLate, last.usage.output], [false, 20])
  assert.equal(world.gateway.pressure().lateEnds.count, 0)
})

test('a stop while the storage is away says how much of whom it leaves to the operator', async () => {
  const clock = new ManualClock()
  const disk = { isAway: false }
  await using world = await openFullWorld(clock, disk)
  await world.post()
  await whilePassing(clock, world.finished(1))

  using passing = passTime(clock)
  await world.gateway.close()
  passing.end()

  const [left, ...more] = world.logs.filter(({ message: text }) =>
    text.startsWith('hold not ended'),
  )
  assert.deepEqual(more, [])
  assert.equal(left?.message, 'hold not ended: storage stayed away')
  const { customerId, memberId } = world.seat
  assert.deepEqual(
    [left?.['customerId'], left?.['memberId'], left?.['usage']],
    [customerId, memberId, '{"input":10,"output":20}'],
  )
  assert.match(String(left?.['costNanos']), /^[1-9][0-9]*$/)
})

test('a settle that is itself what was impossible is left to its expiry, so that it brings no quarantine back', async () => {
  const clock = new ManualClock()
  let tries = 0
  await using world = await openScriptedWorld(
    (call) => call.send(jsonReply(200, message('hello', usage))),
    {
      clock,
      plan: sessionPlan(10n ** 12n),
      wrapStorage: (storage) => settlingWrongly(storage, () => (tries += 1)),
    },
  )
  assert.equal((await world.post()).status, 200)

  const [line] = await whilePassing(clock, world.finished(1))

  // A verify between two tries would end the quarantine, and the next try bring it back.
  assert.equal(tries, 1)
  assert.equal(line?.['hold'], 'left_to_expiry')
  await world.parts.storage.verify({ isHealing: false, actor: 'test' })
  using passing = passTime(clock)
  assert.equal((await world.figures()).runningCount, 1)
  passing.end()
  const { problems } = await world.parts.storage.health()
  assert.deepEqual(problems, [])
})

/** A world in which a rule breaks the books of whoever asks while its request is answered. */
async function openBrokenWorld(clock: ManualClock): Promise<ScriptedWorld> {
  let breaking: Promise<void> | undefined
  const world: ScriptedWorld = await openScriptedWorld(
    async (call) => {
      breaking ??= breakARule(world.parts, world.seat.customerId)
      await breaking
      call.send(jsonReply(200, message('hello', usage)))
    },
    { clock, plan: sessionPlan(10n ** 12n) },
  )
  return world
}

/** A world whose disk is full from the first answer on. */
function openFullWorld(clock: ManualClock, disk: { isAway: boolean }): Promise<ScriptedWorld> {
  return openScriptedWorld(
    (call) => {
      disk.isAway = true
      call.send(jsonReply(200, message('hello', usage)))
    },
    {
      clock,
      plan: sessionPlan(10n ** 12n),
      wrapStorage: (storage) => unwritable(storage, () => disk.isAway),
    },
  )
}

function seeSettled(world: ScriptedWorld): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  world.parts.storage.onCommit(() => {
    void kindsOf(world).then((kinds) => kinds.includes('settled') && resolve())
  })
  return promise
}

async function assertSettledLate(
  world: ScriptedWorld,
  clock: ManualClock,
  settled: Promise<void>,
): Promise<void> {
  using passing = passTime(clock)
  await settled
  passing.end()
  assert.deepEqual(await kindsOf(world), ['held', 'expired', 'settled'])
  const last = (await world.entries()).at(-1)?.body
  assert.deepEqual(last?.kind === 'settled' && [last.isLate, last.usage.output], [true, 20])
}

/** A storage whose settles free a nano less than their hold keeps, as a faulty rule would. */
const settlingWrongly = (storage: Storage, onSettle: () => void): Storage =>
  new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'update') return value.bind(target)
      const update: Storage['update'] = (scope, change, once) =>
        target.update(
          scope,
          (account, context) => {
            const { answer, entries } = change(account, context)
            if (entries.some(({ body }) => body.kind === 'settled')) onSettle()
            const wrong = entries.map((entry) =>
              entry.body.kind === 'settled'
                ? { ...entry, legs: entry.legs.map((leg) => ({ ...leg, amount: leg.amount - 1n })) }
                : entry,
            )
            return { answer, entries: wrong }
          },
          once,
        )
      return update
    },
  })

/** A storage whose changes fail while it is away, as on a full disk; what it does by itself goes on. */
const unwritable = (storage: Storage, isAway: () => boolean): Storage =>
  new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'update' || !isAway()) return value.bind(target)
      return () => Promise.reject(new StorageUnavailableError('The disk is full'))
    },
  })

const kindsOf = async (world: ScriptedWorld): Promise<readonly string[]> =>
  (await world.entries())
    .map(({ body }) => body.kind)
    .filter((kind) => /held|expired|settled/.test(kind))

/** Nothing is written meanwhile that the disk could be slow with. */
async function whilePassing<Value>(clock: ManualClock, work: Promise<Value>): Promise<Value> {
  let isOver = false
  void work.finally(() => (isOver = true))
  while (!isOver) {
    clock.pass(1000)
    await nextTurn()
  }
  return work
}
