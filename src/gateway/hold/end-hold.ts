import type { HoldId } from '../../core/ids.ts'
import { BrokenInvariantError } from '../../core/invariants.ts'
import { amountsOf, type Price, type ServiceMarks, type Usage } from '../../core/usage.ts'
import type { KeyOwner } from '../../operations/find-key.ts'
import { settle } from '../../operations/settle.ts'
import { voidHold } from '../../operations/void-hold.ts'
import { estimateUsage, type OutputRates } from '../../providers/anthropic-estimate.ts'
import { meterJson, type MeterReading } from '../../providers/anthropic-usage.ts'
import type { AskedRequest } from '../caller/asked-request.ts'
import type { Gate } from '../gate.ts'
import { isGood, type RelayEnd } from '../reply/relay.ts'
import { traceUsage, type Trace } from '../trace.ts'

/** How a hold is to end: nothing was used, or this was. */
export type HoldEnd =
  | { readonly kind: 'void'; readonly cause: string }
  | {
      readonly kind: 'settle'
      readonly usage: Usage
      readonly marks: ServiceMarks
      readonly isEstimate: boolean
    }

/**
 * One rule for every way in which a reply can end. A final report is believed; without one, what was
 * delivered is estimated and marked so; a reply that delivered and reported nothing costs nothing. Bytes
 * that passed and were not understood are no such nothing: they stand for the text of an answer.
 */
export function chooseEnd(
  end: RelayEnd,
  reading: MeterReading | null,
  { asked, rates }: { readonly asked: AskedRequest; readonly rates: OutputRates },
): HoldEnd {
  const { head } = end
  if (head === null) return { kind: 'void', cause: end.how }
  if (!isGood(head)) return { kind: 'void', cause: `upstream_${head.status}` }
  const isUnread = isUnreadReply(end, reading)
  const seen = isUnread ? withUnreadBytes(reading ?? meterJson(Buffer.alloc(0)), end) : reading
  if (seen === null || isEmpty(seen)) return { kind: 'void', cause: 'nothing_delivered' }
  const { finalUsage, marks } = seen
  if (finalUsage !== undefined) {
    return { kind: 'settle', usage: finalUsage, marks, isEstimate: false }
  }
  const { inputTokensExpected, maxTokens } = asked.facts
  const usage = estimateUsage({ reading: seen, inputTokensExpected, rates, maxTokens })
  return { kind: 'settle', usage, marks, isEstimate: true }
}

/** Whether a good reply passed of which the meter made nothing: broken off early, encoded, or in another form. */
export function isUnreadReply(end: RelayEnd, reading: MeterReading | null): boolean {
  if (!isGood(end.head) || end.bytes === 0) return false
  return reading === null || (isEmpty(reading) && !reading.isUnderstood)
}

function withUnreadBytes(reading: MeterReading, { bytes }: RelayEnd): MeterReading {
  return { ...reading, delivered: { ...reading.delivered, textBytes: bytes } }
}

function isEmpty({ usage, delivered }: MeterReading): boolean {
  const { textBytes, thinkingBytes, toolBytes, toolResultBytes } = delivered
  const bytes = textBytes + thinkingBytes + toolBytes + toolResultBytes
  return Object.keys(usage).length === 0 && bytes === 0
}

export type EndingHold = {
  readonly owner: KeyOwner
  readonly holdId: HoldId
  readonly upstreamRequestId: string | null
  readonly trace: Trace
  /** Of the model that was asked for, for what is said of a hold that could not be ended. */
  readonly price: Price | null
  /** Since when it waits outside of its request, by elapsed time. */
  readonly waitsSinceMs?: number
}

/**
 * Storage may be away for a while, and giving up would charge nobody. A hold's id makes every repeat
 * harmless, and a settle that comes after the hold expired is booked as its correction.
 */
const attemptsMax = 30
const attemptsMaxStopping = 3
/** A fault of ours seldom goes away by itself. */
const attemptsMaxFault = 3
const firstDelayMs = 100
const delayMaxMs = 5000

/**
 * Never rejects: whatever goes wrong is said in the log, and the hold is left to its expiry. A reply that
 * delivered is never voided, however its settle fails: expired, it costs the customer nothing, is booked as the
 * operator's loss, and can still be settled within a day. A full disk and a customer's quarantine last until somebody has
 * looked, so what they outlast is tried again behind the request.
 */
