import type { CustomerState, Grant, MemberState, OpenHold, SystemState } from './account.ts'
import { jumpsLeft } from './clock-jumps.ts'
import type { Entry, EntryBody, Leg } from './entry.ts'
import { withMonth } from './included-grant.ts'
import { grantId } from './ids.ts'
import { charge, countReload, overrunMonth } from './month-sums.ts'
import { findWindow, pinWindow, windowAccount } from './pinned-windows.ts'

/**
 * The fold: running sums are what entries add up to, nothing else. Live traffic, a cold rebuild, `explain`
 * and `verify` all use these three functions, so they cannot disagree about what an entry means.
 * They change the given state in place; a state that an entry does not concern keeps its sums.
 */

/** Output tokens kept per bucket to learn the expected cost from, and buckets kept per member. */
export const outputsKeptMax = 32
export const bucketsMax = 64

/** Jumps of the clock that a correction can undo. */
export const clockJumpsKeptMax = 8

/** How long an expired hold is remembered so that a late settle can correct it. */
export const lostHoldKeptMs = 24 * 60 * 60 * 1000

export function applyToSystem(state: SystemState, entry: Pick<Entry, 'body'>): void {
  if (entry.body.kind === 'plan_published') {
    const { plan } = entry.body
    state.plans.set(plan.id, plan)
    for (const { id, unit } of plan.limits) state.limitUnits.set(id, unit)
  }
  if (entry.body.kind === 'price_published') state.prices.set(entry.body.price.id, entry.body.price)
  if (entry.body.kind === 'clock_adopted') {
    const { fromMs, toMs } = entry.body
    state.jumps.push({ fromMs, toMs })
    if (state.jumps.length > clockJumpsKeptMax) state.jumps.shift()
  }
  if (entry.body.kind === 'clock_corrected') {
    state.jumps.splice(0, state.jumps.length, ...jumpsLeft(state.jumps, entry.body))
  }
}

/** Whether an entry changes the customer's shared rows; other entries concern one member only. */
export function touchesCustomer(entry: {
  readonly body: EntryBody
  readonly legs: readonly Leg[]
}): boolean {
  const { body } = entry
  switch (body.kind) {
    case 'customer_opened':
    case 'granted':
    case 'refunded':
    case 'auto_reload_set':
    case 'standing_order_set':
    case 'reload_refused':
      return true
    case 'extra_usage_set':
    case 'spend_cap_set':
    case 'status_set':
      return body.scope === 'customer'
    case 'held':
    case 'settled':
    case 'voided':
    case 'expired':
      return body.overrunReserveNanos > 0n || movesShared(entry.legs)
    default:
      return movesShared(entry.legs)
  }
}

function movesShared(legs: readonly Leg[]): boolean {
  return legs.some((leg) => isSharedAccount(leg.from) || isSharedAccount(leg.to))
}

function isSharedAccount(account: string): boolean {
  return account.startsWith('grant:') || account.startsWith('operator_')
}

export function applyToCustomer(state: CustomerState, entry: Entry): void {
  if (!touchesCustomer(entry)) return
  const { body } = entry
  addGrant(state, entry)
  applyCustomerSetting(state, body)
  applyReload(state, entry)
  const overrunAtMs = body.kind === 'settled' ? body.overrunMonthMs : undefined
  for (const leg of entry.legs) applySharedLeg(state, leg, overrunAtMs ?? entry.atMs)
  for (const leg of entry.legs) closeUsedUp(state, leg.from)
  if (body.kind === 'held') state.overrunReservedNanos += body.overrunReserveNanos
  if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
    state.overrunReservedNanos -= body.overrunReserveNanos
  }
  if (body.kind === 'settled' && body.spendMonth !== null) {
    charge(state, body.spendMonth, body.chargedNanos)
  }
  state.entryCount += 1
  state.position = entry.position
}

function applyCustomerSetting(state: CustomerState, body: EntryBody): void {
  switch (body.kind) {
    case 'customer_opened':
      state.isOpen = true
      state.isActive = true
      state.zone = body.zone
      state.extraUsage.isOn = body.isExtraUsageOn
      state.cap = body.cap
      state.overrunMaxNanos = body.overrunMaxNanos
      state.isStrict = body.isStrict
      state.runningMax = body.runningMax
      return
    case 'extra_usage_set':
      state.extraUsage.isOn = body.isOn
      state.extraUsage.version += 1
      return
    case 'spend_cap_set':
      state.cap = body.cap
      return
    case 'status_set':
      state.isActive = body.isActive
      return
    default:
  }
}

