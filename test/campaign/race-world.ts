import {
  bootId,
  customerId,
  holdId,
  limitId,
  memberId,
  operationId,
  planId,
  priceId,
  type HoldId,
} from '../../src/core/ids.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Price } from '../../src/core/usage.ts'
import { authorize, type Admission } from '../../src/operations/authorize.ts'
import { createDecisionSigner } from '../../src/operations/decision-id.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { ensurePrice } from '../../src/operations/publish-price.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { WaitingLine } from '../../src/operations/waiting-line.ts'
import type { MemberScope, Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'

/** Real storage with small figures: one nano per input token, ten per output token. */
export const raceHoldMaxMs = 10 * 60_000
export const raceRunningMax = 6
export const raceCustomerRunningMax = 14
export const raceOverrunMax = 20_000n
export const inputTokens = 100
export const maxTokensMax = 400

const price: Price = {
  id: priceId('race-price'),
  model: 'race-model',
  source: 'test',
  rates: {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 10_000_000n }],
  },
  multipliers: {},
}

export function racePlan(name: string, amount: bigint): Plan {
  const shape = { kind: 'session', lengthMs: 60 * 60_000 } as const
  return {
    id: planId(name),
    version: 1,
    name,
    priceNanos: null,
    limits: [{ id: limitId('session'), unit: 'money', amount, shapes: [{ sinceMs: 0, shape }] }],
    grants: [],
    runningMax: raceRunningMax,
    outputTokensExpected: 100,
  }
}

export const planNames = ['small', 'large', 'none'] as const
export const scopes: readonly MemberScope[] = ['x', 'y'].flatMap((customer) =>
  ['ada', 'ben', 'eve'].map((member) => ({
    customerId: customerId(customer),
    memberId: memberId(member),
  })),
)
export const customers = [customerId('x'), customerId('y')]

export type RaceWorld = {
  readonly bed: SqliteBed
  readonly storage: Storage
  readonly parts: GateParts
  end(): Promise<void>
}

let commandCount = 0
export const command = () => ({ operationId: operationId(`race-${++commandCount}`), actor: 'race' })

export async function openRaceWorld(): Promise<RaceWorld> {
  const bed = new SqliteBed()
  const storage = await bed.open()
  const line = new WaitingLine(storage, bed.clock, { waitMaxMs: 2000, waitersMax: 8 })
  const parts: GateParts = {
    storage,
    clock: bed.clock,
    random: systemRandom,
    signer: createDecisionSigner('race'),
    line,
    bootId: bootId(storage.bootId),
    holdMaxMs: raceHoldMaxMs,
  }
  await ensurePrice(parts, price)
  await publishPlans(parts, [
    racePlan('small', 2000n),
    racePlan('large', 20_000n),
    racePlan('none', 0n),
  ])
  for (const id of customers) {
    await openCustomer(parts, {
      ...command(),
      customerId: id,
      zone: 'UTC',
      isExtraUsageOn: true,
      cap: { kind: 'unlimited' },
      overrunMaxNanos: raceOverrunMax,
      isStrict: false,
      runningMax: raceCustomerRunningMax,
    })
  }
  for (const [index, scope] of scopes.entries()) {
    const plan = planNames[index % planNames.length] ?? 'small'
    await seatMember(parts, { ...command(), ...scope, planId: planId(plan) })
  }
  return {
    bed,
    storage,
    parts,
    async end() {
      line.close()
      await bed.end()
    },
  }
}

export type RaceAsk = { readonly maxTokens: number; readonly signal?: AbortSignal }

export function ask(
  parts: GateParts,
  scope: MemberScope,
  { maxTokens, signal }: RaceAsk,
): Promise<Admission> {
  const facts = {
    model: 'race-model',
    priceId: price.id,
    inputTokensExpected: inputTokens,
    inputTokensMax: inputTokens,
    maxTokens,
    isThinking: false,
    consent: 'allow' as const,
  }
  return authorize(parts, scope, {
    keyId: null,
    facts,
    ...(signal === undefined ? {} : { signal }),
  })
}

export const settlementOf = (id: HoldId | string, output: number) => ({
  holdId: holdId(id),
  usage: { input: inputTokens, output },
  marks: [],
  isEstimate: false,
  upstreamRequestId: null,
})

/** The same numbers from the same seed, so that a run can be repeated. */
export function seededDice(seed: number): (sides: number) => number {
  let state = seed >>> 0
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides)
  }
}
