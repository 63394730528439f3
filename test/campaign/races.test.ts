import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planId, type HoldId } from '../../src/core/ids.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { settle } from '../../src/operations/settle.ts'
import { topUp } from '../../src/operations/top-up.ts'
import type { MemberScope } from '../../src/storage/storage.ts'
import { checkBooks, type Acknowledged } from './race-books.ts'
import { runRace } from './race-history.ts'
import {
  ask,
  command,
  customers,
  openRaceWorld,
  scopes,
  settlementOf,
  type RaceWorld,
} from './race-world.ts'

test('D5, O1: histories of everything at once leave every book exact, every hold ended once, and nobody denied falsely', async () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const { lost, deniedFalsely, broken, tally } = await runRace(seed)

    assert.deepEqual(
      { seed, lost, deniedFalsely, broken },
      { seed, lost: [], deniedFalsely: [], broken: [] },
    )
    assert.ok(tally.allowed > 0 && tally.ended > 0)
  }
})

/** Twenty requests one after another, each settled; what was admitted and charged is noted. */
async function work(world: RaceWorld, scope: MemberScope, told: Acknowledged): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    const { decision } = await ask(world.parts, scope, { maxTokens: 50 + turn })
    assert.equal(decision.kind, 'allow')
    const id: HoldId | undefined = decision.kind === 'allow' ? decision.allowance.holdId : undefined
    if (id === undefined) return
    told.holds.set(id, scope)
    const answer = await settle(world.parts, scope, settlementOf(id, 20 + turn))
    assert.equal(answer.kind, 'settled')
    if (answer.kind === 'settled') told.settled.set(id, answer)
  }
}

/** Every field that people edit, set to what it is or to what does not bind, over and over. */
async function edit({ parts, storage }: RaceWorld, scope: MemberScope): Promise<void> {
  const { memberId } = scope
  const plan = planId(['small', 'large', 'none'][scopes.indexOf(scope) % 3] ?? 'none')
  for (let turn = 0; turn < 10; turn += 1) {
    await Promise.all([
      setStatus(parts, { ...command(), ...scope, isActive: true }),
      setStatus(parts, { ...command(), ...scope, memberId: null, isActive: true }),
      seatMember(parts, { ...command(), ...scope, planId: plan }),
      setSpendCap(parts, { ...command(), ...scope, cap: { kind: 'unlimited' } }),
      setSpendCap(parts, {
        ...command(),
        ...scope,
        memberId: null,
        cap: { kind: 'capped', amountNanos: 10n ** 12n },
      }),
      storage.putPerson({ id: memberId, name: `Name ${turn}`, email: null }),
    ])
  }
}

test('O12: editing name, plan, status and caps under traffic moves no balance and no counter', async () => {
  const world = await openRaceWorld()
  try {
    const told: Acknowledged = { holds: new Map(), settled: new Map(), topUps: [] }
    for (const customerId of customers) {
      const amountNanos = 10_000_000n
      const terms = { origin: 'top_up', expiresAtMs: null } as const
      await topUp(world.parts, { ...command(), customerId, amountNanos, ...terms })
      told.topUps.push({ customerId, amountNanos })
    }

    await Promise.all(scopes.flatMap((scope) => [work(world, scope, told), edit(world, scope)]))

    assert.equal(told.settled.size, 20 * scopes.length)
    for (const customerId of customers) {
      assert.deepEqual(await checkBooks(world, customerId, told), { lost: [], broken: [] })
    }
  } finally {
    await world.end()
  }
})
