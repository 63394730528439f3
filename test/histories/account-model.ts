import { isDeepStrictEqual } from 'node:util'
import type { Price } from '../../src/core/usage.ts'
import type { Refused } from '../model/naive-facts.ts'
import { AccountBooks } from './account-books.ts'
import type { Answer, Call, CallOf, LimitTold } from './account-history.ts'
import { foldFacts, type FoldedFact } from './fold-facts.ts'
import type { SequentialModel } from './operation.ts'

/**
 * What is known of a customer between two operations. Two with the same facts are the same object, and each keeps
 * what became of it: a search comes to the same state in many orders.
 */
export type AccountState = {
  readonly id: number
  readonly facts: readonly FoldedFact[]
  readonly after: Map<Call, Map<Answer | undefined, AccountState | null>>
}

export type AccountTerms = {
  readonly prices: readonly Price[]
  /** For calls of which nobody knows the server's moment. */
  readonly nowMs: number
}

/** One customer as a sequential model: the naive model's rules, one call after another. */
export class AccountModel implements SequentialModel<AccountState, Call, Answer> {
  readonly terms: AccountTerms
  readonly #states = new Map<string, AccountState>()

  constructor(terms: AccountTerms) {
    this.terms = terms
  }

  /** The state that these facts tell. */
  state(facts: readonly FoldedFact[]): AccountState {
    const text = JSON.stringify(facts, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
    const known = this.#states.get(text)
    if (known !== undefined) return known
    const state = { id: this.#states.size, facts, after: new Map() }
    this.#states.set(text, state)
    return state
  }

  step(state: AccountState, call: Call, answer: Answer | undefined): AccountState | null {
    const known = state.after.get(call)?.get(answer)
    if (known !== undefined) return known
    const next = this.#next(state, call, answer)
    const byAnswer = state.after.get(call) ?? new Map<Answer | undefined, AccountState | null>()
    state.after.set(call, byAnswer.set(answer, next))
    return next
  }

  #next(state: AccountState, call: Call, answer: Answer | undefined): AccountState | null {
    const books = this.books(state.facts)
    const nowMs = call.nowMs ?? this.terms.nowMs
    if (!carryOut(books, call, { answer, nowMs })) return null
    return this.isObservation(call, answer) ? state : this.state(foldFacts(books))
  }

  key({ id }: AccountState): string {
    return String(id)
  }

  /** A refusal changes nothing either. */
  isObservation(call: Call, answer: Answer | undefined): boolean {
    const isPage = call.kind === 'figures' || call.kind === 'overview'
    return isPage || (answer !== undefined && changesNothing.has(answer.kind))
  }

  books(facts: readonly FoldedFact[]): AccountBooks {
    const books = new AccountBooks(this.terms.prices)
    books.facts.push(...facts)
    return books
  }
}

const changesNothing: ReadonlySet<Answer['kind']> = new Set([
  'denied',
  'unknown_key',
  'nothing_to_credit',
])

type Told = { readonly answer: Answer | undefined; readonly nowMs: number }

/** Does what the call says; false where it cannot have been answered so. */
export function carryOut(books: AccountBooks, call: Call, { answer, nowMs }: Told): boolean {
  switch (call.kind) {
    case 'request':
      return request(books, call, { answer, nowMs })
    case 'grow':
      return books.growTo(call.hold, call.amounts, nowMs)
    case 'settle':
      return settle(books, call, { answer, nowMs })
    case 'void': {
      const isOpen = books.isOpen(call.hold)
      if (isOpen) books.void(call.hold, nowMs)
      return isOpen
    }
    case 'expire': {
      const isOpen = books.isOpen(call.hold)
      if (isOpen) books.expire(call.hold, nowMs)
      return isOpen
    }
    case 'reload':
      return books.bookReload(call.grant, call.amountNanos, nowMs)
    case 'reload_refused':
      return books.refuseReload(call.reason, nowMs)
    case 'credit':
      return credit(books, call, { answer, nowMs })
    case 'missing':
      return false
    case 'restart':
      for (const { hold } of books.openHolds(null)) books.expire(hold, nowMs)
      return true
    case 'figures':
      return isSaid(answer, { kind: 'figures', ...books.told(call.member, nowMs) })
    case 'overview':
      return isSaid(answer, { kind: 'overview', ...books.overview(nowMs) })
    default:
      command(books, call, nowMs)
      return true
  }
}

const isSaid = (answer: Answer | undefined, truth: Answer): boolean =>
  answer === undefined || isDeepStrictEqual(answer, truth)

function request(books: AccountBooks, call: CallOf<'request'>, { answer, nowMs }: Told): boolean {
  const { member, facts, hold, neededNanos, key } = call
  const isRevoked = key !== undefined && books.isRevoked(key)
  if (answer?.kind === 'unknown_key' || isRevoked)
    return isRevoked && answer?.kind === 'unknown_key'
  // Nobody knows of a hold: then there is nothing that it can have changed.
  if (answer === undefined && hold === null) return false
  const nothing = { money: 0n, tokens: 0n, requests: 1n }
  const { amounts = nothing, reserveNanos: reserve = 0n } = hold ?? {}
  const { holdMaxMs = 0 } = hold ?? call
  const money = hold === null ? (neededNanos ?? 0n) : amounts.money
  books.given = { expected: amounts, money, reserve }
  books.givenAlone = null
  const asked = { hold: hold?.id ?? 'refused', member, facts, holdMaxMs }
  const said = books.authorize(asked, nowMs)
  if (said.kind === 'allow') {
    if (hold === null || said.source !== hold.source) return false
    return answer === undefined || isSaid(answer, { kind: 'allowed', source: said.source })
  }
  if (answer?.kind !== 'denied') return false
  if (isDenied(books, { call, answer, said, nowMs }))
    return isPromise(books, { asked, call, answer })
  // Where it would have held the worst case, alone it may have held less: then `reserved` may be right.
  if (said.reason !== 'limit_reached' || !books.isWorstCase(asked, nowMs)) return false
  books.givenAlone = { expected: amounts, money: 1n, reserve: 0n }
  const alone = books.decide(asked, nowMs)
  if (alone.kind !== 'deny' || !isDenied(books, { call, answer, said: alone, nowMs })) return false
  return isPromise(books, { asked, call, answer })
}

/** Where the server's moment is known, its promise can be judged, too. */
function isPromise(
  books: AccountBooks,
  {
    asked,
    call,
    answer,
  }: Pick<Denied, 'call' | 'answer'> & { readonly asked: Parameters<AccountBooks['isPromise']>[0] },
): boolean {
  const { retryAtMs: toldMs } = answer
  if (toldMs === undefined || call.nowMs === undefined) return true
  return books.isPromise(asked, { nowMs: call.nowMs, toldMs })
}

type Denied = {
  readonly call: CallOf<'request'>
  readonly answer: Extract<Answer, { kind: 'denied' }>
  readonly said: Refused
  readonly nowMs: number
}

function isDenied(books: AccountBooks, { call, answer, said, nowMs }: Denied): boolean {
  const { reason, extraUsageReason } = said
  const { retryAtMs: _promised, ...rest } = answer
  const limits = books.limitsTold(call.member, nowMs)
  const byName = (a: LimitTold, b: LimitTold): number => (a.limit < b.limit ? -1 : 1)
  const told = { ...rest, binding: answer.binding.toSorted(byName) }
  const binding = limits.filter(({ limit }) => said.binding.has(limit)).toSorted(byName)
  return isSaid(told, { kind: 'denied', reason, extraUsageReason, binding })
}

function settle(books: AccountBooks, call: CallOf<'settle'>, { answer, nowMs }: Told): boolean {
  if (!books.holds().some(({ hold }) => hold === call.hold)) return false
  const said = books.settle(call.hold, call, nowMs)
  if (said === 'already_ended') return false
  const { charged: chargedNanos, overrun: overrunNanos } = said
  return isSaid(answer, { kind: 'charged', chargedNanos, overrunNanos })
}

/** Only what was used can be given back. A limit that the plan has no more keeps its instance all the same. */
function credit(books: AccountBooks, call: CallOf<'credit'>, { answer, nowMs }: Told): boolean {
  const { member, limit, startMs } = call
  const known = books.limitsTold(member, nowMs).find((one) => one.limit === limit)
  if (known === undefined && startMs !== undefined) {
    books.note(nowMs, { kind: 'credited', member, limit, startMs })
    return true
  }
  const isUsed = known !== undefined && known.used > 0n
  if (isUsed) books.credit(member, limit, nowMs)
  return isUsed === (answer?.kind !== 'nothing_to_credit')
}

type Command = CallOf<
  | 'top_up'
  | 'switch'
  | 'cap'
  | 'status'
  | 'except'
  | 'auto_reload'
  | 'order'
  | 'seat'
  | 'publish'
  | 'refund'
  | 'revoke'
>

function command(books: AccountBooks, call: Command, nowMs: number): void {
  switch (call.kind) {
    case 'top_up': {
      const { grant, amountNanos: amount, priority, expiresAtMs } = call
      return books.note(nowMs, { kind: 'granted', grant, amount, priority, expiresAtMs })
    }
    case 'switch':
    case 'cap':
    case 'status':
    case 'auto_reload':
    case 'order':
      return books.note(nowMs, call)
    case 'except':
      return books.note(nowMs, { ...call, kind: 'excepted' })
    case 'seat':
      return books.seat(call.member, call.planId, nowMs)
    case 'publish':
      return books.publish(call.plan, nowMs)
    case 'revoke':
      return books.note(nowMs, { kind: 'revoked', key: call.key })
    case 'refund':
      return books.refund(call.grant, nowMs)
  }
}
