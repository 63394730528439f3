import type { Entry, EntryBody } from '../../src/core/entry.ts'
import type { Price } from '../../src/core/usage.ts'
import type { AccountOperation, Call } from './account-history.ts'
import { AccountModel } from './account-model.ts'
import type { AccountHistory } from './check-history.ts'
import { foldFacts } from './fold-facts.ts'
import type { Recorded } from './history-recorder.ts'

/**
 * What clients recorded, made into a history that can be checked. The journal of the stopped server supplies what no
 * client is told: the amounts of a hold, how it grew, with what it was settled. It also supplies the order in which
 * the search looks first. Whether the answers fit is left to the search.
 */
export type Lives = {
  /** When each life of the server ended for certain, and the next one served; Infinity for the last. */
  readonly ends: readonly {
    readonly killedAt: number
    readonly diedAt: number
    readonly readyAt: number
  }[]
  /** The server was stopped in order then, and everything had ended. */
  readonly stoppedAt: number
  /** The journal position at which clients began; everything before it is how the customer was set up. */
  readonly beginPosition: number
}

export type Journal = {
  readonly customer: string
  readonly own: readonly Entry[]
  readonly system: readonly Entry[]
}

export function historyFrom(
  journal: Journal,
  recorded: readonly Recorded[],
  lives: Lives,
): AccountHistory {
  const prices = journal.system.flatMap(({ body }) =>
    body.kind === 'price_published' ? body.price : [],
  )
  const nowMs = Math.max(...journal.own.map(({ atMs }) => atMs))
  const terms = { prices, nowMs }
  const reading = new Reading(journal, lives, prices)
  return {
    ...terms,
    customer: journal.customer,
    begins: beginning(journal, { ...lives, nowMs, prices }),
    operations: [
      ...recorded.flatMap((one) => reading.client(one)),
      ...reading.internal(recorded),
      ...reading.restarts(),
    ],
  }
}

function beginning(
  { own, system }: Journal,
  at: Pick<Lives, 'beginPosition'> & { readonly nowMs: number; readonly prices: readonly Price[] },
): AccountHistory['begins'] {
  const books = new AccountModel(at).books([])
  const before = [...own, ...system].toSorted((a, b) => a.position - b.position)
  for (const { body, memberId, atMs, position } of before) {
    if (position > at.beginPosition) break
    note(books, { body, member: memberId, atMs })
  }
  return foldFacts(books)
}

type Setup = { readonly body: EntryBody; readonly member: string | null; readonly atMs: number }

/** The few kinds of entries that set a customer up. */
function note(books: ReturnType<AccountModel['books']>, { body, member, atMs }: Setup): void {
  switch (body.kind) {
    case 'customer_opened': {
      const { zone, isExtraUsageOn: isOn, cap, isStrict, runningMax } = body
      const terms = { zone, isOn, cap, overrunMax: body.overrunMaxNanos, isStrict, runningMax }
      return books.note(atMs, { kind: 'opened', ...terms })
    }
    case 'plan_published':
      return books.publish(body.plan, atMs)
    case 'member_seated':
      return books.seat(member ?? '', body.planId, atMs)
    case 'granted': {
      const { grantId: grant, amountNanos: amount, priority, expiresAtMs } = body.grant
      return books.note(atMs, { kind: 'granted', grant, amount, priority, expiresAtMs })
    }
    case 'extra_usage_set':
      return books.note(atMs, { kind: 'switch', member, isOn: body.isOn })
    case 'spend_cap_set':
      return books.note(atMs, { kind: 'cap', member, cap: body.cap })
    default:
  }
}

type Held = Extract<EntryBody, { kind: 'held' }>
type Placed = { readonly entry: Entry; readonly body: Held }

class Reading {
  readonly #lives: Lives
  readonly #own: readonly Entry[]
  readonly #holds = new Map<string, Placed>()
  readonly #byMarker = new Map<string, Placed>()
  readonly #byOperation = new Map<string, Entry>()
  readonly #boots: readonly number[]
  readonly #price: Price | undefined

  constructor({ own, system }: Journal, lives: Lives, prices: readonly Price[]) {
    this.#lives = lives
    this.#own = own
    this.#price = prices.at(-1)
    this.#boots = system.filter(({ body }) => body.kind === 'boot').map(({ position }) => position)
    for (const entry of own) {
      if (entry.operationId !== undefined) this.#byOperation.set(entry.operationId, entry)
      const { body } = entry
      if (body.kind !== 'held') continue
      this.#holds.set(body.holdId, { entry, body })
      this.#byMarker.set(`${entry.memberId}|${body.facts.maxTokens}`, { entry, body })
    }
  }

