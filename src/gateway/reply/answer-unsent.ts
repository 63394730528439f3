import { accountTroubleOf } from '../../providers/anthropic-account.ts'
import { errorOf } from './attempts.ts'
import { toCallerHeaders } from './forward-headers.ts'
import type { Exchange, Gate } from '../gate.ts'
import { refuse } from '../refuse.ts'
import type { RelayEnd } from './relay.ts'
import { UpstreamBusyError } from './upstream.ts'

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
    gate.account.countBroken()
    if (end.error instanceof UpstreamBusyError) {
      gate.logger.warn('upstream connections used up', { error: end.error.message })
      return refuse(gate, exchange, { kind: 'upstream_busy' })
    }
    gate.logger.warn('upstream unreachable', { error: end.error?.message })
    return refuse(gate, exchange, { kind: 'upstream_unreachable' })
  }
  if (head.status < 400) {
    // A redirect would carry the operator's credential to wherever it points.
    gate.logger.error('upstream redirects', { status: head.status })
    return refuse(gate, exchange, { kind: 'upstream_unreachable' })
  }
  if (accountTroubleOf(errorOf(head, errorBody)) !== null) {
    const { keys } = gate.account
    const retryAfterMs = (keys.count > 1 ? keys.dueInMs() : null) ?? undefined
    return refuse(gate, exchange, { kind: 'upstream_account', retryAfterMs })
  }
  response.writeHead(head.status, head.statusText, [
    ...toCallerHeaders(head.rawHeaders),
    ...ownHeaders(),
  ])
  response.end(errorBody)
}
