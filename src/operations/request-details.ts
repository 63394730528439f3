import { billOf, type Bill } from '../core/bill.ts'
import type { HoldSource } from '../core/account.ts'
import type { Entry, EntryBody, RequestFacts } from '../core/entry.ts'
import type { CustomerId, HoldId, KeyId, LimitId, MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { absorbedNanos } from '../core/settle.ts'
import type { Amounts, Price, ServiceMarks, Unit, Usage } from '../core/usage.ts'
import { allowedDecisionId } from './decision-id.ts'
import type { Parts } from './parts.ts'

/** Everything that the journal has about one request that was admitted. */
export type RequestDetails = {
  readonly holdId: HoldId
  /** Names its admission; give it to `explain`. */
  readonly decisionId: string
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly keyId: KeyId | null
  readonly source: HoldSource
  readonly facts: RequestFacts
  readonly price: Price | null
  readonly admittedAtMs: number
  readonly admittedPosition: number
  /** What was set aside at first, and what the most would have been. */
  readonly held: Amounts
  readonly worstNanos: Nanos
  /** Each time the hold grew with what was metered while it ran. */
  readonly growths: readonly { readonly atMs: number; readonly amounts: Amounts }[]
  /** Windows that it counts in, with what it counts there by now. */
  readonly windows: readonly RequestWindow[]
  readonly state: 'open' | 'settled' | 'voided' | 'expired'
  readonly endedAtMs: number | null
  readonly settle: RequestSettle | null
  /** Why it came to nothing; only of those that were voided. */
  readonly cause: string | null
  /** It expired, and its cost was booked to the operator as lost; a late settle takes that back. */
  readonly lostNanos: Nanos | null
  readonly entries: readonly Entry[]
}

export type RequestWindow = {
  readonly limitId: LimitId
  readonly unit: Unit
  readonly startMs: number
  readonly endMs: number
  readonly used: bigint
}

export type RequestSettle = {
  readonly atMs: number
  readonly position: number
  readonly usage: Usage
  readonly marks: ServiceMarks
  readonly bill: Bill | null
  readonly costNanos: Nanos
  readonly chargedNanos: Nanos
  /** What the operator absorbed. */
  readonly overrunNanos: Nanos
  readonly isEstimate: boolean
  readonly isLate: boolean
  readonly upstreamRequestId: string | null
}

type Held = Extract<EntryBody, { kind: 'held' }>
type Settled = Extract<EntryBody, { kind: 'settled' }>

/** Null for a hold that the journal does not have. */
export async function requestDetails(
  { storage }: Pick<Parts, 'storage'>,
  holdId: HoldId,
): Promise<RequestDetails | null> {
  const entries = await storage.holdEntries(holdId)
  const [placed] = entries
  if (placed?.body.kind !== 'held' || placed.memberId === null) return null
  const { customerId, memberId, position, body } = placed
  const prices = await storage.updateSystem(({ prices: known }) => ({ answer: known, entries: [] }))
  const price = prices.get(body.facts.priceId) ?? null
  const end = entries.findLast(({ body: { kind } }) => kind !== 'held' && kind !== 'hold_grown')
  const settled = entries.find(({ body: { kind } }) => kind === 'settled')
  const expired = entries.find(({ body: { kind } }) => kind === 'expired')?.body
  return {
    holdId,
    decisionId: allowedDecisionId({ customerId, memberId, holdId, position: position - 1 }),
    customerId,
    memberId,
    keyId: body.keyId,
    source: body.source,
    facts: body.facts,
    price,
    admittedAtMs: placed.atMs,
    admittedPosition: position,
    held: body.amounts,
    worstNanos: body.worstNanos,
    growths: entries.flatMap(({ atMs, body: grown }) =>
      grown.kind === 'hold_grown' ? [{ atMs, amounts: grown.amounts }] : [],
    ),
    windows: windowsOf(body, settled),
    state: stateOf(end),
    endedAtMs: end?.atMs ?? null,
    settle: settled?.body.kind === 'settled' ? settleOf(settled, settled.body, price) : null,
    cause: end?.body.kind === 'voided' ? end.body.cause : null,
    lostNanos: expired?.kind === 'expired' ? expired.lostNanos : null,
    entries,
  }
}

function stateOf(end: Entry | undefined): RequestDetails['state'] {
  const kind = end?.body.kind
  return kind === 'settled' || kind === 'voided' || kind === 'expired' ? kind : 'open'
}

/** What a settle moved into a window says what the request counts in it. */
function windowsOf({ windowLegs }: Held, settled: Entry | undefined): readonly RequestWindow[] {
  return windowLegs.map(({ limitId, unit, startMs, endMs }) => {
    let used = 0n
    for (const leg of settled?.legs ?? [])
      if (leg.to === `window:${limitId}:${startMs}:used`) used += leg.amount
    return { limitId, unit, startMs, endMs, used }
  })
}

function settleOf({ atMs, position }: Entry, body: Settled, price: Price | null): RequestSettle {
  const { usage, marks, costNanos, chargedNanos } = body
  const { isEstimate, isLate, upstreamRequestId } = body
  return {
    atMs,
    position,
    usage,
    marks,
    bill: price === null ? null : billOf(price, usage, marks),
    costNanos,
    chargedNanos,
    overrunNanos: absorbedNanos(body),
    isEstimate,
    isLate,
    upstreamRequestId,
  }
}
