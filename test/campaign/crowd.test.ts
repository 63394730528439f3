import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HoldId } from '../../src/core/ids.ts'
import type { Admission } from '../../src/operations/authorize.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { WaitingLine } from '../../src/operations/waiting-line.ts'
import { ask, openRaceWorld, raceCustomerRunningMax, racePlan, scopes } from './race-world.ts'

const [ada, ben, eve] = scopes

const allowedOf = (admissions: readonly Admission[]): readonly HoldId[] =>
  admissions.flatMap(({ decision }) =>
    decision.kind === 'allow' ? [decision.allowance.holdId] : [],
  )

const reasonsOf = (admissions: readonly Admission[]): ReadonlySet<string> =>
  new Set(
    admissions.flatMap(({ decision }) =>
      decision.kind === 'deny' ? [decision.denial.reason] : [],
    ),
  )

test('of a thousand requests at once a member runs as many as its plan says, and each that ends lets in one more', async () => {
  assert.ok(ada !== undefined)
  const world = await openRaceWorld()
  try {
    const roomy = { ...racePlan('small', 10n ** 12n), runningMax: 10 }
    await publishPlans(world.parts, [roomy])
    const crowd = () =>
      Promise.all(Array.from({ length: 1000 }, () => ask(world.parts, ada, { maxTokens: 10 })))

    const first = await crowd()
    const running = allowedOf(first)
    assert.equal(running.length, 10)
    assert.deepEqual(reasonsOf(first), new Set(['running_limit']))

    const [ended, another] = running
    assert.ok(ended !== undefined && another !== undefined)
    const [, again] = await Promise.all([
      voidHold(world.parts, ada, { holdId: ended, cause: 'aborted' }),
      crowd(),
    ])
    assert.equal(allowedOf(again).length, 1)

    // A limit that is lowered while more run lets nobody in until enough have ended.
    await publishPlans(world.parts, [{ ...roomy, runningMax: 9 }])
    await voidHold(world.parts, ada, { holdId: another, cause: 'aborted' })
    assert.equal(allowedOf(await crowd()).length, 0)
    await publishPlans(world.parts, [{ ...roomy, runningMax: 12 }])
    assert.equal(allowedOf(await crowd()).length, 3)
  } finally {
    await world.end()
  }
})

test('of a thousand requests at once a customer runs as many as it may, whichever members send them', async () => {
  assert.ok(ada !== undefined && ben !== undefined && eve !== undefined)
  const world = await openRaceWorld()
  try {
    const plans = ['small', 'large', 'none'].map((name) => racePlan(name, 10n ** 12n))
    await publishPlans(
      world.parts,
      plans.map((one) => ({ ...one, runningMax: 1000 })),
    )
    const members = [ada, ben, eve]

    const crowd = await Promise.all(
      Array.from({ length: 999 }, (_unused, turn) =>
        ask(world.parts, members[turn % 3] ?? ada, { maxTokens: 10 }),
      ),
    )

    assert.equal(allowedOf(crowd).length, raceCustomerRunningMax)
    assert.deepEqual(reasonsOf(crowd), new Set(['running_limit']))
  } finally {
    await world.end()
  }
})

test('D6: after a crash every place is free again', async () => {
  assert.ok(ada !== undefined)
  const world = await openRaceWorld()
  try {
    await publishPlans(world.parts, [racePlan('small', 10n ** 12n)])
    const before = await Promise.all(
      Array.from({ length: 20 }, () => ask(world.parts, ada, { maxTokens: 10 })),
    )
    await world.bed.crash()
    const storage = await world.bed.open()
    const settings = { waitMaxMs: 2000, waitersMax: 8 }
    const line = new WaitingLine(storage, world.bed.clock, settings)
    const parts = { ...world.parts, storage, line, bootId: storage.bootId }

    const after = await Promise.all(
      Array.from({ length: 20 }, () => ask(parts, ada, { maxTokens: 10 })),
    )

    assert.equal(allowedOf(after).length, allowedOf(before).length)
    assert.ok(allowedOf(after).length > 0)
  } finally {
    await world.end()
  }
})
