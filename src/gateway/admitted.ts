import type { Allowance } from '../core/decision.ts'
import { limitHeaders } from '../providers/anthropic-headers.ts'
import type { KnownCaller } from './caller/admit-caller.ts'
import type { AskedRequest } from './caller/asked-request.ts'
import { chooseEnd, endHold, isUnreadReply } from './hold/end-hold.ts'
import { createAttempts } from './reply/attempts.ts'
import { findHeader } from './reply/forward-headers.ts'
import type { Exchange, Gate } from './gate.ts'
import { noteAbandoned } from './hold/abandoned.ts'
import { createHoldGrowth } from './hold/hold-growth.ts'
import { lastWords } from './refuse.ts'
import { isGood, startRelay, type RelayEnd } from './reply/relay.ts'
import { answerUnsent } from './reply/answer-unsent.ts'
import type { MeterReading } from '../providers/anthropic-usage.ts'
import type { Trace } from './trace.ts'
import { noteStrange } from './reply/note-strange.ts'
import { createReplyMeter, type ReplyMeter } from './reply/reply-meter.ts'
import type { ReplyHead } from './reply/upstream.ts'

export type AdmittedRequest = {
  readonly known: KnownCaller
  readonly body: Buffer
  readonly asked: AskedRequest
  readonly allowance: Allowance
  readonly decisionId: string
}

/** A settle has to arrive before its hold expires, so a stream that runs too long is cut this much earlier. */
const settleMarginMs = 2000

/**
 * The life of an admitted request: its hold is durable, so from here on every way out leads through the
 * end of that hold, whatever the upstream, the caller or our own code does.
 */
export async function runAdmitted(
  gate: Gate,
  exchange: Exchange,
  admitted: AdmittedRequest,
): Promise<void> {
  const { allowance, asked, known } = admitted
  const { trace } = exchange
  const meter = createReplyMeter()
  let end: RelayEnd = {
    head: null,
    how: 'broken',
    errorBody: null,
    bytes: 0,
    error: null,
    wasSent: false,
  }
  trace.fields.source = allowance.source
  try {
    end = await relayReply(gate, exchange, { admitted, meter })
    answerUnsent(gate, exchange, { end, ownHeaders: () => ownHeadersOf(admitted, end.head) })
  } finally {
    // A broken stream's last line may be half an event; only a clean end makes it whole.
    if (end.how === 'finished') meter.end()
    const reading = meter.reading()
    const ending = {
      owner: known.owner,
      holdId: allowance.holdId,
      trace,
      price: asked.price,
    }
    const upstreamRequestId = noteEnd(trace, end, reading)
    warnUnread(gate, end, reading)
    const learning = { customerId: known.owner.customerId, model: asked.facts.model }
    if (reading !== null) gate.rates.learn(learning, reading)
    const chosen = chooseEnd(end, reading, { asked, rates: gate.rates.ratesOf(learning) })
    noteAbandoned(gate, trace, { asked, end, memberId: known.owner.memberId })
    if (reading !== null && chosen.kind === 'settle') {
      noteStrange(gate, trace, { asked, reading, usage: chosen.usage })
    }
    await endHold(gate, { ...ending, upstreamRequestId }, chosen)
  }
}

type Running = { readonly admitted: AdmittedRequest; readonly meter: ReplyMeter }

async function relayReply(
  gate: Gate,
  exchange: Exchange,
  { admitted, meter }: Running,
): Promise<RelayEnd> {
  const { caller, trace } = exchange
  const { allowance, asked, known, body } = admitted
  const { clock } = gate.parts
  const growth = createHoldGrowth(gate, { owner: known.owner, allowance, asked, meter })
  const relay = startRelay({
    caller,
    upstream: gate.upstream,
    attempts: createAttempts(gate, exchange, body),
    accountWords: () => lastWords(gate, 'upstream_account'),
    ownHeaders: (head) => ownHeadersOf(admitted, head),
    onPassed: (chunk, head) => {
      trace.fields.firstByteMs ??= Math.round(clock.elapsedMs() - trace.startedMs)
      meter.push(chunk, head, clock.elapsedMs())
      growth.onPassed(chunk.length)
    },
  })
  const lifeMs = allowance.expiresAtMs - allowance.figures.atMs
  gate.relays.add(relay, Math.max(lifeMs - settleMarginMs, lifeMs / 2), () => {
    trace.fields.outcome = 'hold_expired'
    relay.cut(lastWords(gate, 'hold_expired'))
  })
  try {
    return await relay.done
  } finally {
    gate.relays.delete(relay)
  }
}

/**
 * An upstream's error goes without native limit headers: on a 429 clients take any of them for the word that
 * the member's own limit is reached, and neither show the upstream's text nor try again.
 */
function ownHeadersOf(
  { allowance, asked, decisionId, known }: AdmittedRequest,
  head: ReplyHead | null,
): readonly string[] {
  const { figures, source } = allowance
  const headers = limitHeaders({
    figures,
    decisionId,
    source,
    outcome: 'allowed',
    model: asked.facts.model,
    nowMs: figures.atMs,
    isOauthStyle: known.isOauthStyle && isGood(head),
  })
  const flat: string[] = []
  for (const name in headers) flat.push(name, headers[name] ?? '')
  return flat
}

/** Fills the log line; answers the upstream's own id of the request. */
function noteEnd(trace: Trace, end: RelayEnd, reading: MeterReading | null): string | null {
  const requestId = end.head === null ? undefined : findHeader(end.head.rawHeaders, 'request-id')
  const isComplete = reading?.finalUsage !== undefined
  const isShort = end.how === 'finished' && isGood(end.head) && !isComplete
  const { fields } = trace
  fields.outcome ??= isShort ? 'incomplete' : end.how
  fields.bytes = end.bytes
  fields.upstreamStatus = end.head?.status
  fields.upstreamRequestId = requestId
  if (end.error !== null) fields.error = end.error.message
  if (reading !== null && reading.faults.length > 0) fields.faults = reading.faults.join('; ')
  return requestId === undefined ? null : requestId.slice(0, requestIdCharsMax)
}

/** Such a reply is charged by an estimate from its bytes, so the operator should hear of it. */
function warnUnread(gate: Gate, end: RelayEnd, reading: MeterReading | null): void {
  const { head } = end
  if (head === null || !isUnreadReply(end, reading)) return
  const encoding = findHeader(head.rawHeaders, 'content-encoding') ?? 'identity'
  const contentType = findHeader(head.rawHeaders, 'content-type')
  if (encoding.trim().toLowerCase() !== 'identity') {
    gate.logger.error('upstream encodes replies unasked: usage cannot be read', { encoding })
  } else if (end.how === 'finished') {
    gate.logger.warn('reply not understood: settled by its bytes', { contentType })
  }
}

/** It goes into the journal, so its length is ours to bound. */
const requestIdCharsMax = 100
