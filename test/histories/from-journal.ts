import type { Entry, EntryBody } from '../../src/core/entry.ts'
import type { Price } from '../../src/core/usage.ts'
import { digestOf } from '../../src/operations/command.ts'
import type { AccountBooks } from './account-books.ts'
import type { AccountOperation, Call, CallOf, PlacedHold } from './account-history.ts'
import { AccountModel, carryOut } from './account-model.ts'
import type { AccountHistory } from './check-history.ts'
import { callOf } from './entry-calls.ts'
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
  const reading = new Reading(journal, lives, { prices, recorded })
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
  for (const entry of before) {
    const { body, atMs, position } = entry
    if (position > at.beginPosition) break
    if (body.kind === 'customer_opened') open(books, body, atMs)
    const call = callOf(entry)
    if (call !== null) carryOut(books, call, { answer: undefined, nowMs: atMs })
  }
  return foldFacts(books)
}

type Opened = Extract<EntryBody, { kind: 'customer_opened' }>

/** How the customer was opened, before anything else could be done to it. */
export function open(books: AccountBooks, body: Opened, atMs: number): void {
  const { zone, isExtraUsageOn: isOn, cap, isStrict, runningMax, overrunMaxNanos } = body
  const settings = { zone, isOn, cap, overrunMax: overrunMaxNanos, isStrict, runningMax }
  books.note(atMs, { kind: 'opened', ...settings })
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
  /** What was told of the journal's positions, and when. */
  readonly #seen: readonly {
    readonly invokedAt: number
    readonly returnedAt: number
    readonly position: number
  }[]

  constructor(
    { own, system }: Journal,
    lives: Lives,
    known: { readonly prices: readonly Price[]; readonly recorded: readonly Recorded[] },
  ) {
    const { prices, recorded } = known
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
    this.#seen = recorded.flatMap(({ told, invokedAt, returnedAt }) => {
      if (told === 'unknown') return []
      const placed = told.kind === 'allowed' ? this.#holds.get(told.hold) : undefined
      const position = placed?.entry.position ?? told.position
      return position === null ? [] : { invokedAt, returnedAt, position }
    })
  }

  client(one: Recorded): AccountOperation[] {
    const { asked, told } = one
    const answer = told !== 'unknown' && told.kind === 'answer' ? told.answer : undefined
    switch (asked.kind) {
      case 'request':
        return this.#request(one, asked)
      case 'command': {
        const entry = this.#byOperation.get(operationOf(asked))
        if (entry === undefined && told === 'unknown') return []
        const position = entry?.position ?? this.#positionBefore(one.invokedAt)
        return [this.#operation(one, asked.call, { nowMs: entry?.atMs ?? 0, position, answer })]
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
    { member, key, marker }: Extract<Recorded['asked'], { kind: 'request' }>,
  ): AccountOperation[] {
    const { told } = one
    const isTold = told !== 'unknown'
    const unheld = { kind: 'request', member, key, facts: this.#facts(marker), hold: null } as const
    if (isTold && told.kind === 'denied') {
      const { neededNanos, denial, position } = told
      return [this.#operation(one, { ...unheld, neededNanos }, { answer: denial, position })]
    }
    if (isTold && told.kind === 'answer') {
      const position = this.#positionBefore(one.invokedAt)
      const call: Call = { ...unheld, neededNanos: null }
      return [this.#operation(one, call, { answer: told.answer, position })]
    }
    const mark = `${member}|${marker}`
    const placed = isTold ? this.#holds.get(told.hold) : this.#byMarker.get(mark)
    // Nothing is known of it, neither to its client nor to the journal: it never took effect.
    if (placed === undefined && !isTold) return []
    const hold = placed === undefined ? null : holdOf(placed)
    const facts = placed?.body.facts ?? unheld.facts
    const call: Call = { ...unheld, facts, hold, neededNanos: null }
    const answer = isTold ? ({ kind: 'allowed', source: told.source } as const) : undefined
    const at = { position: placed?.entry.position ?? null, nowMs: placed?.entry.atMs ?? 0 }
    return [this.#operation(one, call, { ...at, answer })]
  }

  /** What names no position is looked for behind what was known when it was asked. */
  #positionBefore(invokedAt: number): number {
    const before = this.#seen.filter(({ returnedAt }) => returnedAt <= invokedAt)
    return Math.max(0, ...before.map(({ position }) => position))
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
    // What the journal has was written by the life that it says, however often it was asked for.
    const diedAt =
      at.nowMs === undefined || at.nowMs === 0 || at.position === null
        ? (this.#lives.ends[boot]?.diedAt ?? this.#lives.stoppedAt)
        : this.#endOfLife(at.position)
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
    const whenOf = (entry: Entry, call: OwnAct): Within & { told?: AccountOperation['answer'] } => {
      if (!('hold' in call)) return this.#bounds(entry.position)
      const { told, returnedAt = this.#endOfLife(entry.position) } = seen.get(call.hold) ?? {}
      return { from: beganAt.get(call.hold), to: returnedAt, told }
    }
    return this.#own.flatMap((entry) => {
      const call = ownActOf(entry)
      if (call === null) return []
      const { from, to, told } = whenOf(entry, call)
      if (from === undefined) return []
      const isCharge = call.kind === 'settle' && told?.kind === 'charged'
      return {
        id: `@${entry.position}`,
        process: 'server',
        call: { ...call, nowMs: entry.atMs },
        answer: isCharge ? told : undefined,
        invokedAt: from,
        returnedAt: to,
        isCertain: true,
        hint: entry.position,
      }
    })
  }

  /** What nobody asked for happened after whoever had not seen it asked, and before whoever had was answered. */
  #bounds(position: number): Within {
    const from = this.#seen.filter((one) => one.position < position)
    const to = this.#seen.filter((one) => one.position >= position)
    return {
      from: Math.max(...from.map(({ invokedAt }) => invokedAt)),
      to: Math.min(this.#endOfLife(position), ...to.map(({ returnedAt }) => returnedAt)),
    }
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

const looks: ReadonlySet<string> = new Set(['denied', 'unknown_key', 'nothing_to_credit'])

const isLook = (call: Call, answer: AccountOperation['answer']): boolean =>
  call.kind === 'figures' || call.kind === 'overview' || looks.has(answer?.kind ?? '')

/** A gifted reset has a name for each limit. */
function operationOf({ key, call }: Extract<Recorded['asked'], { kind: 'command' }>): string {
  const operation = `operator:${key}`
  if (call.kind !== 'credit') return operation
  return `reset:${digestOf({ key: operation, limitId: call.limit })}`
}

const holdOf = ({ entry, body }: Placed): PlacedHold => ({
  id: body.holdId,
  source: body.source,
  amounts: body.amounts,
  reserveNanos: body.overrunReserveNanos,
  holdMaxMs: body.expiresAtMs - entry.atMs,
})

type Within = { readonly from: number | undefined; readonly to: number }
type OwnAct = CallOf<'grow' | 'settle' | 'void' | 'reload' | 'reload_refused'>

/** What nobody had to ask for. Holds that expire do so with the death of their server, at the start of the next. */
function ownActOf(entry: Entry): OwnAct | null {
  const call = callOf(entry)
  switch (call?.kind) {
    case 'grow':
    case 'settle':
    case 'void':
    case 'reload':
    case 'reload_refused':
      return call
    default:
      return null
  }
}
