import type { Entry, EntryBody } from '../../src/core/entry.ts'
import { readAllowedDecisionId, type DeniedDecision } from '../../src/operations/decision-id.ts'
import type { HistoryEvent } from '../simulation/history-log.ts'
import { unwritten } from '../simulation/people/operator.ts'
import type { AccountOperation, Answer, Call } from './account-history.ts'
import { AccountModel } from './account-model.ts'
import type { AccountHistory } from './check-history.ts'
import { callOf } from './entry-calls.ts'
import { foldFacts } from './fold-facts.ts'
import { open, type Journal } from './from-journal.ts'
import { deniedIn, figuresIn, type FiguresJson } from './read-answers.ts'

/**
 * The log of a simulated world as a history of one customer. The order of its events is their time: the simulated clock
 * stands still while much happens. Whoever plays the world sees after each event what has become durable, and so
 * knows for every entry two events between which it happened.
 */
export type WatchedWorld = {
  readonly events: readonly HistoryEvent[]
  /** By position: up to this one the journal was durable when it was looked at `at`, and not yet `since` then. */
  readonly looks: readonly Look[]
  /** What only the server can read of a refusal's name. */
  readonly readDenied: (decisionId: string) => DeniedDecision | undefined
}

export type Look = { readonly position: number; readonly since: number; readonly at: number }

type Facts = HistoryEvent['facts']
type Span = { readonly from: number; readonly to: number }
/** Something that was asked, and what its asker heard. */
type Heard = Span & {
  readonly id: string
  readonly process: string
  readonly asked: Facts
  /** Null where nobody was told. */
  readonly told: Facts | null
}
type Held = Extract<EntryBody, { kind: 'held' }>

export function historyOfWorld(journal: Journal, world: WatchedWorld): AccountHistory {
  const { customer, own, system } = journal
  const prices = system.flatMap(({ body }) => (body.kind === 'price_published' ? body.price : []))
  const terms = { prices, nowMs: Math.max(0, ...own.map(({ atMs }) => atMs)) }
  const opened = own.find(({ body }) => body.kind === 'customer_opened')
  const beginPosition = opened?.position ?? 0
  const books = new AccountModel(terms).books([])
  if (opened?.body.kind === 'customer_opened') open(books, opened.body, opened.atMs)
  for (const { body, position, atMs } of system) {
    if (body.kind === 'plan_published' && position < beginPosition) books.publish(body.plan, atMs)
  }
  const plans = system.filter(({ body }) => body.kind === 'plan_published')
  const entries = [...own, ...plans].filter(({ position }) => position > beginPosition)
  const operations = new WorldReading(journal, world).operations(entries)
  return { ...terms, customer, begins: foldFacts(books), operations }
}

class WorldReading {
  readonly #world: WatchedWorld
  readonly #journal: Journal
  readonly #heard: readonly Heard[]
  readonly #byHold = new Map<string, Heard>()
  readonly #byKey = new Map<string, Heard>()
  #lookIndex = 0

  constructor(journal: Journal, world: WatchedWorld) {
    this.#journal = journal
    this.#world = world
    this.#heard = heardIn(world.events, journal.customer)
    for (const one of this.#heard) {
      const allowed = readAllowedDecisionId(decisionOf(one))
      if (allowed !== undefined) this.#byHold.set(allowed.holdId, one)
      if (one.asked['operation'] !== 'command') continue
      const key = `operator:${String(one.asked['key'])}`
      const before = this.#byKey.get(key)
      this.#byKey.set(key, before === undefined ? one : repeated(before, one))
    }
  }

