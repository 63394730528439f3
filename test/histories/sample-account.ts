import type { RequestFacts } from '../../src/core/entry.ts'
import { limitId, planId, priceId } from '../../src/core/ids.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Price } from '../../src/core/usage.ts'
import type { Answer, Call, CallOf } from './account-history.ts'
import { AccountModel, type AccountState, type AccountTerms } from './account-model.ts'
import type { AccountHistory } from './check-history.ts'
import { foldFacts } from './fold-facts.ts'

/** An account with small figures for written histories, and what it truly answers: a nano for each output token. */
const price: Price = {
  id: priceId('price'),
  model: 'model',
  source: 'example',
  rates: { output: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }] },
  multipliers: {},
}
const nowMs = Date.UTC(2026, 5, 15, 12)
const hourMs = 3_600_000

export const planOf = (name: string, amount: bigint): Plan => ({
  id: planId(name),
  version: 1,
  name,
  priceNanos: null,
  limits: [
    {
      id: limitId('session'),
      unit: 'money',
      amount,
      shapes: [{ sinceMs: 0, shape: { kind: 'session', lengthMs: 100 * hourMs } }],
    },
  ],
  grants: [],
  runningMax: 20,
  outputTokensExpected: 100,
})

export const terms: AccountTerms = { prices: [price], nowMs }
export const model = new AccountModel(terms)

/** Ann's plan has room for little, bob's for nothing; both may draw on the wallet. */
export function opening(walletNanos: bigint): AccountState {
  const books = model.books([])
  books.note(nowMs, {
    kind: 'opened',
    zone: 'UTC',
    isOn: true,
    cap: { kind: 'unlimited' },
    overrunMax: 1_000_000n,
    isStrict: false,
    runningMax: 100,
  })
  for (const plan of [planOf('some', 300n), planOf('none', 0n)]) books.publish(plan, nowMs)
  books.seat('ann', 'some', nowMs)
  books.seat('bob', 'none', nowMs)
  const wallet = { grant: 'first', amount: walletNanos, priority: 50, expiresAtMs: null }
  if (walletNanos > 0n) books.note(nowMs, { kind: 'granted', ...wallet })
  return model.state(foldFacts(books))
}

export const historyOf = (
  begins: AccountHistory['begins'],
  operations: AccountHistory['operations'],
): AccountHistory => ({ ...terms, customer: 'acme', begins, operations })

const facts: RequestFacts = {
  model: 'model',
  priceId: price.id,
  inputTokensExpected: 0,
  inputTokensMax: 0,
  maxTokens: 1000,
  isThinking: false,
  consent: 'allow',
}

export type Asked = { readonly member: string; readonly hold: string; readonly amount: bigint }

/** A request before anybody knows whether a hold comes of it. */
export const asking = ({ member, hold, amount }: Asked): CallOf<'request'> => ({
  kind: 'request',
  member,
  facts,
  hold: {
    id: hold,
    source: 'plan',
    amounts: { money: amount, tokens: amount, requests: 1n },
    reserveNanos: 0n,
    holdMaxMs: hourMs,
  },
  neededNanos: amount,
})

export const settling = (hold: string, output: number): CallOf<'settle'> => ({
  kind: 'settle',
  hold,
  usage: { output },
  marks: [],
  isEstimate: false,
})

export type Truth = {
  readonly call: Call
  readonly answer: Answer
  readonly state: AccountState
}

/** What the account truly answers, the call as it came out, and what it is afterwards; null where it makes no sense. */
export function truth(state: AccountState, call: Call): Truth | null {
  const books = model.books(state.facts)
  const after = (asked: Call, answer: Answer): Truth | null => {
    const next = model.step(state, asked, answer)
    return next === null ? null : { call: asked, answer, state: next }
  }
  switch (call.kind) {
    case 'figures':
      return after(call, { kind: 'figures', ...books.told(call.member, nowMs) })
    case 'overview':
      return after(call, { kind: 'overview', ...books.overview(nowMs) })
    case 'request':
      return ask(state, call)
    case 'settle': {
      if (!books.isOpen(call.hold)) return null
      const said = books.settle(call.hold, call, nowMs)
      if (said === 'already_ended') return null
      return after(call, {
        kind: 'charged',
        chargedNanos: said.charged,
        overrunNanos: said.overrun,
      })
    }
    default:
      return after(call, { kind: 'done' })
  }
}

function ask(state: AccountState, call: CallOf<'request'>): Truth | null {
  for (const source of ['plan', 'extra_usage'] as const) {
    const placed = { ...call, hold: call.hold && { ...call.hold, source } }
    const answer = { kind: 'allowed', source } as const
    const next = model.step(state, placed, answer)
    if (next !== null) return { call: placed, answer, state: next }
  }
  const refused = { ...call, hold: null }
  const books = model.books(state.facts)
  const money = call.neededNanos ?? 0n
  books.given = { expected: { money, tokens: money, requests: 1n }, money, reserve: 0n }
  const said = books.decide({ hold: 'x', member: call.member, facts, holdMaxMs: 0 }, nowMs)
  if (said.kind === 'allow') return null
  const { reason, extraUsageReason } = said
  const limits = books.limitsTold(call.member, nowMs)
  const binding = limits.filter(({ limit }) => said.binding.has(limit))
  const answer: Answer = { kind: 'denied', reason, extraUsageReason, binding }
  return { call: refused, answer, state }
}
