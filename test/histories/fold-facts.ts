import type { NaiveBooks } from '../model/naive-books.ts'
import { monthAt } from '../model/naive-calendar.ts'
import type { Fact, FactOf, Grant, Hold, Pin } from '../model/naive-facts.ts'

/**
 * The same books in fewer facts: what has ended stays as its sums, what was replaced is forgotten, and the order is
 * one that only what matters decides. Two lists that nothing can tell apart fold into the same one. Learned
 * outputs are given up: a history brings the amounts of its holds with it.
 */
export type FoldedFact = Fact & { readonly atMs: number }

export function foldFacts(books: NaiveBooks): FoldedFact[] {
  const { facts } = books
  const of = <K extends Fact['kind']>(kind: K): FactOf<K>[] =>
    facts.filter((fact): fact is FactOf<K> => fact.kind === kind)
  const [opened] = of('opened')
  if (opened === undefined) throw new Error('The customer was never opened')
  const members = [...new Set(of('seated').map(({ member }) => member))].toSorted()
  const kept = books
    .holds()
    .filter((hold) => hold.end === 'open' || (hold.end === 'expired' && !books.isForgotten(hold)))
  const ids = new Set(kept.map(({ hold }) => hold))
  const isKept = (fact: { hold: string }): boolean => ids.has(fact.hold)
  const usedUp = usedUpIn(books)
  return [
    { ...opened, atMs: 0 },
    ...lastOf(of('plan'), ({ plan }) => plan.id),
    ...lastOf(of('switch'), ({ member }) => String(member)),
    ...lastOf(of('cap'), ({ member }) => String(member)),
    ...lastOf(of('status'), ({ member }) => String(member)),
    ...lastOf(of('revoked'), ({ key }) => key),
    ...lastOf(of('excepted'), ({ member, limit }) => `${member}|${limit}`),
    ...lastOf(of('auto_reload'), () => ''),
    ...lastOf(of('order'), () => ''),
    // The month of a reload counts, of other grants nothing but their order.
    ...of('granted')
      .filter(({ grant }) => !usedUp.has(grant))
      .map((fact) => ({
        ...fact,
        atMs: fact.isReload ? monthAt(opened.zone, fact.atMs).startMs : 0,
      })),
    ...refusalOf(facts),
    ...refunds(of('refunded').filter(({ grant }) => !usedUp.has(grant))),
    ...members.flatMap((member) => usedOf(books, member)),
    ...charges({ zone: opened.zone, settled: of('settled'), held: of('held'), usedUp }),
    ...of('held')
      .filter(isKept)
      .map((fact) => {
        // The month of a hold is that of its overrun.
        const atMs = monthAt('UTC', fact.atMs).startMs
        return { ...fact, atMs, windows: fact.windows.map(withoutOpening) }
      })
      .toSorted((a, b) => compare(a.hold, b.hold)),
    ...of('grown')
      .filter(isKept)
      .map((fact) => ({ ...fact, atMs: 0 }))
      .toSorted((a, b) => compare(a.hold, b.hold)),
    ...inOneOrder(of('ended').filter(isKept)),
    ...members.map((member) => seatOf(books, of('seated'), member)),
  ]
}

/** Grants of which nothing is left or held: nothing of them can come back. A reload still counts in its month. */
function usedUpIn(books: NaiveBooks): ReadonlySet<string> {
  const isUsedUp = (grant: Grant): boolean => {
    if (grant.isReload) return false
    const { available, held, expired } = books.grant(grant, 0)
    return available + held + expired === 0n
  }
  return new Set(
    books
      .grants()
      .filter(isUsedUp)
      .map(({ grant }) => grant),
  )
}

/** Of holds that ended at one moment nobody can tell which was the first. */
function inOneOrder(ended: readonly FactOf<'ended'>[]): FoldedFact[] {
  const moments: FactOf<'ended'>[][] = []
  for (const fact of ended) {
    if (moments.at(-1)?.[0]?.atMs === fact.atMs) moments.at(-1)?.push(fact)
    else moments.push([fact])
  }
  return moments.flatMap((facts) => facts.toSorted((a, b) => compare(a.hold, b.hold)))
}

/** A refused reload is told until money comes in or a setting of it changes. */
function refusalOf(facts: readonly FoldedFact[]): FoldedFact[] {
  const ends = ['granted', 'auto_reload', 'order', 'reload_refused']
  const last = facts.findLast(({ kind }) => ends.includes(kind))
  return last?.kind === 'reload_refused' ? [last] : []
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const withoutOpening = ({ limit, startMs, endMs }: Pin): Pin => ({ limit, startMs, endMs })

function lastOf<F extends FoldedFact>(facts: readonly F[], keyOf: (fact: F) => string): F[] {
  const last = new Map(facts.map((fact) => [keyOf(fact), { ...fact, atMs: 0 }]))
  return [...last].toSorted(([a], [b]) => compare(a, b)).map(([, fact]) => fact)
}

/**
 * The seat, with every instance that entries have fixed so far. It comes behind all holds, and its first instance as one
 * that opens: a session that a wrong clock opened ahead and that another took the place of is brought back by no hold.
 */
function seatOf(
  books: NaiveBooks,
  seats: readonly FactOf<'seated'>[],
  member: string,
): FactOf<'seated'> {
  const planId = books.plan(member).id
  const own = books.facts.flatMap((fact) => {
    if (fact.kind === 'held' && fact.member === member) return fact.windows
    return fact.kind === 'seated' && fact.member === member ? fact.pins : []
  })
  const limits = [...new Set(own.map(({ limit }) => limit))].toSorted()
  const pins = limits.flatMap((limit) =>
    books
      .pins(member, limit)
      .map(withoutOpening)
      .toSorted((a, b) => a.startMs - b.startMs)
      .map((pin, index) => (index === 0 ? { ...pin, isOpening: true as const } : pin)),
  )
  if (!seats.some((seat) => seat.member === member)) throw new Error(`${member} has no seat`)
  return { kind: 'seated', member, planId, pins, atMs: 0 }
}

function refunds(refunded: readonly FactOf<'refunded'>[]): FoldedFact[] {
  const sums = new Map<string, bigint>()
  for (const { grant, amount } of refunded) sums.set(grant, (sums.get(grant) ?? 0n) + amount)
  return [...sums]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([grant, amount]) => ({ kind: 'refunded', grant, amount, atMs: 0 }))
}

