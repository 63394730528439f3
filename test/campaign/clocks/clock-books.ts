import assert from 'node:assert/strict'
import type { Decision } from '../../../src/core/decision.ts'
import type { Entry } from '../../../src/core/entry.ts'
import type { Limit } from '../../../src/core/plan.ts'
import { monthAt, spanAt, type Span } from '../../model/naive-calendar.ts'

/**
 * What the journal's entries of one campaign history say by themselves: which instance of which limit counted
 * what, and what was charged when. Written from DESIGN.md; nothing of the core's sums is used.
 */
type Instance = Span & { used: bigint }

export class ClockBooks {
  readonly #limits: readonly Limit[]
  readonly #capNanos: bigint
  readonly #zone: string
  readonly #instances = new Map<string, Instance[]>()
  readonly #legs = new Map<string, { readonly limit: string; readonly startMs: number }[]>()
  readonly #charges: { readonly atMs: number; readonly nanos: bigint }[] = []
  readonly #grants = new Map<string, { restNanos: bigint; readonly expiresAtMs: number | null }>()

  constructor(terms: {
    readonly limits: readonly Limit[]
    readonly capNanos: bigint
    readonly zone: string
  }) {
    this.#limits = terms.limits
    this.#capNanos = terms.capNanos
    this.#zone = terms.zone
  }

  /** Takes an entry in; throws where it opens an instance that must not be, or charges above the cap. */
  follow({ atMs, body, legs }: Entry): void {
    if (body.kind === 'granted') {
      const { grantId, amountNanos: restNanos, expiresAtMs } = body.grant
      assert.ok(!this.#grants.has(grantId), `${grantId} is granted once`)
      this.#grants.set(grantId, { restNanos, expiresAtMs })
    }
    if (body.kind === 'held') {
      for (const { limitId, startMs, endMs } of body.windowLegs) {
        this.#open(limitId, { startMs, endMs }, atMs)
      }
      const counted = body.windowLegs.map(({ limitId, startMs }) => ({ limit: limitId, startMs }))
      this.#legs.set(body.holdId, counted)
    }
    if (body.kind === 'settled') {
      for (const { limit, startMs } of this.#legs.get(body.holdId) ?? []) {
        const instance = this.#of(limit).find((one) => one.startMs === startMs)
        if (instance !== undefined) instance.used += body.costNanos
      }
      this.#charges.push({ atMs, nanos: body.chargedNanos })
      assert.ok(this.#chargedNanos(atMs) <= this.#capNanos, 'a month charges at most the cap')
    }
    for (const { from, to, amount } of legs) {
      if (!to.endsWith(':spent')) continue
      const grant = this.#grants.get(from.slice(6, from.lastIndexOf(':')))
      assert.ok(grant !== undefined && grant.restNanos >= amount, 'no grant is spent twice')
      grant.restNanos -= amount
    }
  }

  /** The pinned instance of a limit that contains a moment has no room. */
  isPlanUsedUp(atMs: number): boolean {
    return this.#limits.some((limit) => {
      const running = this.#of(limit.id).find((one) => one.startMs <= atMs && atMs < one.endMs)
      return limit.amount === 0n || (running !== undefined && running.used >= limit.amount)
    })
  }

  /** What the wallet and the cap leave at a moment. */
  roomNanos(atMs: number): bigint {
    let rest = 0n
    for (const { restNanos, expiresAtMs } of this.#grants.values()) {
      if (expiresAtMs === null || expiresAtMs > atMs) rest += restNanos
    }
    const room = this.#capNanos - this.#chargedNanos(atMs)
    return rest < room ? rest : room
  }

  /** Says what is wrong with a decision at a moment; undefined when it is right. */
  judge(decision: Decision, atMs: number): 'denied falsely' | 'admitted falsely' | undefined {
    const isUsedUp = this.isPlanUsedUp(atMs)
    if (decision.kind === 'allow') {
      return isUsedUp && decision.allowance.source === 'plan' ? 'admitted falsely' : undefined
    }
    if (!isUsedUp) return 'denied falsely'
    const { neededNanos, extraUsageReason } = decision.denial
    const isWalletAsked = extraUsageReason !== 'off_for_member' && neededNanos !== null
    return isWalletAsked && this.roomNanos(atMs) >= neededNanos ? 'denied falsely' : undefined
  }

  #chargedNanos(atMs: number): bigint {
    const month = monthAt(this.#zone, atMs)
    return this.#charges
      .filter((one) => month.startMs <= one.atMs && one.atMs < month.endMs)
      .reduce((sum, { nanos }) => sum + nanos, 0n)
  }

  #of(limit: string): Instance[] {
    const known = this.#instances.get(limit) ?? []
    this.#instances.set(limit, known)
    return known
  }

  #open(id: string, { startMs, endMs }: Span, atMs: number): void {
    const known = this.#of(id)
    const same = known.find((one) => one.startMs === startMs)
    if (same !== undefined) {
      assert.equal(same.endMs, endMs, `${id}: a shown reset stays`)
      return
    }
    assert.ok(startMs <= atMs && atMs < endMs, `${id}: what admits runs`)
    const shape = this.#limits.find((limit) => limit.id === id)?.shapes.at(-1)?.shape
    assert.ok(shape !== undefined)
    if (shape.kind === 'session') {
      // One that a wrong clock opened ahead gives way to the one that opens now.
      const ahead = known.filter((one) => one.startMs > atMs)
      for (const one of ahead) known.splice(known.indexOf(one), 1)
      assert.deepEqual([startMs, endMs], [atMs, atMs + shape.lengthMs], `${id}: opens now`)
    } else {
      const natural = spanAt(shape, atMs)
      const ends = known.map((one) => one.endMs).filter((end) => end <= atMs)
      const starts = known.map((one) => one.startMs).filter((start) => start > atMs)
      const expected = [Math.max(natural.startMs, ...ends), Math.min(natural.endMs, ...starts)]
      assert.deepEqual([startMs, endMs], expected, `${id}: as the calendar has it`)
    }
    const overlapping = known.find((one) => one.startMs < endMs && startMs < one.endMs)
    assert.equal(overlapping, undefined, `${id}: no two instances share a moment`)
    known.push({ startMs, endMs, used: 0n })
  }
}
