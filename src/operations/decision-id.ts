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
  /** How long a hold could live then; the promised retry time rests on it. */
  readonly holdMaxMs: number
}

/** An allow is in the journal as its hold; the id only says where to look, so it is not signed. */
export type AllowedDecision = {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly holdId: HoldId
  /** The journal position that the decision read; its hold comes after. */
  readonly position: number
}

export type DecisionSigner = {
  sign(decision: DeniedDecision): string
  /** Undefined when the id was not made by this installation, or was changed. */
  read(id: string): DeniedDecision | undefined
}

export class DecisionUnknownError extends Error {
  readonly code = 'decision_unknown'
}

const deniedPrefix = 'dn_'
const allowedPrefix = 'al_'
const macBytes = 12

export function allowedDecisionId(decision: AllowedDecision): string {
  const packed = new Packing()
  packed.text(decision.customerId)
  packed.text(decision.memberId)
  packed.text(decision.holdId)
  packed.count(decision.position)
  return allowedPrefix + packed.bytes().toString('base64url')
}

/** Undefined when it is not the id of an allow. */
export function readAllowedDecisionId(id: string): AllowedDecision | undefined {
  if (!id.startsWith(allowedPrefix)) return undefined
  try {
    const text = id.slice(allowedPrefix.length)
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.toString('base64url') !== text) return undefined
    const packed = new Unpacking(bytes)
    return {
      customerId: customerId(packed.text()),
      memberId: memberId(packed.text()),
      holdId: holdId(packed.text()),
      position: packed.count(),
    }
  } catch {
    // Not something that this software wrote: to the reader it is an unknown decision.
    return undefined
  }
}

/** Signs with a secret of this installation, so ids of another installation read as unknown. */
export function createDecisionSigner(secret: string): DecisionSigner {
  const macOf = (packed: Buffer): Buffer =>
    createHmac('sha256', secret).update(packed).digest().subarray(0, macBytes)
  return {
    sign(decision) {
      const packed = packDenied(decision)
      return deniedPrefix + Buffer.concat([packed, macOf(packed)]).toString('base64url')
    },
    read(id) {
      if (!id.startsWith(deniedPrefix)) return undefined
      const text = id.slice(deniedPrefix.length)
      const bytes = Buffer.from(text, 'base64url')
      // Decoding forgives what was lost or added; a damaged id is no id.
      if (bytes.toString('base64url') !== text) return undefined
      if (bytes.length <= macBytes) return undefined
      const packed = bytes.subarray(0, -macBytes)
      if (!timingSafeEqual(bytes.subarray(-macBytes), macOf(packed))) return undefined
      return unpackDenied(packed)
    },
  }
}

function packDenied(decision: DeniedDecision): Buffer {
  const { facts } = decision
  const packed = new Packing()
  packed.text(decision.customerId)
  packed.text(decision.memberId)
  packed.count(decision.position)
  packed.count(decision.atMs)
  packed.count(reasons.indexOf(decision.reason))
  // Zero is none, so that every number is a count.
  packed.count(
    decision.extraUsageReason === null
      ? 0
      : extraUsageReasons.indexOf(decision.extraUsageReason) + 1,
  )
  packed.text(facts.model)
  packed.text(facts.priceId)
  packed.count(facts.inputTokensExpected)
  packed.count(facts.inputTokensMax)
  packed.count(facts.maxTokens)
  packed.count((facts.isThinking ? 1 : 0) + (facts.consent === 'never' ? 2 : 0))
  packed.count(decision.customerRunningCount)
  packed.count(decision.holdMaxMs)
  return packed.bytes()
}

function unpackDenied(bytes: Buffer): DeniedDecision | undefined {
  const packed = new Unpacking(bytes)
  const scope = { customerId: customerId(packed.text()), memberId: memberId(packed.text()) }
  const when = { position: packed.count(), atMs: packed.count() }
  const reason = reasons[packed.count()]
  const extraUsageReason = extraUsageReasons[packed.count() - 1] ?? null
  const model = packed.text()
  const price = priceId(packed.text())
  const tokens = {
    inputTokensExpected: packed.count(),
    inputTokensMax: packed.count(),
    maxTokens: packed.count(),
  }
  const flags = packed.count()
  const facts: RequestFacts = {
    model,
    priceId: price,
    ...tokens,
    isThinking: (flags & 1) !== 0,
    consent: (flags & 2) === 0 ? 'allow' : 'never',
  }
  const customerRunningCount = packed.count()
  const holdMaxMs = packed.count()
  if (reason === undefined) return undefined
  return {
    ...scope,
    ...when,
    reason,
    extraUsageReason,
    facts,
    customerRunningCount,
    holdMaxMs,
  }
}

/** Texts with their length before them, and counts in groups of seven bits: people copy what this makes. */
class Packing {
  #bytes = Buffer.allocUnsafe(packedBytesUsual)
  #length = 0

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.count(length)
    this.#makeRoom(length)
    this.#length += this.#bytes.write(value, this.#length)
  }

  count(value: number): void {
    this.#makeRoom(countBytesMax)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(needed * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Every decision is given an id, so packing one is a few writes into one piece of memory. */
const packedBytesUsual = 256
/** Of any safe integer, in groups of seven bits. */
const countBytesMax = 8

class Unpacking {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  text(): string {
    const length = this.count()
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    if (bytes.length !== length) throw new RangeError('The id breaks off')
    this.#at += length
    return bytes.toString()
  }

  count(): number {
    let value = 0
    let weight = 1
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw new RangeError('The id breaks off')
      this.#at += 1
      value += (byte % 128) * weight
      weight *= 128
      if (byte < 128) return value
    }
  }
}
