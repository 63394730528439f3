import assert from 'node:assert/strict'
import { test } from 'node:test'

import { limitId, operationId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { KeyRevokedError } from '../../src/operations/authorize.ts'
import { exceptLimit } from '../../src/operations/except-limit.ts'
import { findKey } from '../../src/operations/find-key.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { revokeKey } from '../../src/operations/revoke-key.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { settle } from '../../src/operations/settle.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { planId } from '../../src/core/ids.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { openRaw, requestBytes } from './raw-http.ts'
import { askBody, openScriptedWorld } from './scripted-world.ts'
import {
  ask,
  cent,
  free,
  idOf,
  openBusyWorld,
  outcome,
  settleDown,
  type Waiting,
} from './waiting-world.ts'
import { sessionLimit, sessionPlan, type World } from './world.ts'

/** The storage with one of its methods in other hands. */
function replaced(storage: Storage, method: keyof Storage, by: unknown): Storage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === method) return by
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

let commandCount = 0
const command = () => ({ operationId: operationId(`waiting-${++commandCount}`), actor: 'test' })

const setCap = ({ parts, seat }: World, amountNanos: bigint) =>
  setSpendCap(parts, {
    ...command(),
    customerId: seat.customerId,
    memberId: null,
    cap: { kind: 'capped', amountNanos },
  })

/** Ways in which room appears that no ending request makes: before somebody waits, then while he does. */
type Way = {
  readonly what: string
  readonly before?: (world: World) => Promise<unknown>
  readonly after: (world: World) => Promise<unknown>
  readonly source: 'plan' | 'extra_usage'
}

/** Money for one request only, which another one holds. */
async function holdTheWallet(world: World): Promise<void> {
  await world.turnOnExtraUsage(2n * cent)
  assert.equal(outcome(await ask(world)), 'extra_usage')
}

const ways: readonly Way[] = [
  {
    what: 'a top-up',
    before: holdTheWallet,
    after: (world) => world.turnOnExtraUsage(2n * cent),
    source: 'extra_usage',
  },
  {
    what: 'a raised cap',
    before: async (world) => {
      await world.turnOnExtraUsage(nanosPerUnit)
      await setCap(world, 2n * cent)
      assert.equal(outcome(await ask(world)), 'extra_usage')
    },
    after: (world) => setCap(world, 10n * cent),
    source: 'extra_usage',
  },
  {
    what: 'extra usage switched on',
    after: (world) => world.turnOnExtraUsage(nanosPerUnit),
    source: 'extra_usage',
  },
  {
    what: 'extra usage switched on for the member',
    before: async (world) => {
      await world.turnOnExtraUsage(nanosPerUnit)
      await setExtraUsage(world.parts, { ...command(), ...world.seat, isOn: false })
    },
    after: ({ parts, seat }) => setExtraUsage(parts, { ...command(), ...seat, isOn: true }),
    source: 'extra_usage',
  },
  {
    what: 'a raised limit of the plan',
    after: ({ parts }) =>
      publishPlans(parts, [sessionPlan(10n * cent, { outputTokensExpected: 1000 })]),
    source: 'plan',
  },
  {
    what: 'a limit that the plan has no more',
    after: ({ parts }) =>
      publishPlans(parts, [
        { ...sessionPlan(cent, { outputTokensExpected: 1000 }), limits: [sessionLimit(cent, 'b')] },
      ]),
    source: 'plan',
  },
  {
    what: 'a seat on a larger plan',
    before: ({ parts }) => publishPlans(parts, [sessionPlan(10n * cent, { id: planId('large') })]),
    after: ({ parts, seat }) =>
      seatMember(parts, { ...command(), ...seat, planId: planId('large') }),
    source: 'plan',
  },
]

for (const { what, before, after, source } of ways) {
  test(`D9: ${what} admits whoever waits, without a moment passing`, async () => {
    const { world } = await openBusyWorld()
    await using _closing = world
    await before?.(world)
    const asked = ask(world)
    await settleDown()

    await after(world)

    assert.equal(outcome(await asked), source)
  })
}

test('D8: a window that resets while somebody waits admits him at that moment', async () => {
  const { world, clock } = await openBusyWorld({ holdMaxMs: 6 * 3_600_000 })
  await using _closing = world
  clock.pass(5 * 3_600_000 - 500)
  await settleDown()
  const asked = ask(world)
  await settleDown()

  clock.pass(500)

  assert.equal(outcome(await asked), 'plan')
})

