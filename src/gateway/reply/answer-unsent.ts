import { isUpstreamAccountError } from '../../providers/anthropic-failure.ts'
import { toCallerHeaders } from './forward-headers.ts'
import type { Exchange, Gate } from '../gate.ts'
import { refuse } from '../refuse.ts'
import type { RelayEnd } from './relay.ts'

/**
 * What the caller is told when the relay passed nothing on: the upstream's error as it came, or our own
 * word where the upstream gave none, or where its trouble is with the operator's account.
 */
export function answerUnsent(
  gate: Gate,
  exchange: Exchange,
  { end, ownHeaders }: { readonly end: RelayEnd; readonly ownHeaders: () => readonly string[] },
): void {
  const { response } = exchange.caller
  if (response.headersSent || end.how === 'caller_left') return
  const { head, errorBody } = end
  if (end.how !== 'finished' || head === null || errorBody === null) {
    if (end.how === 'broken') throw end.error ?? new Error('The reply broke')
    if (end.how === 'cut') {
      const kind = gate.relays.isStopping ? 'stopping' : 'took_too_long'
      return refuse(gate, exchange, { kind })
    }
    gate.logger.warn('upstream unreachable', { error: end.error?.message })
    return refuse(gate, exchange, { kind: 'upstream_unreachable' })
  }
  if (head.status < 400) {
    // A redirect would carry the operator's credential to wherever it points.
    gate.logger.error('upstream redirects', { status: head.status })
    return refuse(gate, exchange, { kind: 'upstream_unreachable' })
  }
  if (isUpstreamAccountError(head.status, errorBody)) {
    gate.logger.error('upstream account', {
      status: head.status,
      body: errorBody.toString('utf8', 0, loggedBytesMax),
    })
    return refuse(gate, exchange, { kind: 'upstream_account' })
  }
  response.writeHead(head.status, head.statusText, [
    ...toCallerHeaders(head.rawHeaders),
    ...ownHeaders(),
  ])
  response.end(errorBody)
}

/** Of the upstream's words about the operator's account; they name no prompt. */
const loggedBytesMax = 500
