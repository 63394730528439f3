import { createHmac, timingSafeEqual } from 'node:crypto'

import { extraUsageReasons, reasons, type ExtraUsageReason, type Reason } from '../core/decision.ts'
import type { RequestFacts } from '../core/entry.ts'
import {
  customerId,
  holdId,
  memberId,
  priceId,
  type CustomerId,
  type HoldId,
  type MemberId,
} from '../core/ids.ts'

/**
 * A refusal writes no row (R5), so its id carries what is needed to decide it again: journal position,
 * moment, request facts, reason. It is signed, because `explain` believes it.
 */
export type DeniedDecision = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly position: number
  readonly atMs: number
  readonly reason: Reason
  readonly extraUsageReason: ExtraUsageReason | null
  readonly facts: RequestFacts
  readonly customerRunningCount: number
}

/** An allow is in the journal as its hold; the id only says where to look, so it is not signed. */
export type AllowedDecision = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly holdId: HoldId
  /** The journal position that the decision read; its hold comes after. */
  readonly position: number
}

const allowedPrefix = 'al_'

export function allowedDecisionId(decision: AllowedDecision): string {
  const { customerId: customer, memberId: member, holdId: hold, position } = decision
  const payload = JSON.stringify([customer, member, hold, position])
  return `${allowedPrefix}${Buffer.from(payload).toString('base64url')}`
}

/** Undefined when it is not the id of an allow. */
export function readAllowedDecisionId(id: string): AllowedDecision | undefined {
  if (!id.startsWith(allowedPrefix)) return undefined
  try {
    const packed: unknown = JSON.parse(
      Buffer.from(id.slice(allowedPrefix.length), 'base64url').toString(),
    )
    if (!Array.isArray(packed)) return undefined
    const [customer, member, hold, position] = packed as unknown[]
    if (typeof position !== 'number') return undefined
    return {
      customerId: customerId(String(customer)),
      memberId: memberId(String(member)),
      holdId: holdId(String(hold)),
      position,
    }
  } catch {
    // Not something that this software wrote: to the reader it is an unknown decision.
    return undefined
  }
}

export type DecisionSigner = {
  sign(decision: DeniedDecision): string
  /** Undefined when the id was not made by this installation, or was changed. */
  read(id: string): DeniedDecision | undefined
}

export class DecisionUnknownError extends Error {
  readonly code = 'decision_unknown'
}

const prefix = 'dn_'
const macBytes = 12

type Packed = [
  string,
  string,
  number,
  number,
  number,
  number,
  string,
  string,
  number,
  number,
  number,
  number,
  number,
]

/** Signs with a secret of this installation, so ids of another installation read as unknown. */
export function createDecisionSigner(secret: string): DecisionSigner {
  const macOf = (payload: string): Buffer =>
    createHmac('sha256', secret).update(payload).digest().subarray(0, macBytes)
  return {
    sign(decision) {
      const payload = Buffer.from(JSON.stringify(pack(decision))).toString('base64url')
      return `${prefix}${payload}.${macOf(payload).toString('base64url')}`
    },
    read(id) {
      const [payload, mac, ...rest] = id.slice(prefix.length).split('.')
      if (!id.startsWith(prefix) || payload === undefined || mac === undefined || rest.length > 0) {
        return undefined
      }
      const given = Buffer.from(mac, 'base64url')
      const expected = macOf(payload)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      return unpack(JSON.parse(Buffer.from(payload, 'base64url').toString()) as Packed)
    },
  }
}

function pack(decision: DeniedDecision): Packed {
  const { facts } = decision
  const flags = (facts.isThinking ? 1 : 0) + (facts.consent === 'never' ? 2 : 0)
  return [
    decision.customerId,
    decision.memberId,
    decision.position,
    decision.atMs,
    reasons.indexOf(decision.reason),
    decision.extraUsageReason === null ? -1 : extraUsageReasons.indexOf(decision.extraUsageReason),
    facts.model,
    facts.priceId,
    facts.inputTokensExpected,
    facts.inputTokensMax,
    facts.maxTokens,
    flags,
    decision.customerRunningCount,
  ]
}

function unpack(packed: Packed): DeniedDecision | undefined {
  const [customer, member, position, atMs, reasonIndex, extraIndex, model, price] = packed
  const [inputTokensExpected, inputTokensMax, maxTokens, flags, customerRunningCount] =
    packed.slice(8) as [number, number, number, number, number]
  const reason = reasons[reasonIndex]
  if (reason === undefined) return undefined
  return {
    customerId: customerId(customer),
    memberId: memberId(member),
    position,
    atMs,
    reason,
    extraUsageReason: extraUsageReasons[extraIndex] ?? null,
    facts: {
      model,
      priceId: priceId(price),
      inputTokensExpected,
      inputTokensMax,
      maxTokens,
      isThinking: (flags & 1) !== 0,
      consent: (flags & 2) === 0 ? 'allow' : 'never',
    },
    customerRunningCount,
  }
}