test('D8: a month of the cap that ends while somebody waits for the wallet admits him at that moment', async () => {
  const { world, clock } = await openBusyWorld({
    plan: sessionPlan(0n, { outputTokensExpected: 1000 }),
  })
  await using _closing = world
  await world.turnOnExtraUsage(nanosPerUnit)
  await setCap(world, 4n * cent)
  clock.pass(Date.UTC(2026, 11) - 500 - clock.wallMs())
  const spent = { usage: { output: 1000 }, marks: [], isEstimate: false, upstreamRequestId: null }
  await settle(world.parts, world.seat, { holdId: idOf(await ask(world)), ...spent })
  assert.equal(outcome(await ask(world)), 'extra_usage')
  const asked = ask(world)
  const isWaiting = await Promise.race([asked.then(() => false), settleDown().then(() => true)])

  clock.pass(500)
  await settleDown()
  // What another customer has written now is durable behind whatever was held for the one who waits.
  await world.addSeat('zoe', { customer: 'other' })
  const admitted = await Promise.race([asked, settleDown().then(() => undefined)])

  assert.ok(isWaiting)
  assert.equal(admitted && outcome(admitted), 'extra_usage')
})

test('D8: an exception that ends while somebody waits admits him at that moment', async () => {
  const larger = sessionPlan(10n * cent, { outputTokensExpected: 1000 })
  const { world, clock } = await openBusyWorld({ plan: larger, holdMaxMs: 6 * 3_600_000 })
  await using _closing = world
  const exception = { amount: cent, untilMs: clock.wallMs() + 3_600_000 }
  const of = { ...world.seat, limitId: limitId('session'), exception }
  await exceptLimit(world.parts, { ...command(), ...of })
  clock.pass(3_600_000 - 500)
  await settleDown()
  const asked = ask(world)
  const isWaiting = await Promise.race([asked.then(() => false), settleDown().then(() => true)])

  clock.pass(500)

  assert.ok(isWaiting)
  assert.equal(outcome(await asked), 'plan')
})

test('D8: nobody comes between deciding to wait and waiting, however slow the disk is', async () => {
  let answersAfter = Promise.resolve()
  const wrapStorage = (storage: Storage): Storage =>
    replaced(storage, 'update', async (...args: Parameters<Storage['update']>) => {
      const wait = answersAfter
      const answer = await storage.update(...args)
      await wait
      return answer
    })
  const { world, clock, held } = await openBusyWorld({ wrapStorage })
  await using _closing = world
  const slow = Promise.withResolvers<void>()
  answersAfter = slow.promise
  const first = ask(world)
  answersAfter = Promise.resolve()
  await settleDown()

  await free(world, held)
  const newcomer = ask(world)
  await settleDown()
  slow.resolve()

  assert.equal(outcome(await first), 'plan')
  clock.pass(2000)
  assert.equal(outcome(await newcomer), 'reserved')
})

test('D8: many small requests do not starve a large one that came before them', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  await world.turnOnExtraUsage(3n * cent)
  const plan = sessionPlan(0n, { id: planId('none'), outputTokensExpected: 1000 })
  const ben = await world.addSeat('ben', { plan })
  // Each of the three keeps about a cent, so nothing is left for a request of a cent and a half.
  const small = { seat: ben, maxTokens: 600 }
  const running = [await ask(world, small), await ask(world, small), await ask(world, small)]
  assert.deepEqual(running.map(outcome), ['extra_usage', 'extra_usage', 'extra_usage'])
  const order: string[] = []
  const large = ask(world).then((admission) => order.push(`large: ${outcome(admission)}`))
  await settleDown()

  const crowd = Array.from({ length: 8 }, () =>
    ask(world, small).then((admission) => order.push(`small: ${outcome(admission)}`)),
  )
  for (const admission of running) {
    await free(world, idOf(admission), ben)
    await settleDown()
  }
  clock.pass(2000)
  await Promise.all([large, ...crowd])

  assert.equal(order[0], 'large: extra_usage')
  assert.equal(order.filter((line) => line === 'small: extra_usage').length, 1)
})

