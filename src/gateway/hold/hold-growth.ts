import { costOf, type Price } from '../../core/usage.ts'
import type { Allowance } from '../../core/decision.ts'
import type { Nanos } from '../../core/money.ts'
import { growHold } from '../../operations/grow-hold.ts'
import type { KeyOwner } from '../../operations/find-key.ts'
import { estimateUsage } from '../../providers/anthropic-estimate.ts'
import type { Gate } from '../gate.ts'
import type { AskedRequest } from '../caller/asked-request.ts'
import type { ReplyMeter } from '../reply/reply-meter.ts'

/**
 * Lets a hold follow what a running stream was metered at, so that other decisions count it already. A
 * stream of any length grows its hold a bounded number of times: each step is half as much again.
 */
export interface HoldGrowth {
  /** Called with the bytes that just passed; looks at the meter only now and then, and never waits. */
  onPassed(bytes: number): void
}

export type GrowingHold = {
  readonly owner: KeyOwner
  readonly allowance: Allowance
  readonly asked: AskedRequest
  readonly meter: ReplyMeter
}

/** How much of a stream passes between two looks: about a hundred events, some 500 tokens. */
const lookEveryBytes = 16 * 1024
/** A plan hold does not say what it keeps in money; below this much output no hold is too small to matter. */
const smallOutputTokens = 2000

export function createHoldGrowth(gate: Gate, hold: GrowingHold): HoldGrowth {
  const { allowance, asked, owner, meter } = hold
  const { price } = asked
  if (allowance.source === 'free' || price === null) return { onPassed: () => {} }
  let nextNanos = firstStepNanos(allowance, { facts: asked.facts, price })
  let passedBytes = 0
  let isGrowing = false

  const grow = async (): Promise<void> => {
    const reading = meter.reading()
    if (reading === null) return
    const { customerId } = owner
    const rates = gate.rates.ratesOf({ customerId, model: asked.facts.model })
    const { inputTokensExpected, maxTokens } = asked.facts
    const usage = estimateUsage({ reading, inputTokensExpected, rates, maxTokens })
    const costNanos = costOf(price, usage, reading.marks)
    if (costNanos <= nextNanos) return
    nextNanos = (costNanos * 3n) / 2n
    await growHold(gate.parts, owner, {
      holdId: allowance.holdId,
      usage,
      marks: reading.marks,
    })
  }

  const look = (): void => {
    if (passedBytes < lookEveryBytes || isGrowing) return
    passedBytes = 0
    isGrowing = true
    grow()
      // The settle counts it all in the end; growing only makes others see it sooner.
      .catch((error: unknown) => {
        gate.logger.warn('hold not grown', { holdId: allowance.holdId, error: String(error) })
      })
      .finally(() => {
        isGrowing = false
        look()
      })
  }

  return {
    onPassed(bytes) {
      passedBytes += bytes
      look()
    },
  }
}

function firstStepNanos(
  allowance: Allowance,
  asked: { readonly facts: AskedRequest['facts']; readonly price: Price },
): Nanos {
  if (allowance.source === 'extra_usage') return allowance.heldNanos
  const { inputTokensExpected } = asked.facts
  return costOf(asked.price, { input: inputTokensExpected, output: smallOutputTokens })
}