  client(one: Recorded): AccountOperation[] {
    const { asked, told } = one
    const answer = told !== 'unknown' && told.kind === 'answer' ? told.answer : undefined
    switch (asked.kind) {
      case 'request':
        return this.#request(one, asked)
      case 'command': {
        const entry = this.#byOperation.get(`operator:${asked.key}`)
        if (entry === undefined && told === 'unknown') return []
        const hint = { nowMs: entry?.atMs ?? 0, position: entry?.position ?? 0 }
        return [this.#operation(one, asked.call, { ...hint, answer })]
      }
      case 'figures':
      case 'overview':
        if (answer === undefined || told === 'unknown') return []
        return [this.#operation(one, asked, { answer, position: told.position })]
      case 'end':
        return []
    }
  }

  #request(
    one: Recorded,
    { member, marker }: Extract<Recorded['asked'], { kind: 'request' }>,
  ): AccountOperation[] {
    const { told } = one
    const isTold = told !== 'unknown'
    if (isTold && told.kind === 'denied') {
      const facts = this.#facts(marker)
      const { neededNanos, denial, position } = told
      const call: Call = { kind: 'request', member, facts, hold: null, neededNanos }
      return [this.#operation(one, call, { answer: denial, position })]
    }
    const key = `${member}|${marker}`
    const placed =
      isTold && told.kind === 'allowed' ? this.#holds.get(told.hold) : this.#byMarker.get(key)
    // Nothing is known of it, neither to its client nor to the journal: it never took effect.
    if (placed === undefined && !isTold) return []
    const call = this.#asking(member, { marker, placed })
    const answer =
      isTold && told.kind === 'allowed'
        ? ({ kind: 'allowed', source: told.source } as const)
        : undefined
    const at = { position: placed?.entry.position ?? null, nowMs: placed?.entry.atMs ?? 0 }
    return [this.#operation(one, call, { ...at, answer })]
  }

  #asking(
    member: string,
    { marker, placed }: { readonly marker: number; readonly placed: Placed | undefined },
  ): Call {
    if (placed === undefined) {
      return { kind: 'request', member, facts: this.#facts(marker), hold: null, neededNanos: null }
    }
    const { body, entry } = placed
    const hold = {
      id: body.holdId,
      source: body.source,
      amounts: body.amounts,
      reserveNanos: body.overrunReserveNanos,
      holdMaxMs: body.expiresAtMs - entry.atMs,
    }
    return { kind: 'request', member, facts: body.facts, hold, neededNanos: null }
  }

  #facts(maxTokens: number): Held['facts'] {
    const { model = '', id } = this.#price ?? {}
    return {
      model,
      priceId: id as Held['facts']['priceId'],
      inputTokensExpected: 0,
      inputTokensMax: 0,
      maxTokens,
      isThinking: false,
      consent: 'allow',
    }
  }

  #operation(
    one: Recorded,
    call: Call,
    at: {
      readonly answer?: AccountOperation['answer']
      readonly position: number | null
      readonly nowMs?: number
    },
  ): AccountOperation {
    const { id, process, told, invokedAt, boot } = one
    const isTold = told !== 'unknown'
    const diedAt = this.#lives.ends[boot]?.diedAt ?? this.#lives.stoppedAt
    return {
      id,
      process,
      call: at.nowMs === undefined || at.nowMs === 0 ? call : { ...call, nowMs: at.nowMs },
      answer: at.answer,
      invokedAt,
      returnedAt: isTold ? one.returnedAt : diedAt,
      isCertain: true,
      // A read names the last entry that it saw.
      hint: (at.position ?? 0) + (isLook(call, at.answer) ? 0.5 : 0),
    }
  }

  /** What the server does by itself to the holds that it placed, between their request and when it was seen done. */
  internal(recorded: readonly Recorded[]): AccountOperation[] {
    const beganAt = new Map<string, number>()
    const seen = new Map<string, { told: AccountOperation['answer']; returnedAt: number }>()
    for (const { asked, told, invokedAt, returnedAt } of recorded) {
      if (asked.kind === 'request') {
        const named = told !== 'unknown' && told.kind === 'allowed' ? told.hold : undefined
        const id = named ?? this.#byMarker.get(`${asked.member}|${asked.marker}`)?.body.holdId
        if (id !== undefined) beganAt.set(id, invokedAt)
      }
      if (asked.kind !== 'end' || told === 'unknown' || told.kind !== 'answer') continue
      seen.set(asked.hold, { told: told.answer, returnedAt })
    }
    return this.#own.flatMap((entry) => {
      const call = callOf(entry)
      const invokedAt = call === null ? undefined : beganAt.get(call.hold)
      if (call === null || invokedAt === undefined) return []
      const { told, returnedAt } = seen.get(call.hold) ?? {}
      const isCharge = call.kind === 'settle' && told?.kind === 'charged'
      return {
        id: `@${entry.position}`,
        process: 'server',
        call: { ...call, nowMs: entry.atMs },
        answer: isCharge ? told : undefined,
        invokedAt,
        returnedAt: returnedAt ?? this.#endOfLife(entry.position),
        isCertain: true,
        hint: entry.position,
      }
    })
  }

  /** When the server that wrote this entry was dead for certain. */
  #endOfLife(position: number): number {
    const life = this.#boots.filter((boot) => boot < position).length - 1
    return this.#lives.ends[life]?.diedAt ?? this.#lives.stoppedAt
  }

  restarts(): AccountOperation[] {
    return this.#lives.ends.map(({ killedAt, readyAt }, index) => ({
      id: `restart ${index + 1}`,
      process: 'server',
      call: { kind: 'restart' },
      answer: { kind: 'done' },
      invokedAt: killedAt,
      returnedAt: readyAt,
      isCertain: true,
      hint: (this.#boots[index + 1] ?? 0) + 0.5,
    }))
  }
}

const isLook = (call: Call, answer: AccountOperation['answer']): boolean =>
  call.kind === 'figures' || call.kind === 'overview' || answer?.kind === 'denied'

type Internal = Extract<Call, { kind: 'grow' | 'settle' | 'void' }>

function callOf({ body }: Entry): Internal | null {
  switch (body.kind) {
    case 'hold_grown':
      return { kind: 'grow', hold: body.holdId, amounts: body.amounts }
    case 'settled': {
      const { holdId: hold, usage, marks, isEstimate } = body
      return { kind: 'settle', hold, usage, marks, isEstimate }
    }
    case 'voided':
      return { kind: 'void', hold: body.holdId }
    default:
      return null
  }
}
