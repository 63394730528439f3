import type {
  Account,
  CustomerState,
  MemberState,
  OpenHold,
  SystemState,
} from '../../src/core/account.ts'
import { applyToCustomer, applyToMember, applyToSystem } from '../../src/core/apply.ts'
import { decide } from '../../src/core/authorize.ts'
import type { AuthorizeRequest, Decision, Figures } from '../../src/core/decision.ts'
import { expireOpenHold, voidOpenHold } from '../../src/core/end-hold.ts'
import { emptyCustomer, emptyMember, emptySystem } from '../../src/core/empty-state.ts'
import type { Entry, EntryDraft } from '../../src/core/entry.ts'
import { figuresOf } from '../../src/core/figures.ts'
import { growOpenHold } from '../../src/core/grow-hold.ts'
import { customerId, type HoldId, memberId } from '../../src/core/ids.ts'
import { assertEntry, assertSums } from '../../src/core/invariants.ts'
import { settleHold, type SettleAnswer } from '../../src/core/settle.ts'
import type { Usage } from '../../src/core/usage.ts'
import {
  decodeCustomer,
  decodeMember,
  encodeCustomer,
  encodeMember,
} from '../../src/storage/state-codec.ts'

type Moment = { readonly nowMs: number; readonly position: number }
type Metered = { readonly usage: Usage; readonly marks: readonly string[] }

type Parts = { available: bigint; held: bigint; spent: bigint; expired: bigint; refunded: bigint }
type UsedUp = { count: number; spent: bigint; refunded: bigint }

/** Grants by what is left of them: each that has something, and the sums of all others. */
export function withoutUsedUp(
  all: readonly (readonly [string, Parts])[],
  before: UsedUp = { count: 0, spent: 0n, refunded: 0n },
): { readonly grants: ReadonlyMap<string, Parts>; readonly usedUp: UsedUp } {
  const usedUp = { ...before }
  const grants = new Map<string, Parts>()
  for (const [id, parts] of all) {
    if (parts.available + parts.held + parts.expired !== 0n) {
      grants.set(id, parts)
      continue
    }
    usedUp.count += 1
    usedUp.spent += parts.spent
    usedUp.refunded += parts.refunded
  }
  return { grants, usedUp }
}

/** One customer on the core alone: drafts become journal entries, entries are folded at once. */
export class CoreWorld {
  readonly journal: Entry[] = []
  readonly system: SystemState = emptySystem()
  customer: CustomerState = emptyCustomer(customerId('acme'))
  members: readonly MemberState[]
  /** Entries of other customers so far: they stand in the same journal, and take its positions. */
  othersCount = 0

  constructor(memberCount: number) {
    this.members = Array.from({ length: memberCount }, (_, i) =>
      emptyMember({ customerId: this.customer.customerId, memberId: memberId(`member-${i}`) }),
    )
  }

  moment(nowMs: number): Moment {
    return { nowMs, position: this.journal.length + this.othersCount }
  }

  account(member: number): Account {
    return { system: this.system, customer: this.customer, member: this.member(member) }
  }

  member(index: number): MemberState {
    const state = this.members[index]
    if (state === undefined) throw new Error(`No member ${index}`)
    return state
  }

  /** `member` null is an entry of the customer's shared rows. */
  write(member: number | null, draft: EntryDraft | null | undefined): void {
    if (draft === null || draft === undefined) return
    const state = member === null ? null : this.member(member)
    this.fold({
      ...draft,
      position: this.journal.length + this.othersCount + 1,
      customerId: this.customer.customerId,
      memberId: state?.memberId ?? null,
    })
  }

  fold(entry: Entry): void {
    this.journal.push(entry)
    const state = this.members.find((known) => known.memberId === entry.memberId)
    const sums = { customer: this.customer, member: state }
    const drawnNanos = assertEntry(sums, entry)
    applyToSystem(this.system, entry)
    applyToCustomer(this.customer, entry)
    if (state !== undefined) applyToMember(state, entry)
    assertSums(sums, entry, drawnNanos)
  }

  /** The sums are written down as snapshots are, and read again. */
  throughText(): void {
    this.customer = decodeCustomer(encodeCustomer(this.customer))
    this.members = this.members.map((state) => decodeMember(encodeMember(state)))
  }

  /** The same customer from nothing but the journal. */
  refolded(): CoreWorld {
    const again = new CoreWorld(this.members.length)
    for (const entry of this.journal) again.fold(entry)
    return again
  }

  /** Everything that a later decision can read, as one comparable value. */
  state(): unknown {
    return structuredClone({
      system: this.system,
      customer: this.customer,
      members: this.members,
      journal: this.journal.length,
    })
  }

  decide(member: number, request: AuthorizeRequest, nowMs: number): Decision {
    return decide(this.account(member), request, this.moment(nowMs)).decision
  }

  authorize(member: number, request: AuthorizeRequest, nowMs: number): Decision {
    const { decision, draft } = decide(this.account(member), request, this.moment(nowMs))
    if ((draft === null) !== (decision.kind === 'deny')) {
      throw new Error('An allowed request writes one entry, a refused one none')
    }
    this.write(member, draft)
    return decision
  }

