import { costOf, type Usage } from '../../core/usage.ts'
import type { MeterReading } from '../../providers/anthropic-usage.ts'
import type { AskedRequest } from '../caller/asked-request.ts'
import type { Gate } from '../gate.ts'
import type { Trace } from '../trace.ts'

/** Tells each thing once in this process; what is told is bounded, because upstreams choose the words. */
export interface Teller {
  isNew(what: string): boolean
}

const toldMax = 1000

export function createTeller(): Teller {
  const told = new Set<string>()
  return {
    isNew(what) {
      if (told.has(what) || told.size >= toldMax) return false
      told.add(what)
      return true
    },
  }
}

type Noting = Pick<Gate, 'account' | 'logger' | 'parts' | 'prices' | 'teller'>

/**
 * What an upstream did that the bill does not follow, told to the operator: another model than the one that
 * was asked for and priced, and kinds of usage that have no price here. The customer is charged as the
 * request was decided (docs/prices.md).
 */
export function noteStrange(
  gate: Noting,
  trace: Trace,
  answer: { readonly asked: AskedRequest; readonly reading: MeterReading; readonly usage: Usage },
): void {
  const { asked, reading, usage } = answer
  for (const kind of reading.unpriced) {
    if (!gate.teller.isNew(`unpriced ${kind}`)) continue
    gate.logger.warn('usage of a kind that is not priced', { kind, model: asked.facts.model })
  }
  const { model } = reading
  if (model === null || model === asked.facts.model) return
  trace.fields.answeredModel = model
  if (asked.price === null || !isDearer(gate, { model, asked, usage })) return
  gate.account.countOtherModel()
  if (!gate.teller.isNew(`model ${asked.facts.model} ${model}`)) return
  gate.logger.warn('answered by another model', { model: asked.facts.model, answeredModel: model })
}

/** By a price that is not known, an answer may have cost anything. */
function isDearer(
  gate: Noting,
  answer: { readonly model: string; readonly asked: AskedRequest; readonly usage: Usage },
): boolean {
  const { model, asked, usage } = answer
  const own = gate.prices.priceOf({ model }, gate.parts.storage.recordNowMs())
  if (own === undefined) return true
  return asked.price !== null && costOf(own, usage) > costOf(asked.price, usage)
}