export async function endHold(gate: Gate, hold: EndingHold, end: HoldEnd): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await tryEnd(gate, hold, end)
      if (hold.waitsSinceMs !== undefined) tellWaited(gate, hold)
      return
    } catch (error) {
      const isLast = attempt >= attemptsFor(gate, error) || isOwnFault(error, hold.holdId)
      if (isLast) return leave(gate, { hold, end, error })
      const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), delayMaxMs)
      await new Promise<void>((resolve) => gate.parts.clock.after(delayMs, resolve))
    }
  }
}

function attemptsFor(gate: Gate, error: unknown): number {
  if (gate.relays.isStopping) return attemptsMaxStopping
  return isStorageAway(error) ? attemptsMax : attemptsMaxFault
}

type NotEnded = { readonly hold: EndingHold; readonly end: HoldEnd; readonly error: unknown }

function leave(gate: Gate, notEnded: NotEnded): void {
  const { hold, end } = notEnded
  const { customerId } = hold.owner
  const { holdId, trace } = hold
  const waitsFor = passingTrouble(gate, notEnded)
  const sinceMs = hold.waitsSinceMs ?? gate.parts.clock.elapsedMs()
  const endAgain = (): Promise<void> => endHold(gate, { ...hold, waitsSinceMs: sinceMs }, end)
  const giveUp = (): void => tellNotEnded(gate, notEnded)
  const isBack = hold.waitsSinceMs !== undefined
  const lateEnd = { customerId, sinceMs, isBack, endAgain, giveUp }
  if (waitsFor === null || !gate.lateEnds.add(lateEnd)) return giveUp()
  trace.fields.hold = `waits_for_${waitsFor}`
  if (isBack) return
  gate.logger.warn(`the end of a hold waits for its ${waitsFor}`, { holdId, customerId })
}

/**
 * What the end of a hold can wait for; null for a fault of ours. One whose own end is what was impossible is not tried
 * again: it would bring its customer back into quarantine.
 */
function passingTrouble(gate: Gate, { hold, error }: NotEnded): 'storage' | 'quarantine' | null {
  if (isOwnFault(error, hold.holdId)) return null
  if (!gate.lateEnds.isServed(hold.owner.customerId)) return 'quarantine'
  return isStorageAway(error) ? 'storage' : null
}

function tellWaited(gate: Gate, { holdId, trace }: EndingHold): void {
  gate.logger.info('the end of a hold has waited', { holdId, hold: trace.fields.hold })
}

function isOwnFault(error: unknown, holdId: HoldId): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof BrokenInvariantError)) return false
  const { body } = cause.entry
  return 'holdId' in body && body.holdId === holdId
}

function tellNotEnded(gate: Gate, notEnded: NotEnded): void {
  const { hold, end, error } = notEnded
  const { holdId, owner, trace, price } = hold
  trace.fields.hold = 'left_to_expiry'
  const { customerId, memberId } = owner
  const why = { storage: 'storage stayed away', quarantine: 'its customer is in quarantine' }
  const trouble = passingTrouble(gate, notEnded)
  gate.logger.error(
    `hold not ended: ${trouble === null ? 'a fault of the gateway' : why[trouble]}`,
    {
      holdId,
      customerId,
      memberId,
      end: end.kind,
      usage: usageText(end),
      costNanos: costText(end, price),
      error: String(error),
    },
  )
}

async function tryEnd(gate: Gate, hold: EndingHold, end: HoldEnd): Promise<void> {
  const { owner, holdId, upstreamRequestId, trace } = hold
  if (end.kind === 'void') {
    const answer = await voidHold(gate.parts, owner, { holdId, cause: end.cause })
    trace.fields.hold = answer.kind === 'ended' ? 'voided' : answer.kind
    trace.fields.cause = end.cause
    return
  }
  const { usage, marks, isEstimate } = end
  const answer = await settle(gate.parts, owner, {
    holdId,
    usage,
    marks,
    isEstimate,
    upstreamRequestId,
  })
  trace.fields.hold = answer.kind
  trace.fields.isEstimate = isEstimate
  traceUsage(trace.fields, usage)
  if (answer.kind !== 'settled') return
  trace.fields.costNanos = answer.costNanos.toString()
  trace.fields.chargedNanos = answer.chargedNanos.toString()
  trace.fields.overrunNanos = answer.overrunNanos.toString()
}

export function isStorageAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'limits_unavailable'
}

/** What settling it would have recorded: an operator who corrects by hand need not work it out. */
const costText = (end: HoldEnd, price: Price | null): string | null =>
  end.kind === 'settle' && price !== null
    ? amountsOf(price, end.usage, end.marks).money.toString()
    : null

const usageText = (end: HoldEnd): string | null =>
  end.kind === 'settle' ? JSON.stringify(end.usage) : null
