import { reasons, type ExtraUsageReason, type Reason } from '../../src/core/decision.ts'
import type { Answer, FiguresTold, LimitTold } from './account-history.ts'

/** The refusal of a request; null for what is no decision. */
export function deniedIn(text: string): Refusal | null {
  const { error } = JSON.parse(text) as { error: { details?: DetailsJson } }
  if (error.details === undefined || !isReason(error.details.error_code)) return null
  const { error_code: code, limits = [], extra_usage_reason: why, needed_nanos } = error.details
  const { retry_at_ms: retryAtMs } = error.details
  return {
    denial: {
      kind: 'denied',
      reason: code,
      extraUsageReason: why ?? null,
      binding: limits.map(({ id: limit, used, held, amount, reset_ms: resetMs }) =>
        limitIn({ limit, used, held, amount, resetMs }),
      ),
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    },
    neededNanos: needed_nanos === null || needed_nanos === undefined ? null : BigInt(needed_nanos),
  }
}

const isReason = (code: string): code is Reason => (reasons as readonly string[]).includes(code)

export type Refusal = {
  readonly denial: Extract<Answer, { kind: 'denied' }>
  /** What it would have had to hold of the wallet; null where that was not asked. */
  readonly neededNanos: bigint | null
}

type LimitJson = { used: string; held: string; amount: string | null }
type DetailsJson = {
  readonly error_code: string
  readonly limits?: readonly (LimitJson & { id: string; reset_ms: number | null })[]
  readonly retry_at_ms?: number | null
  readonly extra_usage_reason?: ExtraUsageReason | null
  readonly needed_nanos?: string | null
}

const limitIn = ({
  limit,
  used,
  held,
  amount,
  resetMs,
}: LimitJson & { limit: string; resetMs: number | null }): LimitTold => ({
  limit,
  used: BigInt(used),
  held: BigInt(held),
  amount: amount === null ? null : BigInt(amount),
  resetMs,
})

/** What the usage page of a member has of its figures. */
export type FiguresJson = {
  readonly position: number
  readonly atMs: number
  readonly limits: readonly (LimitJson & { limitId: string; resetMs: number | null })[]
  readonly runningCount: number
  readonly extraUsage: {
    readonly isOnForCustomer: boolean
    readonly isOnForMember: boolean
    readonly balanceNanos: string
    readonly heldNanos: string
    readonly spentNanos: string
    readonly capNanos: string | null
    readonly memberSpentNanos: string
    readonly memberHeldNanos: string
    readonly memberCapNanos: string | null
  }
}

export function figuresIn({ limits, runningCount, extraUsage }: FiguresJson): FiguresTold {
  const orNull = (digits: string | null): bigint | null => (digits === null ? null : BigInt(digits))
  return {
    limits: limits.map(({ limitId: limit, used, held, amount, resetMs }) =>
      limitIn({ limit, used, held, amount, resetMs }),
    ),
    isOnForCustomer: extraUsage.isOnForCustomer,
    isOnForMember: extraUsage.isOnForMember,
    balanceNanos: BigInt(extraUsage.balanceNanos),
    heldNanos: BigInt(extraUsage.heldNanos),
    spentNanos: BigInt(extraUsage.spentNanos),
    capNanos: orNull(extraUsage.capNanos),
    memberSpentNanos: BigInt(extraUsage.memberSpentNanos),
    memberHeldNanos: BigInt(extraUsage.memberHeldNanos),
    memberCapNanos: orNull(extraUsage.memberCapNanos),
    runningCount,
  }
}