/** Whatever may let a reload through that was refused lets it be tried afresh. */
function applyReload(state: CustomerState, { body, atMs }: Entry): void {
  switch (body.kind) {
    case 'auto_reload_set':
      state.autoReload = body.setting
      state.reloadRefusal = null
      return
    case 'standing_order_set':
      state.standingOrderNanos = body.monthMaxNanos
      state.reloadRefusal = null
      return
    case 'reload_refused': {
      const { month } = body.reload
      state.reloadRefusal = { reason: body.reason, atMs, monthStartMs: month.startMs }
      return
    }
    case 'granted':
      if (body.grant.origin !== 'included') state.reloadRefusal = null
      if (body.reload !== undefined) countReload(state, body.reload.month, body.grant.amountNanos)
      return
    default:
  }
}

function addGrant(state: CustomerState, entry: Entry): void {
  if (entry.body.kind !== 'granted') return
  const { grantId: id, origin, priority, expiresAtMs, amountNanos } = entry.body.grant
  state.grants.set(id, {
    grantId: id,
    origin,
    priority,
    expiresAtMs,
    createdAtMs: entry.atMs,
    position: entry.position,
    grantedNanos: amountNanos,
    // The entry's own leg from payments or gifts makes it available.
    availableNanos: 0n,
    heldNanos: 0n,
    spentNanos: 0n,
    expiredNanos: 0n,
    refundedNanos: 0n,
  })
}

function applySharedLeg(state: CustomerState, leg: Leg, atMs: number): void {
  moveGrant(state, leg.from, -leg.amount)
  moveGrant(state, leg.to, leg.amount)
  const isBack = leg.to.startsWith('operator_')
  const account = isBack ? leg.to : leg.from
  if (!account.startsWith('operator_')) return
  const overrun = overrunMonth(state, atMs)
  const amount = isBack ? -leg.amount : leg.amount
  if (account === 'operator_overrun') overrun.bookedNanos += amount
  else overrun.lostNanos += amount
}

/**
 * Folds the grant that a leg took from into the closed ones when nothing of it is left: every decision looks
 * at all grants that are open. One whose parts do not add up stays, for `verify` to find.
 */
function closeUsedUp({ grants, closedGrants: closed }: CustomerState, account: string): void {
  if (!account.startsWith('grant:')) return
  const id = grantId(account.slice(6, account.lastIndexOf(':')))
  const grant = grants.get(id)
  if (grant === undefined) return
  const { grantedNanos, spentNanos, refundedNanos } = grant
  const isEmpty = [grant.availableNanos, grant.heldNanos, grant.expiredNanos].every((n) => n === 0n)
  if (!isEmpty || grantedNanos !== spentNanos + refundedNanos) return
  grants.delete(id)
  closed.count += 1
  closed.grantedNanos += grantedNanos
  closed.spentNanos += spentNanos
  closed.refundedNanos += refundedNanos
}

function moveGrant(state: CustomerState, account: string, amount: bigint): void {
  if (!account.startsWith('grant:')) return
  const colon = account.lastIndexOf(':')
  const grant = state.grants.get(grantId(account.slice(6, colon)))
  if (grant === undefined)
    throw new Error(`The journal names a grant that was never made or is used up: ${account}`)
  changePart(grant, account.slice(colon + 1), amount)
  if (account.endsWith(':held')) state.heldNanos += amount
}

function changePart(grant: Grant, part: string, amount: bigint): void {
  switch (part) {
    case 'available':
      grant.availableNanos += amount
      return
    case 'held':
      grant.heldNanos += amount
      return
    case 'spent':
      grant.spentNanos += amount
      return
    case 'expired':
      grant.expiredNanos += amount
      return
    case 'refunded':
      grant.refundedNanos += amount
      return
    default:
      throw new Error(`The journal names an unknown part of a grant: ${part}`)
  }
}