  /** Of all members, the soonest to expire first. */
  openHolds(): OpenHold[] {
    const open = this.members.flatMap((member) => [...member.holds.values()])
    return open.toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
  }

  private ownerOf(holdId: HoldId): number {
    const held = this.journal.find(({ body }) => body.kind === 'held' && body.holdId === holdId)
    return this.members.findIndex((state) => state.memberId === held?.memberId)
  }

  settle(holdId: HoldId, metered: Metered & { isEstimate: boolean }, nowMs: number): SettleAnswer {
    const member = this.ownerOf(holdId)
    const settlement = { holdId, ...metered, upstreamRequestId: null }
    const { answer, draft } = settleHold(this.account(member), settlement, this.moment(nowMs))
    this.write(member, draft)
    return answer
  }

  grow(holdId: HoldId, metered: Metered, nowMs: number): void {
    const member = this.ownerOf(holdId)
    const grown = growOpenHold(this.account(member), { holdId, ...metered }, this.moment(nowMs))
    this.write(member, grown.draft)
  }

  void(holdId: HoldId, nowMs: number): void {
    const member = this.ownerOf(holdId)
    const input = { holdId, cause: 'example' }
    this.write(member, voidOpenHold(this.account(member), input, this.moment(nowMs)).draft)
  }

  expire(holdId: HoldId, nowMs: number): void {
    const member = this.ownerOf(holdId)
    this.write(member, expireOpenHold(this.account(member), { holdId }, this.moment(nowMs)).draft)
  }

  /** Settles a hold with the usage that was expected of it. */
  settleAsExpected({ holdId }: OpenHold, nowMs: number): void {
    const usage = this.holdsByEnd().find((hold) => hold.id === holdId)?.expected ?? {}
    // As an estimate, so that it teaches nothing and a later request is expected to cost the same.
    this.settle(holdId, { usage, marks: [], isEstimate: true }, nowMs)
  }

  /** Every hold there was: those that ended first, then those that expired, then those that are open. */
  holdsByEnd(): { member: number; id: HoldId; expected: Usage }[] {
    const rank = (member: MemberState, id: HoldId): number =>
      member.holds.has(id) ? 2 : member.lost.has(id) ? 1 : 0
    const all = this.journal.flatMap(({ body, memberId: owner }) => {
      const member = this.members.findIndex((state) => state.memberId === owner)
      if (body.kind !== 'held') return []
      const input = body.facts.inputTokensExpected
      const expected = { input, output: Number(body.expected.tokens) - input }
      return [{ member, id: body.holdId, expected, rank: rank(this.member(member), body.holdId) }]
    })
    return all.toSorted((a, b) => a.rank - b.rank)
  }

  figures(member: number, nowMs: number): Figures {
    return figuresOf(this.account(member), this.moment(nowMs))
  }

  /** The figures that the naive model has too. */
  shown(member: number, nowMs: number): unknown {
    const { limits, extraUsage, runningCount, runningMax } = this.figures(member, nowMs)
    const own = limits.map(({ limitId: limit, used, held, amount, startMs, resetMs }) => {
      return { limit, used, held, amount, startMs, resetMs }
    })
    return { limits: own, extraUsage, runningCount, runningMax }
  }

  /** Where each grant's money is, and what the operator absorbed. */
  wallet(nowMs: number): unknown {
    const open = [...this.customer.grants.values()].map((known) => {
      // Expiry is by time, not by sweep: what is still booked as available has expired.
      const isOver = known.expiresAtMs !== null && known.expiresAtMs <= nowMs
      // And what a wrong clock booked as expired is available as long as it has not.
      const rest = known.availableNanos + known.expiredNanos
      const parts = {
        available: isOver ? 0n : rest,
        held: known.heldNanos,
        spent: known.spentNanos,
        expired: isOver ? rest : 0n,
        refunded: known.refundedNanos,
      }
      return [known.grantId, parts] as const
    })
    const { overrun, overrunBefore, overrunReservedNanos: overrunReserved } = this.customer
    const months = overrun === null ? [] : [...overrunBefore, overrun]
    const thisMonth = months.find(({ startMs, endMs }) => startMs <= nowMs && nowMs < endMs)
    return {
      ...withoutUsedUp(open, this.closed()),
      overrun: thisMonth?.bookedNanos ?? 0n,
      overrunReserved,
      lost: -this.accountBalance('operator_lost'),
    }
  }

  private closed(): UsedUp {
    const { count, spentNanos, refundedNanos } = this.customer.closedGrants
    return { count, spent: spentNanos, refunded: refundedNanos }
  }

  /** What a ledger account adds up to, read from the legs of the journal alone. */
  accountBalance(name: string): bigint {
    let balance = 0n
    for (const { legs } of this.journal) {
      for (const leg of legs) {
        if (leg.to === name) balance += leg.amount
        if (leg.from === name) balance -= leg.amount
      }
    }
    return balance
  }
}
