import type { Plan } from '../../../src/core/plan.ts'
import type { Ledger, LimitNow } from './ledger.ts'

const unified = 'anthropic-ratelimit-unified-'

/** What clients of the hosted service read, where an answer has it: the same figures once more, as shares. */
export function faultOfNative(
  ledger: Ledger,
  told: {
    readonly status: number
    readonly headers: ReadonlyMap<string, string>
    readonly plan: Plan
    readonly member: string
    readonly atMs: number
  },
): string | null {
  const { status, headers, plan, member, atMs } = told
  if (![...headers.keys()].some((name) => name.startsWith(unified))) return null
  for (const limit of plan.limits) {
    const kind = limit.shapes.at(-1)?.shape.kind
    const prefix = kind === 'session' ? '5h' : kind === 'week' && !limit.models ? '7d' : null
    const now = ledger.limitNow(member, limit, atMs)
    if (prefix === null || now.span === null) continue
    const right = { utilization: shareOf(now), reset: Math.ceil(now.span.endMs / 1000) }
    for (const what of ['utilization', 'reset'] as const) {
      const one = headers.get(`${unified}${prefix}-${what}`)
      if (Number(one) !== right[what]) return `${prefix}-${what} is ${one}, not ${right[what]}`
    }
  }
  const isStopped = status === 429 || headers.get('x-plimsoll-source') === 'extra_usage'
  const stand = headers.get(`${unified}status`)
  return stand === undefined || isStopped === (stand === 'rejected')
    ? null
    : `the status is ${stand}, with ${status} from ${headers.get('x-plimsoll-source')}`
}

/** With four digits, of which nobody sees more. */
function shareOf({ used, held, amount }: LimitNow): number {
  if (amount === null) return 0
  if (amount <= 0n || used + held >= amount) return 1
  return Number((Number(((used + held) * 1_000_000n) / amount) / 1_000_000).toFixed(4))
}