export function applyToMember(state: MemberState, entry: Entry): void {
  const { body } = entry
  applyMemberSetting(state, entry)
  addHold(state, entry)
  for (const leg of entry.legs) {
    moveOwn(state, leg.from, -leg.amount)
    moveOwn(state, leg.to, leg.amount)
  }
  if (body.kind === 'hold_grown') growHold(state, body)
  if (body.kind === 'expired') rememberLost(state, entry.atMs, body)
  if (body.kind === 'settled') learn(state, body)
  if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
    state.holds.delete(body.holdId)
  }
  state.entryCount += 1
  state.position = entry.position
}

function applyMemberSetting(state: MemberState, entry: Entry): void {
  const { body } = entry
  switch (body.kind) {
    case 'member_seated':
      if (!state.isSeated) state.isActive = true
      state.isSeated = true
      state.planId = body.planId
      for (const pin of body.pins) pinWindow(state, pin, body.kept)
      return
    case 'extra_usage_set':
      state.extraUsage.isOn = body.isOn
      state.extraUsage.version += 1
      return
    case 'spend_cap_set':
      state.cap = body.cap
      return
    case 'status_set':
      state.isActive = body.isActive
      return
    case 'limit_excepted':
      if (body.exception === null) state.exceptions.delete(body.limitId)
      else state.exceptions.set(body.limitId, body.exception)
      return
    case 'granted':
      if (body.included !== undefined) {
        const { id, monthStartMs } = body.included
        state.grantedMonths.set(id, withMonth(state.grantedMonths.get(id), monthStartMs))
      }
      return
    default:
  }
}

function addHold(state: MemberState, entry: Entry): void {
  if (entry.body.kind !== 'held') return
  const { kind: _kind, facts, grantLegs, kept, ...hold } = entry.body
  for (const leg of hold.windowLegs) pinWindow(state, leg, kept)
  const open: OpenHold = {
    ...hold,
    model: facts.model,
    priceId: facts.priceId,
    grantLegs: grantLegs.map((leg) => ({ ...leg })),
    placedAtMs: entry.atMs,
    position: entry.position,
  }
  state.holds.set(hold.holdId, open)
}

/** Window accounts of an instance that is over move nothing that a later decision reads. */
function moveOwn(state: MemberState, account: string, amount: bigint): void {
  if (account.startsWith('window:')) {
    const { limitId: id, startMs, part } = windowAccount(account)
    const instance = findWindow(state, id, startMs)
    if (instance === undefined) return
    if (part === 'held') instance.held += amount
    else instance.used += amount
  } else if (account.endsWith(':held')) {
    state.heldNanos += amount
  }
}

function growHold(state: MemberState, body: Extract<EntryBody, { kind: 'hold_grown' }>): void {
  const hold = state.holds.get(body.holdId)
  if (hold === undefined) return
  hold.amounts = body.amounts
  for (const leg of body.grantLegs) {
    const known = hold.grantLegs.find((own) => own.grantId === leg.grantId)
    if (known === undefined) hold.grantLegs.push({ ...leg })
    else known.amount += leg.amount
  }
}

function rememberLost(
  state: MemberState,
  atMs: number,
  body: Extract<EntryBody, { kind: 'expired' }>,
): void {
  for (const [id, lost] of state.lost) {
    if (lost.expiredAtMs + lostHoldKeptMs <= atMs) state.lost.delete(id)
  }
  const hold = state.holds.get(body.holdId)
  if (hold !== undefined) {
    state.lost.set(body.holdId, { hold, expiredAtMs: atMs, lostNanos: body.lostNanos })
  }
}

function learn(state: MemberState, body: Extract<EntryBody, { kind: 'settled' }>): void {
  state.lost.delete(body.holdId)
  if (body.memberSpendMonth !== null) {
    charge(state, body.memberSpendMonth, body.chargedNanos)
  }
  if (body.isEstimate) return
  const outputs = state.outputs.get(body.bucket) ?? []
  outputs.push(body.usage.output ?? 0)
  if (outputs.length > outputsKeptMax) outputs.shift()
  // Setting again moves the bucket to the end, so the first key is the one used longest ago.
  state.outputs.delete(body.bucket)
  state.outputs.set(body.bucket, outputs)
  if (state.outputs.size > bucketsMax) {
    for (const oldest of state.outputs.keys()) {
      state.outputs.delete(oldest)
      break
    }
  }
}
