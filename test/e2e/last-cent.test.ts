import assert from 'node:assert/strict'
import { test } from 'node:test'

import { operationId, planId } from '../../src/core/ids.ts'
import { nanosPerUnit, type Nanos } from '../../src/core/money.ts'
import { findKey } from '../../src/operations/find-key.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { revokeKey } from '../../src/operations/revoke-key.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { verify } from '../../src/operations/verify.ts'
import { jsonReply, message, type UpstreamCall } from './scripted-upstream.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { sessionLimit, sessionPlan } from './world.ts'

/** Each request is expected to cost ten cents and a trace of input, and costs twenty in the end. */
const cent = nanosPerUnit / 100n
const model = 'claude-haiku-4-5'
const usage = { input_tokens: 0, output_tokens: 40_000 }
const body = askBody({ model, max_tokens: 40_000 })
const answer = jsonReply(200, message('done', usage, model))
const plan = sessionPlan(0n, { outputTokensExpected: 20_000 })

let commandCount = 0
const command = () => ({ operationId: operationId(`cent-${++commandCount}`), actor: 'test' })

type Gated = {
  readonly world: ScriptedWorld
  readonly calls: readonly UpstreamCall[]
  readonly waitFor: (count: number) => Promise<void>
}

/** A world whose upstream takes requests and answers none until the test does; `waitFor` so many of them. */
async function openGated(): Promise<Gated> {
  const calls: UpstreamCall[] = []
  let wake = (): void => undefined
  const world = await openScriptedWorld(
    (call) => {
      calls.push(call)
      wake()
    },
    { plan, waitMaxMs: 20 },
  )
  const waitFor = async (count: number): Promise<void> => {
    while (calls.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { world, calls, waitFor }
}

const setCap = ({ parts, seat }: ScriptedWorld, amountNanos: Nanos): Promise<void> => {
  const cap = { kind: 'capped', amountNanos } as const
  return setSpendCap(parts, { ...command(), ...seat, memberId: null, cap })
}

async function switchOff({ parts, seat }: ScriptedWorld): Promise<void> {
  await setExtraUsage(parts, { ...command(), ...seat, memberId: null, isOn: false })
}

/** What history bills, line by line, beside what everybody is shown. */
async function assertExact(
  world: ScriptedWorld,
  due: { readonly charged: Nanos; readonly overrun: Nanos; readonly paidIn: Nanos },
): Promise<void> {
  let charged = 0n
  let overrun = 0n
  for (const { body: entry } of await world.entries()) {
    if (entry.kind !== 'settled') continue
    charged += entry.chargedNanos
    overrun += entry.overrunNanos
  }
  const { extraUsage, runningCount } = await world.figures()
  assert.deepEqual({ charged, overrun }, { charged: due.charged, overrun: due.overrun })
  assert.equal(extraUsage.balanceNanos, due.paidIn - due.charged)
  assert.equal(extraUsage.spentNanos, due.charged)
  assert.deepEqual([extraUsage.heldNanos, runningCount], [0n, 0])
  const report = await verify(world.parts, { isHealing: false, actor: 'test' })
  assert.deepEqual([report.faults, report.drifts], [[], []])
}

const crowds = [
  { what: 'the last dollar of the balance', paidIn: 100n * cent, cap: undefined },
  { what: 'the last dollar under the cap', paidIn: 1000n * cent, cap: 100n * cent },
]

for (const { what, paidIn, cap } of crowds) {
  test(`O1, O2, D5: twenty requests of twenty cents at once on ${what} are charged one dollar, to the nano`, async () => {
    const { world, calls, waitFor } = await openGated()
    await using _closing = world
    await world.turnOnExtraUsage(paidIn)
    if (cap !== undefined) await setCap(world, cap)

    const replies = Array.from({ length: 20 }, () => world.post({ body }))
    await waitFor(9)
    // Nine holds of ten cents and a trace fit; the others are told so once their moment of waiting is over.
    await world.finished(11)
    for (const call of calls) call.send(answer)
    const statuses = (await Promise.all(replies)).map((reply) => reply.status)
    await world.finished(20)

    assert.deepEqual(
      [200, 429].map((status) => statuses.filter((one) => one === status).length),
      [9, 11],
    )
    assert.equal(calls.length, 9)
    await assertExact(world, { charged: 100n * cent, overrun: 80n * cent, paidIn })
  })
}

test('O3, D5: twenty at once with extra usage off move no money, and none reaches the upstream', async () => {
  const { world, calls } = await openGated()
  await using _closing = world
  await world.turnOnExtraUsage(100n * cent)
  await switchOff(world)

  const replies = await Promise.all(Array.from({ length: 20 }, () => world.post({ body })))

  assert.ok(replies.every((reply) => reply.status === 429))
  assert.equal(calls.length, 0)
  await assertExact(world, { charged: 0n, overrun: 0n, paidIn: 100n * cent })
})

/** What happens while one request of twenty cents runs, and what it is charged in the end. */
type Change = {
  readonly what: string
  readonly paidIn?: Nanos
  readonly act: (world: ScriptedWorld) => Promise<unknown>
  readonly charged: Nanos | 'hold'
  /** Money that the act itself brings. */
  readonly brings?: Nanos
}

const changes: readonly Change[] = [
  { what: 'nothing happens', act: async () => undefined, charged: 20n * cent },
  { what: 'extra usage is switched off', act: switchOff, charged: 'hold' },
  { what: 'the cap is lowered below the hold', act: (w) => setCap(w, 5n * cent), charged: 'hold' },
  {
    what: 'the cap is lowered to a little above the hold',
    act: (w) => setCap(w, 12n * cent),
    charged: 12n * cent,
  },
  {
    what: 'the balance ends at fifteen cents',
    paidIn: 15n * cent,
    act: async () => undefined,
    charged: 15n * cent,
  },
  {
    what: 'a top-up comes in',
    paidIn: 15n * cent,
    act: (w) => w.turnOnExtraUsage(100n * cent),
    charged: 20n * cent,
    brings: 100n * cent,
  },
  {
    what: 'the member moves to a larger plan',
    act: async ({ parts, seat }) => {
      const large = sessionPlan(1000n * cent, { id: planId('large') })
      await publishPlans(parts, [large])
      await seatMember(parts, { ...command(), ...seat, planId: large.id })
    },
    charged: 20n * cent,
  },
  {
    what: 'the limit of the plan is deleted',
    act: ({ parts }) =>
      publishPlans(parts, [{ ...plan, limits: [sessionLimit(1000n * cent, 'other')] }]),
    charged: 20n * cent,
  },
  {
    what: 'the key is revoked',
    act: async ({ parts, seat }) => {
      const owner = await findKey(parts, seat.keyText)
      assert.ok(owner !== undefined)
      await revokeKey(parts, { ...command(), ...seat, keyId: owner.keyId })
    },
    charged: 20n * cent,
  },
  {
    what: 'the customer is paused',
    act: ({ parts, seat }) =>
      setStatus(parts, { ...command(), ...seat, memberId: null, isActive: false }),
    charged: 20n * cent,
  },
]

for (const { what, paidIn = 100n * cent, act, charged, brings = 0n } of changes) {
  test(`O1, O3: when ${what} in mid-stream, the running request is charged exactly what the rule says`, async () => {
    const { world, calls, waitFor } = await openGated()
    await using _closing = world
    await world.turnOnExtraUsage(paidIn)
    const reply = world.post({ body })
    await waitFor(1)
    const { heldNanos } = (await world.figures()).extraUsage
    assert.ok(heldNanos > 10n * cent && heldNanos < 11n * cent)

    await act(world)
    calls[0]?.send(answer)

    assert.equal((await reply).status, 200)
    await world.finished(1)
    const due = charged === 'hold' ? heldNanos : charged
    await assertExact(world, { charged: due, overrun: 20n * cent - due, paidIn: paidIn + brings })
  })
}
