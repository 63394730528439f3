import type { ServiceMarks, Usage } from '../core/usage.ts'
import { createDeliveryMeter, type Delivered } from './anthropic-delivery.ts'
import { createUsageBook, type UsageBook } from './anthropic-report.ts'
import { isRecord } from './anthropic-request.ts'
import { EventCutter, type EventData } from './sse-events.ts'

/** What a reply turned out to be, as far as it has been seen. */
export type MeterReading = {
  readonly model: string | null
  readonly messageId: string | null
  /** The last believable report of each figure; empty before the first one. */
  readonly usage: Usage
  readonly marks: ServiceMarks
  /** The reply ended as a whole reply does: `message_stop`, or a JSON body that parsed. */
  readonly isComplete: boolean
  /** The type of an error event or an error body. */
  readonly errorType: string | null
  /** What to settle. Undefined while, or when, there is no whole and believable report. */
  readonly finalUsage: Usage | undefined
  /** Whether a report of the end of an answer came, believable or not. */
  readonly hasFinalReport: boolean
  /** Kinds of usage and ways of serving that no price here knows. */
  readonly unpriced: readonly string[]
  /** Why a report was not believed. */
  readonly faults: readonly string[]
  readonly delivered: Delivered
  /** All that passed was of the shapes that this API writes, and there was something. */
  readonly isUnderstood: boolean
  /** Thinking tokens within the output, where the upstream tells them apart. */
  readonly thinkingTokens: number | null
}

/**
 * Reads the usage of a streamed reply from a copy of its bytes. It never throws, never keeps a chunk, and
 * gives the same reading wherever the stream was cut into chunks.
 */
export type StreamMeter = {
  /** `elapsedMs` is monotonic time, for measuring how long hidden thinking took. */
  push(chunk: Uint8Array, elapsedMs?: number): void
  /** The upstream ended the stream cleanly. Not for a broken connection. */
  end(): void
  reading(): MeterReading
}

type Seen = {
  model: string | null
  messageId: string | null
  hasFinalReport: boolean
  /** The report that says why the answer stops is its last one. */
  hasStopReason: boolean
  isComplete: boolean
  errorType: string | null
  hasKnown: boolean
  hasStrange: boolean
}

export function createStreamMeter(): StreamMeter {
  const seen = nothingSeen()
  const book = createUsageBook()
  const delivery = createDeliveryMeter()
  let nowMs = 0
  const cutter = new EventCutter((data) => {
    const kind = delivery.take(data, nowMs)
    if (kind === 'other') readEvent(data, seen, book)
    else seen.hasKnown = true
  })
  return {
    push(chunk, elapsedMs = 0) {
      nowMs = Math.max(nowMs, elapsedMs)
      cutter.push(chunk)
    },
    end: () => cutter.end(),
    reading: () => toReading(seen, book, delivery.delivered(nowMs)),
  }
}

const nothingSeen = (): Seen => ({
  model: null,
  messageId: null,
  hasFinalReport: false,
  hasStopReason: false,
  isComplete: false,
  errorType: null,
  hasKnown: false,
  hasStrange: false,
})

/** Only these carry what a bill needs; anything else, known or not, is passed over. */
const billedEvent = /"(?:message_start|message_delta|message_stop|error)"/
const quietEvent = /"type"\s*:\s*"ping"/

function readEvent(data: EventData, seen: Seen, book: UsageBook): void {
  const text = data.bytes.toString('utf8', data.start, data.end)
  if (!data.isNamedError && !billedEvent.test(text)) {
    if (quietEvent.test(text)) seen.hasKnown = true
    else seen.hasStrange = true
    return
  }
  seen.hasKnown = true
  if (data.isCutOff) {
    book.addFault('an event about usage is too large to be read')
    return
  }
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    if (data.isNamedError) seen.errorType ??= 'unknown_error'
    return
  }
  if (!isRecord(event)) return
  if (data.isNamedError || event['type'] === 'error') {
    seen.errorType ??= errorTypeOf(event)
  } else if (event['type'] === 'message_start') {
    readMessage(event['message'], seen, (usage) => book.add(usage, 'first'))
  } else if (event['type'] === 'message_delta') {
    const { delta, usage } = event
    if (isRecord(delta) && typeof delta['stop_reason'] === 'string') seen.hasStopReason = true
    if (usage === undefined) return
    book.add(usage, 'last')
    seen.hasFinalReport = true
  } else if (event['type'] === 'message_stop') {
    seen.isComplete = true
  }
}

function readMessage(message: unknown, seen: Seen, onUsage: (usage: unknown) => void): void {
  if (!isRecord(message)) return
  if (typeof message['model'] === 'string') seen.model = message['model'].slice(0, 200)
  if (typeof message['id'] === 'string') seen.messageId = message['id'].slice(0, 200)
  if (message['usage'] !== undefined && message['usage'] !== null) onUsage(message['usage'])
}

function errorTypeOf(event: Readonly<Record<string, unknown>>): string {
  const error = event['error']
  const type = isRecord(error) ? error['type'] : undefined
  return typeof type === 'string' && /^\w{1,64}$/.test(type) ? type : 'unknown_error'
}

function toReading(seen: Seen, book: UsageBook, delivered: Delivered): MeterReading {
  const usage = book.usage()
  const faults = book.faults()
  const isFinal =
    (seen.isComplete || seen.hasStopReason) &&
    seen.hasFinalReport &&
    seen.errorType === null &&
    faults.length === 0 &&
    book.hasReport()
  return {
    model: seen.model,
    messageId: seen.messageId,
    usage,
    marks: book.marks(),
    isComplete: seen.isComplete,
    errorType: seen.errorType,
    finalUsage: isFinal ? usage : undefined,
    hasFinalReport: seen.hasFinalReport,
    unpriced: book.unpriced(),
    faults,
    delivered,
    isUnderstood: seen.hasKnown && !seen.hasStrange,
    thinkingTokens: book.thinkingTokens(),
  }
}

/** The same for a reply that is one JSON body: a message, or an error. */
export function meterJson(body: Uint8Array): MeterReading {
  const seen = nothingSeen()
  const book = createUsageBook()
  const delivery = createDeliveryMeter()
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return toReading(seen, book, delivery.delivered(0))
  }
  if (isRecord(value)) {
    seen.isComplete = true
    seen.hasKnown = value['type'] === 'message' || value['type'] === 'error'
    if (value['type'] === 'error') seen.errorType = errorTypeOf(value)
    readMessage(value, seen, (usage) => book.add(usage, 'last'))
    seen.hasFinalReport = isRecord(value['usage'])
    delivery.takeContent(value['content'])
  }
  return toReading(seen, book, delivery.delivered(0))
}
