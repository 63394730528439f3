import { STATUS_CODES } from 'node:http'
import {
  phraseFailure,
  phraseStreamFailure,
  type Failure,
  type Reply,
} from '../providers/anthropic-failure.ts'
import { freshId } from '../system/random.ts'
import type { Caller } from './caller/caller.ts'
import { dropUnread } from './caller/unread-body.ts'
import type { Exchange, Gate } from './gate.ts'
import type { BodyReading } from './caller/body.ts'

/** Answers with one of our own failures, in the API's error shape. */
export function refuse(
  gate: Pick<Gate, 'parts'>,
  { caller, trace }: Exchange,
  failure: Failure,
): void {
  const requestId = freshId(gate.parts.random, 'req')
  trace.fields.outcome ??= failure.kind
  trace.fields.requestId = requestId
  // A client in mid-upload would not see a final answer. Where there is no room it tries again either way, and
  // reading on would cost everybody what was meant to be saved.
  const isWorthReading = caller.isKnown && failure.kind !== 'no_room'
  sendReply(
    caller,
    phraseFailure({ failure, requestId }),
    isWorthReading ? knownBytesMax : undefined,
  )
}

/** A body that could not be read whole; a caller that left needs no answer. */
export function refuseBody(
  gate: Pick<Gate, 'parts'>,
  exchange: Exchange,
  problem: Exclude<BodyReading['kind'], 'body'>,
): void {
  switch (problem) {
    case 'too_large':
      return refuse(gate, exchange, { kind: 'body_too_large' })
    case 'no_room':
      return refuse(gate, exchange, { kind: 'no_room' })
    case 'caller_left':
      exchange.trace.fields.outcome = 'caller_left'
  }
}

/** The last event of a stream that we end ourselves. */
export function lastWords(
  gate: Pick<Gate, 'parts'>,
  kind: 'hold_expired' | 'stopping' | 'upstream_account',
): string {
  return phraseStreamFailure({ failure: { kind }, requestId: freshId(gate.parts.random, 'req') })
}

/** Of a body that is refused, so much is read of somebody known. */
const knownBytesMax = 128 * 1024 * 1024

/** Writes a whole reply of our own, unless something was written before or nobody listens. */
export function sendReply(caller: Caller, reply: Reply, unreadBytesMax?: number): void {
  const { request, response } = caller
  if (response.headersSent || response.destroyed) return
  // It will not send the body that it was not invited to send, so nothing can follow on this connection.
  if (caller.isBodyAwaited) response.shouldKeepAlive = false
  else dropUnread(request, unreadBytesMax)
  const body = Buffer.from(reply.body)
  // Said outright: an attempt to pass on the upstream's head may have left its text behind.
  const statusText = STATUS_CODES[reply.status] ?? ''
  response.writeHead(reply.status, statusText, { ...reply.headers, 'content-length': body.length })
  response.end(body)
}
