import type { Account } from '../../src/core/account.ts'
import { decide } from '../../src/core/authorize.ts'
import {
  grant,
  openCustomer,
  publishPlan,
  publishPrice,
  seatMember,
} from '../../src/core/commands.ts'
import type { Decision } from '../../src/core/decision.ts'
import { voidOpenHold } from '../../src/core/end-hold.ts'
import {
  customerId,
  grantId,
  holdId,
  limitId,
  memberId,
  planId,
  priceId,
  type BootId,
  type CustomerId,
  type HoldId,
} from '../../src/core/ids.ts'
import type { Plan } from '../../src/core/plan.ts'
import { settleHold, type SettleAnswer } from '../../src/core/settle.ts'
import type { Price } from '../../src/core/usage.ts'
import type { Change, MemberScope, Once, Storage } from '../../src/storage/storage.ts'

/** Accounts and requests for tests of a storage: small figures that a reader can follow in his head. */

export const acme = customerId('acme')
export const ann: MemberScope = { customerId: acme, memberId: memberId('ann') }
export const bob: MemberScope = { customerId: acme, memberId: memberId('bob') }
export const zoe: MemberScope = { customerId: customerId('zeta'), memberId: memberId('zoe') }

/** One nano per input token, ten per output token. */
export const price: Price = {
  id: priceId('test-price'),
  model: 'test-model',
  source: 'test',
  rates: {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 10_000_000n }],
  },
  multipliers: {},
}

const shape = { kind: 'session', lengthMs: 5 * 3_600_000 } as const

export const planOf = (name: string, amount: bigint): Plan => ({
  id: planId(name),
  version: 1,
  name,
  priceNanos: null,
  limits: [{ id: limitId('session'), unit: 'money', amount, shapes: [{ sinceMs: 0, shape }] }],
  grants: [],
  runningMax: 1000,
  outputTokensExpected: 50,
})

/** `roomy` pays for everything, `spent` for nothing. */
export async function publishAll(storage: Storage): Promise<void> {
  await storage.updateSystem((_system, context) => ({
    answer: undefined,
    entries: [publishPrice(price, context)],
  }))
  for (const plan of [planOf('roomy', 10n ** 15n), planOf('spent', 0n)]) {
    await storage.updateSystem((system, context) => {
      const draft = publishPlan(system, plan, context)
      return { answer: undefined, entries: draft === undefined ? [] : [draft] }
    })
  }
}

export async function open(storage: Storage, id = acme): Promise<void> {
  await storage.updateCustomer(id, (_state, context) => {
    const terms = {
      zone: 'UTC',
      isExtraUsageOn: true,
      cap: { kind: 'unlimited' },
      overrunMaxNanos: 1_000_000n,
      isStrict: false,
      runningMax: 1000,
    } as const
    return { answer: undefined, entries: [openCustomer(terms, context)] }
  })
}

export async function seat(
  storage: Storage,
  scope: MemberScope,
  plan: 'roomy' | 'spent' = 'roomy',
): Promise<void> {
  await storage.update(scope, (account, context) => ({
    answer: undefined,
    entries: [
      {
        ...seatMember(account, { planId: planId(plan) }, context),
        memberId: scope.memberId,
      },
    ],
  }))
}

/** Plans, prices, a customer with money, and three members; Bob has to pay from the wallet. */
export async function furnish(storage: Storage): Promise<void> {
  await publishAll(storage)
  await open(storage)
  await open(storage, zoe.customerId)
  await seat(storage, ann)
  await seat(storage, bob, 'spent')
  await seat(storage, zoe)
  await topUp(storage, { id: 'first', amountNanos: 1_000_000n })
}

type TopUp = {
  readonly id: string
  readonly amountNanos: bigint
  /** Acme when it is left out. */
  readonly customerId?: CustomerId
}

const topUpDraft = (
  customer: Account['customer'],
  { id, amountNanos }: TopUp,
  context: { readonly nowMs: number; readonly position: number },
) =>
  grant(
    customer,
    { grantId: grantId(id), origin: 'top_up', priority: 50, expiresAtMs: null, amountNanos },
    context,
  )

export function topUp(storage: Storage, command: TopUp, once?: Once<string>): Promise<string> {
  return storage.updateCustomer(
    command.customerId ?? acme,
    ({ customer }, context) => ({
      answer: 'topped up',
      entries: [topUpDraft(customer, command, context)],
    }),
    once,
  )
}

export function authorize(storage: Storage, scope: MemberScope, hold: string): Promise<Decision> {
  return storage.update(scope, authorizing(storage, scope, hold))
}

/** The facts of every request here: 600 expected, 1,200 at worst. */
export const requestOf = (asked: {
  readonly hold: string
  readonly bootId: BootId
  readonly customerRunningCount: number
}) =>
  ({
    holdId: holdId(asked.hold),
    bootId: asked.bootId,
    keyId: null,
    facts: {
      model: 'test-model',
      priceId: price.id,
      inputTokensExpected: 100,
      inputTokensMax: 200,
      maxTokens: 100,
      isThinking: false,
      consent: 'allow',
    },
    holdMaxMs: 60_000,
    customerRunningCount: asked.customerRunningCount,
  }) as const

/** The change of an authorize; a refusal writes nothing. */
export function authorizing(
  storage: Storage,
  { memberId: member }: MemberScope,
  hold: string,
): Change<Account, Decision> {
  return (account, context) => {
    const customerRunningCount = storage.openHoldCount(account.customer.customerId)
    const request = requestOf({ hold, bootId: storage.bootId, customerRunningCount })
    const { decision, draft } = decide(account, request, context)
    const entries = draft === null ? [] : [{ ...draft, memberId: member }]
    return { answer: decision, entries }
  }
}

export function settle(storage: Storage, scope: MemberScope, hold: string): Promise<SettleAnswer> {
  return settleUsing(storage, scope, { hold, outputTokens: 40 })
}

export function settleUsing(
  storage: Storage,
  scope: MemberScope,
  { hold, outputTokens }: { readonly hold: string; readonly outputTokens: number },
): Promise<SettleAnswer> {
  return storage.update(scope, (account, context) => {
    const settlement = {
      holdId: holdId(hold),
      usage: { input: 90, output: outputTokens },
      marks: [],
      isEstimate: false,
      upstreamRequestId: null,
    }
    const { answer, draft } = settleHold(account, settlement, context)
    const entries = draft === null ? [] : [{ ...draft, memberId: scope.memberId }]
    return { answer, entries }
  })
}

export async function voidHold(storage: Storage, scope: MemberScope, hold: string): Promise<void> {
  await storage.update(scope, (account, context) => {
    const command = { holdId: holdId(hold), cause: 'test' }
    const { draft } = voidOpenHold(account, command, context)
    const entries = draft === null ? [] : [{ ...draft, memberId: scope.memberId }]
    return { answer: undefined, entries }
  })
}

/** What a decision on this account would read, with nothing written. */
export function look<Seen>(
  storage: Storage,
  scope: MemberScope,
  see: (account: Account) => Seen,
): Promise<Seen> {
  return storage.update(scope, (account) => ({ answer: see(account), entries: [] }))
}

export const openHoldIds = (account: Account): readonly HoldId[] => [...account.member.holds.keys()]

export const balance = (account: Account): bigint => {
  let sum = 0n
  for (const { availableNanos } of account.customer.grants.values()) sum += availableNanos
  return sum
}
