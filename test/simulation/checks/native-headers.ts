import type { Limit, Plan } from '../../../src/core/plan.ts'
import type { Ledger, LimitNow } from './ledger.ts'

type Told = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly plan: Plan
  readonly member: string
  readonly atMs: number
}

const unified = 'anthropic-ratelimit-unified-'

/** What clients of the hosted service read, where an answer has it: the same figures once more, as shares. */
export function faultOfNative(ledger: Ledger, told: Told): string | null {
  const { status, headers, plan, member, atMs } = told
  if (![...headers.keys()].some((name) => name.startsWith(unified))) return null
  for (const limit of plan.limits) {
    const prefix = prefixOf(limit)
    const now = ledger.limitNow(member, limit, atMs)
    if (prefix === null || now.span === null) continue
    const right = { utilization: shareOf(now), reset: Math.ceil(now.span.endMs / 1000) }
    for (const what of ['utilization', 'reset'] as const) {
      const one = headers.get(`${unified}${prefix}-${what}`)
      if (Number(one) !== right[what]) return `${prefix}-${what} is ${one}, not ${right[what]}`
    }
  }
  const claim = faultOfClaim(ledger, told)
  if (claim !== null) return claim
  const isStopped = status === 429 || headers.get('x-plimsoll-source') === 'extra_usage'
  const stand = headers.get(`${unified}status`)
  return stand === undefined || isStopped === (stand === 'rejected')
    ? null
    : `the status is ${stand}, with ${status} from ${headers.get('x-plimsoll-source')}`
}

/** Where the plan pays, the window that is told first is the fullest one. */
function faultOfClaim(ledger: Ledger, { headers, plan, member, atMs }: Told): string | null {
  if (headers.get('x-plimsoll-source') !== 'plan') return null
  const shares = plan.limits.flatMap((limit) => {
    const prefix = prefixOf(limit)
    const now = ledger.limitNow(member, limit, atMs)
    return prefix === null ? [] : { claim: claims[prefix], share: shareOf(now) }
  })
  const most = Math.max(...shares.map(({ share }) => share))
  const right = shares.filter(({ share }) => share === most).map(({ claim }) => claim)
  const claim = headers.get(`${unified}representative-claim`)
  return right.length === 0 || right.some((one) => one === claim)
    ? null
    : `${claim} is told first, not ${right.join()}`
}

const claims = { '5h': 'five_hour', '7d': 'seven_day' } as const

function prefixOf({ shapes, models }: Limit): '5h' | '7d' | null {
  const kind = shapes.at(-1)?.shape.kind
  return kind === 'session' ? '5h' : kind === 'week' && !models ? '7d' : null
}

/** With four digits, of which nobody sees more. */
function shareOf({ used, held, amount }: LimitNow): number {
  if (amount === null) return 0
  if (amount <= 0n || used + held >= amount) return 1
  return Number((Number(((used + held) * 1_000_000n) / amount) / 1_000_000).toFixed(4))
}