const nothing = { money: 0n, tokens: 0n, requests: 0n }

/** A hold that stands for all that have ended, and its settle. */
function standIn(
  hold: Pick<FactOf<'held'>, 'hold' | 'member' | 'windows' | 'atMs'>,
  settled: Omit<FactOf<'settled'>, 'kind' | 'hold' | 'isEstimate' | 'output'>,
): FoldedFact[] {
  const request = {
    model: '',
    priceId: '' as Hold['request']['priceId'],
    inputTokensExpected: 0,
    inputTokensMax: 0,
    maxTokens: 1,
    isThinking: false,
    consent: 'allow' as const,
  }
  const terms = { request, amounts: nothing, expectedMoney: 0n, grantLegs: [], reserve: 0n }
  return [
    { kind: 'held', source: 'plan', ...terms, ...hold, expiresAtMs: 0 },
    { kind: 'settled', hold: hold.hold, isEstimate: true, output: 0, ...settled },
  ]
}

/** What is used of every instance that the member has, whatever its plan is now. */
function usedOf(books: NaiveBooks, member: string): FoldedFact[] {
  const own = new Set(
    books
      .holds()
      .filter((hold) => hold.member === member)
      .map(({ hold }) => hold),
  )
  const held = books.facts.filter(
    (fact): fact is FactOf<'held'> => fact.kind === 'held' && own.has(fact.hold),
  )
  const instances = new Map<string, { pin: Pin; used: typeof nothing }>()
  for (const fact of books.facts) {
    if (fact.kind === 'credited' && fact.member === member) {
      const instance = instances.get(`${fact.limit}|${fact.startMs}`)
      if (instance !== undefined) instance.used = nothing
    }
    if (fact.kind !== 'settled' || !own.has(fact.hold)) continue
    for (const pin of held.find(({ hold }) => hold === fact.hold)?.windows ?? []) {
      const key = `${pin.limit}|${pin.startMs}`
      const before = instances.get(key)?.used ?? nothing
      const used = {
        money: before.money + fact.amounts.money,
        tokens: before.tokens + fact.amounts.tokens,
        requests: before.requests + fact.amounts.requests,
      }
      instances.set(key, { pin: withoutOpening(pin), used })
    }
  }
  return [...instances]
    .toSorted(([a], [b]) => compare(a, b))
    .filter(([, { used }]) => used.requests > 0n || used.money > 0n || used.tokens > 0n)
    .flatMap(([key, { pin, used }]) =>
      standIn(
        { hold: `used|${member}|${key}`, member, windows: [pin], atMs: 0 },
        { amounts: used, charged: 0n, overrun: 0n, lost: 0n, parts: [], atMs: 0 },
      ),
    )
}

/** Charges by member and month of the customer's zone, with overruns by the month, in UTC, of their holds. */
function charges({
  zone,
  settled,
  held,
  usedUp,
}: {
  readonly zone: string
  readonly settled: readonly FactOf<'settled'>[]
  readonly held: readonly FactOf<'held'>[]
  readonly usedUp: ReadonlySet<string>
}): FoldedFact[] {
  const holds = new Map(held.map((fact) => [fact.hold, fact]))
  const months = new Map<string, { member: string; heldMs: number; sum: Charge }>()
  for (const fact of settled) {
    if (fact.charged === 0n && fact.overrun === 0n) continue
    const { member, atMs: placedMs } = holds.get(fact.hold) ?? { member: '', atMs: fact.atMs }
    const [chargedMs, heldMs] = [monthAt(zone, fact.atMs).startMs, monthAt('UTC', placedMs).startMs]
    const key = `charged|${member}|${chargedMs}|${heldMs}`
    const sum = months.get(key)?.sum ?? {
      charged: 0n,
      overrun: 0n,
      parts: new Map(),
      atMs: chargedMs,
    }
    sum.charged += fact.charged
    sum.overrun += fact.overrun
    for (const { grant, amount } of fact.parts) {
      if (usedUp.has(grant)) continue
      sum.parts.set(grant, (sum.parts.get(grant) ?? 0n) + amount)
    }
    months.set(key, { member, heldMs, sum })
  }
  return [...months]
    .toSorted(([a], [b]) => compare(a, b))
    .flatMap(([hold, { member, heldMs, sum }]) => {
      const parts = [...sum.parts]
        .map(([grant, amount]) => ({ grant, amount }))
        .toSorted((a, b) => compare(a.grant, b.grant))
      const placed = { hold, member, windows: [], atMs: heldMs }
      return standIn(placed, { ...sum, amounts: nothing, lost: 0n, parts })
    })
}

type Charge = { charged: bigint; overrun: bigint; parts: Map<string, bigint>; atMs: number }