test('D8: a flood of small requests passes no large one that waits, and none of them is refused for it', async () => {
  const { world, clock } = await openBusyWorld()
  await using _closing = world
  await world.turnOnExtraUsage(3n * cent)
  const plan = sessionPlan(0n, { id: planId('none'), outputTokensExpected: 1000 })
  const ben = await world.addSeat('ben', { plan })
  const running = await ask(world, { seat: ben, maxTokens: 1200 })
  assert.equal(outcome(running), 'extra_usage')
  let isLargeIn = false
  // A cent and a half is held, and as much again does not fit beside it; a hundredth of a cent would.
  const large = ask(world, { maxTokens: 1000 }).then((admission) => {
    isLargeIn = true
    return outcome(admission)
  })
  await settleDown()

  const flood = Array.from({ length: 40 }, async () => {
    const admission = await ask(world, { seat: ben, maxTokens: 10 })
    return { isAfterLarge: isLargeIn, source: outcome(admission) }
  })
  await settleDown()
  await free(world, idOf(running), ben)
  assert.equal(await large, 'extra_usage')
  clock.pass(2000)

  for (const small of flood) {
    assert.deepEqual(await small, { isAfterLarge: true, source: 'extra_usage' })
  }
})

test('D8: whoever waits behind one that can never pass is let in when that one is told so', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const ben = await world.addSeat('ben', { plan: sessionPlan(0n, { id: planId('none') }) })
  await holdTheWallet(world)
  const never = ask(world, { maxTokens: 1000 })
  await settleDown()
  const behind = ask(world, { seat: ben, maxTokens: 100 })
  await settleDown()

  await setStatus(world.parts, { ...command(), ...world.seat, isActive: false })

  assert.equal(outcome(await never), 'member_inactive')
  assert.equal(outcome(await behind), 'extra_usage')
  await free(world, held)
})

test('a member that is paused while its request waits is told so at once', async () => {
  const { world } = await openBusyWorld()
  await using _closing = world
  const asked = ask(world)
  await settleDown()

  await setStatus(world.parts, { ...command(), ...world.seat, memberId: null, isActive: false })

  assert.equal(outcome(await asked), 'customer_inactive')
})

test('D12: storage that goes away while somebody waits is said to be away, never out or reserved', async () => {
  let isAway = false
  const wrapStorage = (storage: Storage): Storage =>
    replaced(storage, 'update', (...args: Parameters<Storage['update']>) =>
      isAway ? Promise.reject(new StorageUnavailableError('away')) : storage.update(...args),
    )
  const { world, clock, held } = await openBusyWorld({ wrapStorage })
  await using _closing = world
  const asked = [ask(world), ask(world)]
  const told = asked.map((one) => assert.rejects(one, StorageUnavailableError))
  await settleDown()

  isAway = true
  clock.pass(2000)
  await Promise.all(told)
  isAway = false

  await free(world, held)
  assert.equal(outcome(await ask(world)), 'plan')
})

const revoke = async ({ parts, seat }: World): Promise<void> => {
  const owner = await findKey(parts, seat.keyText)
  assert.ok(owner !== undefined)
  await revokeKey(parts, { ...command(), ...seat, keyId: owner.keyId })
}

test('a key that is revoked while its request waits admits nothing', async () => {
  const { world, held } = await openBusyWorld()
  await using _closing = world
  const isKeyValid = async () => (await findKey(world.parts, world.seat.keyText)) !== undefined
  const asked = ask(world, { isKeyValid })
  const refused = assert.rejects(asked, KeyRevokedError)
  await settleDown()

  await revoke(world)
  await free(world, held)

  await refused
  assert.equal((await world.figures()).runningCount, 0)
})

test('a key that is revoked while the body comes in is refused, and the upstream hears of nothing', async () => {
  const looked = Promise.withResolvers<void>()
  const wrapStorage = (storage: Storage): Storage =>
    replaced(storage, 'findKey', (hash: string) => {
      looked.resolve()
      return storage.findKey(hash)
    })
  await using world = await openScriptedWorld(() => {}, { wrapStorage })
  const connection = await openRaw(world.url)
  const headers = Object.entries(world.seat.headers)
  const bytes = requestBytes({ path: '/v1/messages', headers, body: askBody() })
  connection.write(bytes.subarray(0, -5))
  await looked.promise

  await revoke(world)
  connection.write(bytes.subarray(-5))

  assert.match(await connection.until('authentication_error'), /^HTTP\/1.1 401/)
  connection.leave()
  assert.equal(world.upstream.calls.length, 0)
})

async function stopsAtOnce({ world }: Waiting): Promise<void> {
  const waiting = Array.from({ length: 3 }, () => ask(world))
  await settleDown()

  world.parts.line.close()

  for (const asked of waiting) assert.equal(outcome(await asked), 'reserved')
}

test('when the process stops nobody is kept waiting', async () => {
  const waiting = await openBusyWorld()
  await using _closing = waiting.world
  await stopsAtOnce(waiting)
})
