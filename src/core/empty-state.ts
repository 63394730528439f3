import type { CustomerState, MemberState, SystemState } from './account.ts'
import { planId, type CustomerId, type MemberId } from './ids.ts'

/** The sums before any entry: what every fold of the journal begins with (`apply.ts`). */

export function emptySystem(): SystemState {
  return { plans: new Map(), limitUnits: new Map(), prices: new Map(), jumps: [] }
}

export function emptyCustomer(customerId: CustomerId): CustomerState {
  return {
    customerId,
    isOpen: false,
    isActive: false,
    zone: 'UTC',
    extraUsage: { isOn: false, version: 0 },
    cap: { kind: 'unlimited' },
    spend: null,
    spendBefore: [],
    heldNanos: 0n,
    grants: new Map(),
    closedGrants: {
      count: 0,
      grantedNanos: 0n,
      spentNanos: 0n,
      refundedNanos: 0n,
    },
    overrun: null,
    overrunBefore: [],
    overrunReservedNanos: 0n,
    overrunMaxNanos: 0n,
    autoReload: { kind: 'off' },
    standingOrderNanos: 0n,
    reloads: null,
    reloadsBefore: [],
    reloadRefusal: null,
    isStrict: false,
    runningMax: 0,
    entryCount: 0,
    position: 0,
  }
}

export function emptyMember(scope: {
  readonly customerId: CustomerId
  readonly memberId: MemberId
}): MemberState {
  return {
    customerId: scope.customerId,
    memberId: scope.memberId,
    isSeated: false,
    isActive: false,
    planId: planId('none'),
    extraUsage: { isOn: true, version: 0 },
    cap: { kind: 'unlimited' },
    spend: null,
    spendBefore: [],
    heldNanos: 0n,
    exceptions: new Map(),
    windows: new Map(),
    keptWindows: [],
    holds: new Map(),
    lost: new Map(),
    outputs: new Map(),
    grantedMonths: new Map(),
    entryCount: 0,
    position: 0,
  }
}
