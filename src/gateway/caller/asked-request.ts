import type { RequestFacts } from '../../core/entry.ts'
import { priceId } from '../../core/ids.ts'
import type { Price } from '../../core/usage.ts'
import { readRequest, type RequestReading } from '../../providers/anthropic-request.ts'
import type { Gate } from '../gate.ts'
import { findHeader } from '../reply/forward-headers.ts'

/** What a request asks for, in the terms of the gate: its facts, and the price that it would have. */
export type AskedRequest = {
  readonly facts: RequestFacts
  /** Null where the model has no price and the operator's policy is to refuse such. */
  readonly price: Price | null
  readonly isStream: boolean
  readonly sessionId: string | null
}

export type Asking =
  | { readonly kind: 'asked'; readonly asked: AskedRequest }
  | { readonly kind: 'problem'; readonly message: string }

/** A decision about an unpriced model names this price, which no journal has. */
const noPriceId = priceId('none')
const consentHeader = 'x-plimsoll-extra-usage'

export function readAsking(
  gate: Pick<Gate, 'parts' | 'prices'>,
  body: Buffer,
  rawHeaders: readonly string[],
): Asking {
  const consent = readConsent(rawHeaders)
  if (consent === undefined) {
    return { kind: 'problem', message: `${consentHeader}: Input should be 'never' or 'allow'` }
  }
  const encoding = findHeader(rawHeaders, 'content-encoding')
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    // What another reader would make of the same bytes is not what was priced.
    return { kind: 'problem', message: 'content-encoding: Send the request body uncompressed' }
  }
  const reading = readRequest(body)
  if (reading.kind === 'problem') return reading
  const price = gate.prices.priceOf(reading, gate.parts.storage.recordNowMs()) ?? null
  return {
    kind: 'asked',
    asked: {
      facts: factsOf(reading, { price, consent }),
      price,
      isStream: reading.isStream,
      sessionId: reading.sessionId,
    },
  }
}

function factsOf(
  reading: RequestReading & { kind: 'ok' },
  { price, consent }: { price: Price | null; consent: RequestFacts['consent'] },
): RequestFacts {
  const { model, inputTokensExpected, inputTokensMax, maxTokens, isThinking } = reading
  return {
    model,
    inputTokensExpected,
    inputTokensMax,
    maxTokens,
    isThinking,
    consent,
    priceId: price?.id ?? noPriceId,
  }
}

/** Whether this one request may be paid from extra usage; said twice, the careful one counts. */
function readConsent(rawHeaders: readonly string[]): RequestFacts['consent'] | undefined {
  let consent: RequestFacts['consent'] = 'allow'
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== consentHeader) continue
    const value = rawHeaders[i + 1]?.trim().toLowerCase()
    if (value !== 'never' && value !== 'allow') return undefined
    if (value === 'never') consent = 'never'
  }
  return consent
}
