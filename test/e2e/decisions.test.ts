import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { RequestFacts } from '../../src/core/entry.ts'
import type { HoldId } from '../../src/core/ids.ts'
import { operationId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { authorize } from '../../src/operations/authorize.ts'
import { explain } from '../../src/operations/explain.ts'
import { getFigures } from '../../src/operations/figures.ts'
import { giftReset } from '../../src/operations/gift-reset.ts'
import { history } from '../../src/operations/history.ts'
import { ensurePrice } from '../../src/operations/publish-price.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { settle } from '../../src/operations/settle.ts'
import { topUp } from '../../src/operations/top-up.ts'
import { verify } from '../../src/operations/verify.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openWorld, sessionPlan, testPrices, type Seat, type World } from './world.ts'

const cent = nanosPerUnit / 100n
const nowhere = { url: 'http://127.0.0.1:9' }

type Step =
  | { readonly kind: 'ask'; readonly maxTokens: number; readonly consent: 'never' | 'allow' }
  | { readonly kind: 'settle'; readonly output: number }
  | { readonly kind: 'void' }
  | { readonly kind: 'top_up'; readonly cents: bigint; readonly expiresInMs: number | null }
  | { readonly kind: 'switch'; readonly isOn: boolean; readonly isMember: boolean }
  | { readonly kind: 'cap'; readonly cents: bigint }
  | { readonly kind: 'reset' }
  | { readonly kind: 'pass'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: asking() },
  { weight: 6, arbitrary: fc.record({ kind: is('settle'), output: fc.nat(4000) }) },
  { weight: 1, arbitrary: fc.record({ kind: is('void') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: is('top_up'),
      cents: fc.bigInt(1n, 30n),
      expiresInMs: fc.option(fc.integer({ min: 1, max: 9_000_000 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: is('switch'), isOn: fc.boolean(), isMember: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: is('cap'), cents: fc.bigInt(0n, 20n) }) },
  { weight: 1, arbitrary: fc.record({ kind: is('reset') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: is('pass'), ms: fc.integer({ min: 1, max: 8_000_000 }) }),
  },
)

function is<Kind extends Step['kind']>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind)
}

function asking(): fc.Arbitrary<Step> {
  const maxTokens = fc.constantFrom(100, 1000, 128_000)
  const consent = fc.constantFrom('allow' as const, 'allow' as const, 'never' as const)
  return fc.record({ kind: is('ask'), maxTokens, consent })
}

/** One member's life on real storage, with the answers that were given. */
class Life {
  readonly decisionIds: string[] = []
  readonly #holds: HoldId[] = []
  readonly #world: World
  readonly #clock: ManualClock
  readonly #seats: readonly Seat[]
  #count = 0

  constructor(world: World, clock: ManualClock, seats: readonly Seat[]) {
    this.#world = world
    this.#clock = clock
    this.#seats = seats
  }

  async play(one: Step): Promise<void> {
    const { parts, seat } = this.#world
    const { customerId } = seat
    this.#count += 1
    const command = { customerId, operationId: operationId(`op-${this.#count}`), actor: 'test' }
    switch (one.kind) {
      case 'ask':
        return this.#ask(one)
      case 'settle':
      case 'void':
        return this.#end(one)
      case 'top_up': {
        const expiresAtMs =
          one.expiresInMs === null ? null : parts.storage.recordNowMs() + one.expiresInMs
        await topUp(parts, {
          ...command,
          amountNanos: one.cents * cent,
          origin: 'top_up',
          expiresAtMs,
        })
        return
      }
      case 'switch':
        return setExtraUsage(parts, {
          ...command,
          memberId: one.isMember ? seat.memberId : null,
          isOn: one.isOn,
        })
      case 'cap':
        return setSpendCap(parts, {
          ...command,
          memberId: null,
          cap: { kind: 'capped', amountNanos: one.cents * cent },
        })
      case 'reset':
        // There may be nothing to give back, which is an error of its own.
        await giftReset(parts, { ...command, memberId: seat.memberId }).catch(() => undefined)
        return
      case 'pass':
        this.#clock.pass(one.ms)
    }
  }

  async #ask(one: Step & { kind: 'ask' }): Promise<void> {
    const { parts } = this.#world
    const seat = this.#seats[this.#count % this.#seats.length] ?? this.#world.seat
    const { decision, decisionId } = await authorize(parts, seat, {
      keyId: null,
      facts: facts(one),
    })
    this.decisionIds.push(decisionId)
    if (decision.kind === 'allow') {
      this.#holds.push(decision.allowance.holdId)
      this.#owners.set(decision.allowance.holdId, seat)
    }
  }

  readonly #owners = new Map<HoldId, Seat>()

  async #end(one: Step & { kind: 'settle' | 'void' }): Promise<void> {
    const holdId = this.#holds.shift()
    const owner = holdId === undefined ? undefined : this.#owners.get(holdId)
    if (holdId === undefined || owner === undefined) return
    const { parts } = this.#world
    if (one.kind === 'void') {
      await voidHold(parts, owner, { holdId, cause: 'test' })
      return
    }
    const usage = { input: 50, output: one.output }
    const rest = { marks: [], isEstimate: false, upstreamRequestId: null }
    const told = await settle(parts, owner, { holdId, usage, ...rest })
    // R4: whoever asks again is told what the first one was, also when it says something else now.
    const again = await settle(parts, owner, { holdId, usage: { input: 1 }, ...rest })
    assert.deepEqual(again, told)
  }
}

const [price] = ['claude-sonnet-4-5'].map((model) =>
  testPrices.priceOf({ model }, Date.UTC(2026, 10)),
)

