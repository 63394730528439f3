/**
 * The burst guard: how fast one key may send. It is the generic cell rate algorithm, which needs one
 * number per key: the moment at which the key's allowance would be whole again. It guards the machine,
 * not money: refusing says "slow down", never "out", and is outside the journal (DESIGN R5).
 */
export type BurstRule = {
  /** The steady rate. Zero switches the guard off. */
  readonly perMinute: number
  /** How many requests may come at once after a pause; at least 1. */
  readonly size: number
}

export type BurstAnswer =
  | { readonly isAdmitted: true; readonly wholeAgainMs: number }
  | { readonly isAdmitted: false; readonly retryAfterMs: number }

/** `wholeAgainMs` is what the last admitted request answered; undefined for a key not seen lately. */
export function admitBurst(
  rule: BurstRule,
  wholeAgainMs: number | undefined,
  nowMs: number,
): BurstAnswer {
  if (rule.perMinute <= 0) return { isAdmitted: true, wholeAgainMs: nowMs }
  const spacingMs = 60_000 / rule.perMinute
  const toleranceMs = spacingMs * (Math.max(rule.size, 1) - 1)
  const startMs = Math.max(wholeAgainMs ?? nowMs, nowMs)
  const earlyMs = startMs - nowMs - toleranceMs
  // Sums of a fractional spacing err by less than this; an exact size must not refuse its last request.
  if (earlyMs > 1e-6) return { isAdmitted: false, retryAfterMs: Math.ceil(earlyMs) }
  return { isAdmitted: true, wholeAgainMs: startMs + spacingMs }
}
