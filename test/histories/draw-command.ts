import type { CommandCall } from './history-recorder.ts'

type Draw = (below: number) => number

/** Something that an administrator orders: what it means, and how it is said at the admin port. */
export type DrawnCommand = {
  readonly call: CommandCall
  /** Within the customer. */
  readonly path: string
  readonly body: object
}

export type CommandTerms = {
  /** The idempotency key, which names a grant as well. */
  readonly key: string
  readonly members: readonly string[]
  readonly spareKeys: readonly string[]
  /** Whom somebody paused: they are resumed soon, or there would be nobody left. */
  readonly paused: Set<string | null>
}

/** Amounts are such that limits and money are met again and again. */
export function drawCommand(draw: Draw, terms: CommandTerms): DrawnCommand {
  const { key, members, spareKeys, paused } = terms
  for (const one of paused) {
    if (draw(4) > 0) continue
    paused.delete(one)
    return statusOf(one, true)
  }
  const member = members[draw(members.length)] ?? ''
  const who = draw(members.length + 1) === 0 ? null : member
  const at = who === null ? '' : `/members/${who}`
  switch (draw(20)) {
    case 0:
    case 1:
    case 2:
      return topUp(draw, key)
    case 3:
    case 4:
      return autoReload(draw)
    case 5:
    case 6:
    case 7: {
      const isOn = draw(3) > 0
      return {
        call: { kind: 'switch', member: who, isOn },
        path: `${at}/extra-usage`,
        body: { isOn },
      }
    }
    case 8:
    case 9:
    case 10:
      return capOf(draw, who, at)
    case 11:
      paused.add(who)
      return statusOf(who, false)
    case 12:
    case 13: {
      const planId = draw(2) === 0 ? 'some' : 'none'
      return {
        call: { kind: 'seat', member, planId },
        path: '/members',
        body: { memberId: member, planId },
      }
    }
    case 14:
    case 15:
      return exceptionOf(draw, member)
    case 16: {
      const limit = 'session'
      const path = `/members/${member}/gift-reset`
      return { call: { kind: 'credit', member, limit }, path, body: { limitId: limit } }
    }
    case 17:
    case 18: {
      const monthMax = BigInt(draw(3) * 30_000_000)
      const body = { monthMaxNanos: String(monthMax) }
      return { call: { kind: 'order', monthMax }, path: '/standing-order', body }
    }
    default: {
      const spare = spareKeys.at(-1)
      if (spare === undefined) return topUp(draw, key)
      return { call: { kind: 'revoke', key: spare }, path: `/keys/${spare}/revoke`, body: {} }
    }
  }
}

function statusOf(member: string | null, isActive: boolean): DrawnCommand {
  const path = `${member === null ? '' : `/members/${member}`}/status`
  return { call: { kind: 'status', member, isActive }, path, body: { isActive } }
}

function topUp(draw: Draw, key: string): DrawnCommand {
  const amountNanos = BigInt(200_000 + draw(1_500_000))
  const grant = { grant: key, amountNanos, priority: 50, expiresAtMs: null }
  const body = { amountNanos: String(amountNanos) }
  return { call: { kind: 'top_up', ...grant }, path: '/top-ups', body }
}

function capOf(draw: Draw, member: string | null, at: string): DrawnCommand {
  const amountNanos = BigInt(draw(8_000_000))
  const isCapped = draw(3) > 0
  const cap = isCapped ? { kind: 'capped' as const, amountNanos } : { kind: 'unlimited' as const }
  const told = isCapped ? { ...cap, amountNanos: String(amountNanos) } : cap
  return { call: { kind: 'cap', member, cap }, path: `${at}/spend-cap`, body: { cap: told } }
}

/** For good, or until it is taken back: how long it lasts is not for a history to say. */
function exceptionOf(draw: Draw, member: string): DrawnCommand {
  const limit = 'session'
  const path = `/members/${member}/exceptions`
  const kind = (['plan', 'unlimited', 'amount'] as const)[draw(3)] ?? 'plan'
  const amount = kind === 'amount' ? BigInt(draw(8_000_000)) : null
  const most = amount === null ? { kind } : { kind, amount: String(amount) }
  const exception = kind === 'plan' ? 'taken_back' : { amount, untilMs: null }
  return {
    call: { kind: 'except', member, limit, exception },
    path,
    body: { limitId: limit, most },
  }
}

function autoReload(draw: Draw): DrawnCommand {
  const path = '/auto-reload'
  if (draw(3) === 0) {
    return { call: { kind: 'auto_reload', setting: { kind: 'off' } }, path, body: { kind: 'off' } }
  }
  const thresholdNanos = BigInt(2_000_000 + draw(5_000_000))
  const amountNanos = thresholdNanos + BigInt(draw(1_000_000))
  const monthMaxNanos = amountNanos * BigInt(1 + draw(4))
  const setting = { kind: 'on' as const, thresholdNanos, amountNanos, monthMaxNanos }
  const body = {
    kind: 'on',
    thresholdNanos: String(thresholdNanos),
    amountNanos: String(amountNanos),
    monthMaxNanos: String(monthMaxNanos),
  }
  return { call: { kind: 'auto_reload', setting }, path, body }
}
