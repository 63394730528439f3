import type { Entry } from '../../src/core/entry.ts'
import type { Call } from './account-history.ts'

/** What an entry says was done; null for what no answer about money or usage depends on, and for holds that were placed. */
export function callOf({ body, memberId }: Entry): Call | null {
  const member = memberId ?? ''
  switch (body.kind) {
    case 'plan_published':
      return { kind: 'publish', plan: body.plan }
    case 'member_seated':
      return { kind: 'seat', member, planId: body.planId }
    case 'extra_usage_set':
      return { kind: 'switch', member: ownerIn(body.scope, member), isOn: body.isOn }
    case 'spend_cap_set':
      return { kind: 'cap', member: ownerIn(body.scope, member), cap: body.cap }
    case 'status_set':
      return { kind: 'status', member: ownerIn(body.scope, member), isActive: body.isActive }
    case 'limit_excepted': {
      const { limitId: limit, exception } = body
      return { kind: 'except', member, limit, exception: exception ?? 'taken_back' }
    }
    case 'key_revoked':
      return { kind: 'revoke', key: body.keyId }
    case 'window_credited':
      return { kind: 'credit', member, limit: body.limitId, startMs: body.startMs }
    case 'granted': {
      const { grantId: grant, amountNanos, priority, expiresAtMs } = body.grant
      if (body.reload !== undefined) return { kind: 'reload', grant, amountNanos }
      return { kind: 'top_up', grant, amountNanos, priority, expiresAtMs }
    }
    case 'refunded':
      return { kind: 'refund', grant: body.grantId }
    case 'auto_reload_set':
      return { kind: 'auto_reload', setting: body.setting }
    case 'standing_order_set':
      return { kind: 'order', monthMax: body.monthMaxNanos }
    case 'reload_refused':
      return { kind: 'reload_refused', reason: body.reason }
    case 'hold_grown':
      return { kind: 'grow', hold: body.holdId, amounts: body.amounts }
    case 'settled': {
      const { holdId: hold, usage, marks, isEstimate } = body
      return { kind: 'settle', hold, usage, marks, isEstimate }
    }
    case 'voided':
      return { kind: 'void', hold: body.holdId }
    case 'expired':
      return { kind: 'expire', hold: body.holdId }
    default:
      return null
  }
}

const ownerIn = (scope: 'customer' | 'member', member: string): string | null =>
  scope === 'customer' ? null : member