  operations(entries: readonly Entry[]): AccountOperation[] {
    const written = entries
      .toSorted((a, b) => a.position - b.position)
      .flatMap((entry) => this.#written(entry) ?? [])
    const looked = [...this.#heard.flatMap((one) => this.#looked(one)), ...this.#missing()]
    return [...written, ...behindWhatWasOver(looked, written)]
  }

  /** What an entry says, between the looks before which and after which it was durable, or as its asker saw it. */
  #written(entry: Entry): AccountOperation | null {
    const { body, position, atMs, operationId = '' } = entry
    const isHeld = body.kind === 'held'
    const heard = isHeld ? this.#byHold.get(body.holdId) : this.#byKey.get(operationId)
    const call = isHeld ? placing(entry, body) : callOf(entry)
    if (call === null) return null
    const { from, to } = within(this.#spanOf(position), heard)
    return {
      id: `@${position}`,
      process: heard?.process ?? 'server',
      call: { ...call, nowMs: atMs },
      answer: isHeld ? allowedIn(heard) : chargedIn(body),
      invokedAt: from,
      returnedAt: to,
      isCertain: true,
      hint: position,
    }
  }

  /** Entries come by position, and so do looks. */
  #spanOf(position: number): Span {
    const { looks } = this.#world
    while ((looks[this.#lookIndex]?.position ?? Infinity) < position) this.#lookIndex += 1
    const look = looks[this.#lookIndex]
    return look === undefined
      ? { from: -Infinity, to: Infinity }
      : { from: look.since, to: look.at }
  }

  /** Refusals and pages: they changed nothing, and name the position that they read. */
  #looked(one: Heard): AccountOperation[] {
    const { asked, told } = one
    if (told === null) return []
    const member = String(asked['memberId'])
    if (asked['operation'] === 'page') {
      const figures = told['figures'] as FiguresJson | null
      if (figures === null) return []
      const call: Call = { kind: 'figures', member, nowMs: figures.atMs }
      const answer: Answer = { kind: 'figures', ...figuresIn(figures) }
      return [this.#observed(one, { call, answer, position: figures.position })]
    }
    if (typeof told['refusal'] !== 'string') return []
    const decision = this.#world.readDenied(decisionOf(one))
    if (decision === undefined) return []
    const refusal = deniedIn(told['refusal'])
    if (refusal === null) return []
    const { facts, atMs: nowMs, position, holdMaxMs } = decision
    const { denial: answer, neededNanos } = refusal
    const call: Call = { kind: 'request', member, facts, hold: null, neededNanos, nowMs, holdMaxMs }
    return [this.#observed(one, { call, answer, position })]
  }

  /** The position that it names is of its own customer; plans may have changed after it. */
  #observed(
    { id, process, from, to }: Heard,
    { call, answer, position }: { call: Call; answer: Answer; position: number },
  ): AccountOperation {
    const durable = this.#world.looks.findLast(({ at }) => at < from)?.position ?? 0
    const when = { invokedAt: from, returnedAt: to, isCertain: true }
    return { id, process, call, answer, ...when, hint: Math.max(position, durable) + 0.5 }
  }

  /** What was promised to somebody and is not in the journal. */
  #missing(): AccountOperation[] {
    const { own, system } = this.#journal
    const known = new Set<string | undefined>(
      [...own, ...system].map(({ body, operationId }) =>
        body.kind === 'held' ? body.holdId : operationId,
      ),
    )
    return [...this.#byHold, ...this.#byKey].flatMap(([what, one]) => {
      const isWritten = !unwritten.test(String(one.asked['path']))
      if (one.told === null || !isWritten || known.has(what)) return []
      const call: Call = { kind: 'missing', what }
      return this.#observed(one, { call, answer: { kind: 'done' }, position: 0 })
    })
  }
}

/** In the order in which they were asked. */
function heardIn(events: readonly HistoryEvent[], customer: string): readonly Heard[] {
  const ends = new Map(
    events.filter(({ kind }) => kind !== 'invoke').map((event) => [event.call, event]),
  )
  return events.flatMap(({ kind, facts, call, process, index }) => {
    if (kind !== 'invoke' || facts['customerId'] !== customer) return []
    const end = ends.get(call)
    const isTold = end?.kind === 'ok'
    const span = { from: index, to: isTold ? end.index : Infinity }
    return [{ id: `#${call}`, process, asked: facts, told: isTold ? end.facts : null, ...span }]
  })
}

/** A look at an old position, by somebody who asked after later changes were answered: those concern others. */
function behindWhatWasOver(
  looked: readonly AccountOperation[],
  written: readonly AccountOperation[],
): AccountOperation[] {
  const ended = written.toSorted((a, b) => a.returnedAt - b.returnedAt)
  let [next, last] = [0, 0]
  return looked
    .toSorted((a, b) => a.invokedAt - b.invokedAt)
    .map((look) => {
      for (let one = ended[next]; one !== undefined && one.returnedAt < look.invokedAt;) {
        last = Math.max(last, one.hint ?? 0)
        one = ended[(next += 1)]
      }
      return { ...look, hint: Math.max(look.hint ?? 0, last + 0.5) }
    })
}

const decisionOf = ({ told }: Heard): string => {
  const decision = told?.['decision']
  return typeof decision === 'string' ? decision : ''
}

/** A command that was said again under its key: done by the first answer, and not before the first was said. */
const repeated = (a: Heard, b: Heard): Heard => ({
  ...a,
  told: a.told ?? b.told,
  from: Math.min(a.from, b.from),
  to: Math.min(a.to, b.to),
})

/** Where the two have nothing in common, what its asker saw counts. */
function within(span: Span, heard: Heard | undefined): Span {
  if (heard === undefined) return span
  const [from, to] = [Math.max(span.from, heard.from), Math.min(span.to, heard.to)]
  return from > to ? heard : { from, to }
}

function placing({ memberId, atMs }: Entry, body: Held): Call {
  const hold = {
    id: body.holdId,
    source: body.source,
    amounts: body.amounts,
    reserveNanos: body.overrunReserveNanos,
    holdMaxMs: body.expiresAtMs - atMs,
  }
  return { kind: 'request', member: memberId ?? '', facts: body.facts, hold, neededNanos: null }
}

function allowedIn(heard: Heard | undefined): Answer | undefined {
  const source = heard?.told?.['source']
  if (source !== 'plan' && source !== 'extra_usage' && source !== 'free') return undefined
  return { kind: 'allowed', source }
}

/** What every page of history tells of a request that was settled. */
function chargedIn(body: EntryBody): Answer | undefined {
  if (body.kind !== 'settled') return undefined
  const { chargedNanos, overrunNanos } = body
  return { kind: 'charged', chargedNanos, overrunNanos }
}
