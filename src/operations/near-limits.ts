import type { Figures, LimitFigures } from '../core/decision.ts'
import { figuresOf } from '../core/figures.ts'
import type { MemberScope } from '../storage/storage.ts'
import { hiddenCustomers } from './demo-world.ts'
import type { Parts } from './parts.ts'
import { unlessDamaged } from './past-damage.ts'
import type { Telemetry } from './telemetry.ts'

/** How far one member is with the limit, or the spend cap, of which it has used the largest part. */
export type NearLimit = MemberScope & {
  readonly planName: string
  readonly closest:
    | { readonly kind: 'limit'; readonly limit: LimitFigures }
    | {
        readonly kind: 'cap' | 'member_cap'
        readonly spentNanos: bigint
        readonly capNanos: bigint
      }
  /** Whole percent, rounded down. */
  readonly usedPercent: number
  readonly resetMs: number | null
}

export type NearLimitsLook = {
  /** The nearest first. */
  readonly members: readonly NearLimit[]
  /** Of so many members so many were looked at: those that asked last, and the first of the others. */
  readonly memberCount: number
  readonly lookedAtCount: number
}

const rowsMax = 10
const seenLookedAtMax = 50
const othersLookedAtMax = 150
/** An overview asks every second; nobody's figures have to be that fresh here. */
const keptMs = 5_000

/** Who is near a limit. Looks at a bounded number of members, with the figures that the gate decides on. */
export class NearLimits {
  readonly #parts: Pick<Parts, 'storage' | 'clock'>
  readonly #telemetry: Telemetry
  #last: { readonly atMs: number; readonly look: Promise<NearLimitsLook> } | null = null

  constructor(parts: Pick<Parts, 'storage' | 'clock'>, telemetry: Telemetry) {
    this.#parts = parts
    this.#telemetry = telemetry
  }

  look(): Promise<NearLimitsLook> {
    const nowMs = this.#parts.clock.elapsedMs()
    if (this.#last === null || nowMs - this.#last.atMs >= keptMs) {
      const look = this.#lookAnew()
      this.#last = { atMs: nowMs, look }
      // A look that failed is not kept.
      look.catch(() => (this.#last = null))
    }
    return this.#last.look
  }

  async #lookAnew(): Promise<NearLimitsLook> {
    const { storage } = this.#parts
    const nowMs = storage.recordNowMs()
    const hidden = await hiddenCustomers(this.#parts)
    const isShown = ({ customerId }: Pick<MemberScope, 'customerId'>): boolean =>
      !hidden.has(customerId)
    const members = (await storage.members()).filter(isShown)
    const seen = this.#telemetry.seen().filter(isShown)
    const nearest = seen
      .map((figures) => ({ figures, percent: closestOf(figures, nowMs)?.usedPercent ?? 0 }))
      .toSorted((left, right) => right.percent - left.percent)
      .slice(0, seenLookedAtMax)
      .map(({ figures }) => figures)
    const known = new Set(seen.map(nameOf))
    const others = members.filter((scope) => !known.has(nameOf(scope))).slice(0, othersLookedAtMax)
    const found: NearLimit[] = []
    // A customer's own cap is told once, not with each of its members.
    const capped = new Set<string>()
    for (const scope of [...nearest, ...others]) {
      // That its entries are damaged is told by the check-up.
      const read = await unlessDamaged(this.#nearOf(scope, capped.has(scope.customerId)))
      const near = 'answer' in read ? read.answer : null
      if (near === null) continue
      found.push(near)
      if (near.closest.kind === 'cap') capped.add(near.customerId)
    }
    return {
      members: found
        .toSorted((left, right) => right.usedPercent - left.usedPercent)
        .slice(0, rowsMax),
      memberCount: members.length,
      lookedAtCount: seen.length + others.length,
    }
  }

  async #nearOf(scope: MemberScope, isCapTold: boolean): Promise<NearLimit | null> {
    const owner = { customerId: scope.customerId, memberId: scope.memberId }
    const figures = await this.#parts.storage.update(owner, (account, context) => ({
      answer: figuresOf(account, context),
      entries: [],
    }))
    return closestOf(figures, figures.atMs, isCapTold)
  }
}

const nameOf = (scope: MemberScope): string => `${scope.customerId}:${scope.memberId}`

/** Of what was used of each limit and cap the largest part; null where nothing was used at all. */
export function closestOf(figures: Figures, nowMs: number, isCapTold = false): NearLimit | null {
  const { extraUsage, planName } = figures
  const scope = { customerId: figures.customerId, memberId: figures.memberId, planName }
  const found: NearLimit[] = []
  for (const limit of figures.limits) {
    const { amount, used, resetMs } = limit
    if (amount === null || (resetMs !== null && resetMs <= nowMs)) continue
    const usedPercent = percentOf(used, amount)
    found.push({ ...scope, closest: { kind: 'limit', limit }, usedPercent, resetMs })
  }
  const caps = [
    { kind: 'cap' as const, spent: extraUsage.spentNanos, cap: extraUsage.capNanos },
    {
      kind: 'member_cap' as const,
      spent: extraUsage.memberSpentNanos,
      cap: extraUsage.memberCapNanos,
    },
  ]
  for (const { kind, spent, cap } of caps) {
    if (cap === null || spent === 0n || (isCapTold && kind === 'cap')) continue
    const closest = { kind, spentNanos: spent, capNanos: cap }
    const usedPercent = percentOf(spent, cap)
    found.push({ ...scope, closest, usedPercent, resetMs: extraUsage.capResetMs })
  }
  const [nearest] = found.toSorted((left, right) => right.usedPercent - left.usedPercent)
  return nearest === undefined || nearest.usedPercent === 0 ? null : nearest
}

const percentOf = (used: bigint, amount: bigint): number =>
  amount <= 0n ? (used > 0n ? 100 : 0) : Number((used * 100n) / amount)
