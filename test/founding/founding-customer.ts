import type { SpendCap } from '../../src/core/account.ts'
import type { RequestFacts } from '../../src/core/entry.ts'
import { customerId, limitId, memberId, planId, priceId } from '../../src/core/ids.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Price } from '../../src/core/usage.ts'
import type { MemberScope } from '../../src/storage/storage.ts'
import { seededDraw } from '../faults/seeded-draw.ts'
import type { Admitted, Refused } from '../model/naive-facts.ts'
import { NaiveModel } from '../model/naive-model.ts'

/**
 * One of many customers with one member, and all that happens to them: the same for the same seed and number, so the
 * truth about a customer can be worked out again whenever it is asked for, from no file at all.
 */
export type FoundingCustomer = {
  readonly scope: MemberScope
  readonly plan: string
  readonly isOn: boolean
  readonly isMemberOn: boolean
  readonly cap: SpendCap
  readonly topUps: readonly bigint[]
  /** Settled one after another; the first ones before the derivations are looked at for the first time. */
  readonly requests: readonly { readonly maxTokens: number; readonly output: number }[]
  /** The request that is asked in the end. */
  readonly asks: number
}

export const earlyRequests = 2
export const overrunMaxNanos = 1_000_000n
export const holdMaxMs = 600_000

/** A nano for each token of input, ten for each of output. */
export const price: Price = {
  id: priceId('founding-price'),
  model: 'founding-model',
  source: 'test',
  rates: {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 10_000_000n }],
  },
  multipliers: {},
}

const planOf = (name: string, amount: bigint): Plan => ({
  id: planId(name),
  version: 1,
  name,
  priceNanos: null,
  limits: [
    {
      id: limitId('session'),
      unit: 'money',
      amount,
      shapes: [{ sinceMs: 0, shape: { kind: 'session', lengthMs: 5 * 3_600_000 } }],
    },
  ],
  grants: [],
  runningMax: 20,
  outputTokensExpected: 100,
})
/** Room for everything, for one or two requests, and for none. */
export const plans = [
  planOf('roomy', 1_000_000n),
  planOf('small', 2000n),
  planOf('none', 0n),
] as const

export const factsOf = (maxTokens: number): RequestFacts => ({
  model: 'founding-model',
  priceId: price.id,
  inputTokensExpected: 100,
  inputTokensMax: 100,
  maxTokens,
  isThinking: false,
  consent: 'allow',
})

export function customerOf(seed: number, index: number): FoundingCustomer {
  const draw = seededDraw(seed * 1_000_003 + index)
  const maxTokens = (): number => 1 + draw(300)
  return {
    scope: {
      customerId: customerId(`customer-${index}`),
      memberId: memberId(`member-${index}`),
    },
    plan: plans[draw(plans.length)]?.name ?? 'none',
    isOn: draw(4) > 0,
    isMemberOn: draw(10) > 0,
    cap:
      draw(2) === 0
        ? { kind: 'unlimited' }
        : { kind: 'capped', amountNanos: BigInt(draw(8) * 1000) },
    topUps: Array.from({ length: draw(3) }, () => BigInt(200 + draw(6000))),
    requests: Array.from({ length: earlyRequests + 1 + draw(2) }, () => {
      const most = maxTokens()
      return { maxTokens: most, output: draw(most + 1) }
    }),
    asks: maxTokens(),
  }
}

export type Truth = {
  readonly decision: Admitted | Refused
  /** What the figures beside it say. */
  readonly used: bigint
  readonly balance: bigint
  readonly spent: bigint
}

/** What a customer's last request has to be answered: by the second implementation, from nothing but this story. */
export function truthOf(customer: FoundingCustomer, nowMs: number): Truth {
  const model = new NaiveModel([price])
  const { isOn, cap } = customer
  const terms = { zone: 'UTC', overrunMax: overrunMaxNanos, isStrict: false, runningMax: 100 }
  model.note(nowMs, { kind: 'opened', isOn, cap, ...terms })
  for (const plan of plans) model.publish(plan, nowMs)
  model.seat('m', customer.plan, nowMs)
  for (const [index, amount] of customer.topUps.entries()) {
    const grant = { grant: `top-up-${index}`, amount, priority: 50, expiresAtMs: null }
    model.note(nowMs, { kind: 'granted', ...grant })
  }
  if (!customer.isMemberOn) model.note(nowMs, { kind: 'switch', member: 'm', isOn: false })
  for (const [index, { maxTokens, output }] of customer.requests.entries()) {
    const facts = factsOf(maxTokens)
    const hold = `hold-${index}`
    const said = model.authorize({ hold, member: 'm', facts, holdMaxMs }, nowMs)
    if (said.kind === 'deny') continue
    model.settle(hold, { usage: { input: 100, output }, marks: [], isEstimate: false }, nowMs)
  }
  const facts = factsOf(customer.asks)
  return {
    decision: model.decide({ hold: 'last', member: 'm', facts, holdMaxMs }, nowMs),
    used: model.limits('m', nowMs)[0]?.used ?? 0n,
    balance: model.balance(nowMs),
    spent: model.spent(null, nowMs),
  }
}