function facts({
  maxTokens,
  consent,
}: {
  maxTokens: number
  consent: 'never' | 'allow'
}): RequestFacts {
  assert.ok(price !== undefined)
  const tokens = { inputTokensExpected: 50, inputTokensMax: 100, maxTokens }
  return { model: 'claude-sonnet-4-5', priceId: price.id, ...tokens, isThinking: false, consent }
}

async function openLife(): Promise<{ world: World; life: Life }> {
  const clock = new ManualClock()
  const world = await openWorld({
    upstream: nowhere,
    clock,
    waitMaxMs: 0,
    plan: sessionPlan(5n * cent, { runningMax: 4 }),
    customerRunningMax: 5,
  })
  assert.ok(price !== undefined)
  await ensurePrice(world.parts, price)
  const seats = [world.seat, await world.addSeat('ben')]
  return { world, life: new Life(world, clock, seats) }
}

test('L8: whatever happens, history adds up to the balance that the gate decides on, line by line', async () => {
  const checkLife = async (steps: readonly Step[]): Promise<void> => {
    const { world, life } = await openLife()
    await using _closing = world
    for (const one of steps) await life.play(one)
    const { customerId, memberId } = world.seat

    const figures = await getFigures(world.parts, world.seat)
    for (const query of [{ customerId }, { customerId, memberId }]) {
      const told = await history(world.parts, { ...query, rowsMax: 500 })
      let balanceNanos = told.openingNanos
      for (const line of told.lines) {
        balanceNanos += line.changeNanos
        assert.equal(line.balanceNanos, balanceNanos)
      }
      for (const { kind, request } of told.lines) {
        if (kind !== 'request' || request === null) continue
        const { source, costNanos, chargedNanos, overrunNanos } = request
        const paidNanos = source === 'extra_usage' ? costNanos : 0n
        assert.equal(chargedNanos + overrunNanos, paidNanos, 'every cent has its payer')
      }
      assert.equal(told.openingNanos, 0n)
      assert.equal(balanceNanos, figures.extraUsage.balanceNanos)
      assert.equal(told.closingNanos, figures.extraUsage.balanceNanos)
    }
  }
  const lives = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), checkLife)
  await fc.assert(lives, { numRuns: 15 })
})

test('every decision, allow or refusal, is the same when it is made again from the journal', async () => {
  const checkLife = async (steps: readonly Step[]): Promise<void> => {
    const { world, life } = await openLife()
    await using _closing = world
    for (const one of steps) await life.play(one)

    for (const decisionId of life.decisionIds) {
      const explanation = await explain(world.parts, decisionId)
      assert.ok(explanation.isConfirmed, JSON.stringify(explanation.answeredReason))
    }
    const report = await verify(world.parts, { actor: 'test', isHealing: false })
    assert.deepEqual([report.faults, report.drifts], [[], []])
  }
  const lives = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), checkLife)
  await fc.assert(lives, { numRuns: 15 })
})

test('a refusal because of what others of its customer run is the same when they run no more', async () => {
  const { world, life } = await openLife()
  await using _closing = world
  for (let count = 0; count < 12; count += 1) {
    await life.play({ kind: 'ask', maxTokens: 100, consent: 'never' })
  }
  for (let count = 0; count < 5; count += 1) await life.play({ kind: 'void' })

  const told = await Promise.all(life.decisionIds.map((id) => explain(world.parts, id)))

  const reasons = told.map(({ answeredReason }) => answeredReason)
  assert.deepEqual(
    reasons.filter((reason) => reason === 'running_limit'),
    Array.from({ length: 7 }, () => 'running_limit'),
  )
  assert.ok(told.every(({ isConfirmed }) => isConfirmed))
})

test('history is read in pages that fit together', async () => {
  const { world, life } = await openLife()
  await using _closing = world
  await life.play({ kind: 'switch', isOn: true, isMember: false })
  for (let count = 0; count < 15; count += 1) {
    await life.play({ kind: 'top_up', cents: 3n, expiresInMs: null })
    await life.play({ kind: 'ask', maxTokens: 1000, consent: 'allow' })
    await life.play({ kind: 'settle', output: 900 })
  }
  const { customerId } = world.seat
  const whole = await history(world.parts, { customerId, rowsMax: 500 })

  const lines = []
  let beforePosition: number | undefined
  for (;;) {
    const query = beforePosition === undefined ? {} : { beforePosition }
    const part = await history(world.parts, { customerId, rowsMax: 7, ...query })
    lines.unshift(...part.lines)
    if (part.beforePosition === null) break
    beforePosition = part.beforePosition
  }

  assert.ok(whole.lines.length > 30)
  assert.deepEqual(lines, whole.lines)
})

test('L8: pages of any size fit together, for the customer and for each member', async () => {
  const checkLife = async (steps: readonly Step[], rowsMax: number): Promise<void> => {
    const { world, life } = await openLife()
    await using _closing = world
    for (const one of steps) await life.play(one)
    const { customerId, memberId } = world.seat
    for (const whose of [{ customerId }, { customerId, memberId }]) {
      const whole = await history(world.parts, { ...whose, rowsMax: 500 })
      let changeNanos = 0n
      let beforePosition: number | undefined
      for (;;) {
        const from = beforePosition === undefined ? {} : { beforePosition }
        const part = await history(world.parts, { ...whose, rowsMax, ...from })
        for (const line of part.lines) changeNanos += line.changeNanos
        if (part.beforePosition === null) break
        beforePosition = part.beforePosition
      }
      assert.equal(changeNanos, whole.closingNanos - whole.openingNanos)
    }
  }
  const lives = fc.asyncProperty(
    fc.array(step, { minLength: 10, maxLength: 50 }),
    fc.integer({ min: 1, max: 5 }),
    checkLife,
  )
  await fc.assert(lives, { numRuns: 10 })
})
