import { accountTroubleInEvent, accountTroubleOf } from '../../providers/anthropic-account.ts'
import type { Exchange, Gate } from '../gate.ts'
import { findHeader, toUpstreamHeaders } from './forward-headers.ts'
import type { ReplyHead, UpstreamRequest } from './upstream.ts'
import type { UpstreamKey } from './upstream-keys.ts'

/**
 * One request to the upstream, tried with one key after another. The next key is tried only after a whole
 * error answer about the account or its pace, of which the caller has seen nothing: such an answer used
 * nothing, so at most one answer of a request is charged. A connection that fails is never tried again,
 * because the upstream may have run the request.
 */
export interface Attempts {
  readonly first: UpstreamRequest
  /** The request once more, with another key; null when the error is for the caller. */
  next(head: ReplyHead, errorBody: Buffer): UpstreamRequest | null
  /** A good answer began. */
  succeeded(): void
  /** An error event about the account stood inside a stream that had begun. */
  failedInStream(text: string): boolean
}

export function createAttempts(
  gate: Pick<Gate, 'account' | 'logger' | 'parts'>,
  { caller, trace }: Exchange,
  body: Buffer | null,
): Attempts {
  const { account, logger } = gate
  const { request } = caller
  const { clock } = gate.parts
  const tried = new Set<number>()
  let key: UpstreamKey | undefined
  let sinceMs = 0

  const attempt = (): UpstreamRequest | null => {
    const picked = account.keys.pick(tried)
    if (picked === undefined) return null
    key = picked
    tried.add(picked.place)
    sinceMs = clock.elapsedMs()
    if (account.keys.count > 1) {
      trace.fields.upstreamKey = picked.place
      trace.fields.attempts = tried.size
    }
    return {
      method: body === null ? 'GET' : 'POST',
      path: request.url ?? '',
      headers: toUpstreamHeaders(request.rawHeaders, picked.credential),
      body,
    }
  }

  const fail = (failure: Parameters<typeof account.failed>[1]): void => {
    if (key !== undefined) account.failed(key, failure)
  }

  const first = attempt()
  if (first === null) throw new Error('There is no key to try')
  return {
    first,
    next(head, errorBody) {
      const trouble = accountTroubleOf(errorOf(head, errorBody))
      const { status } = head
      const retryAfterMs = retryAfterOf(head)
      if (trouble !== null) {
        fail({ trouble, status, retryAfterMs, text: errorBody.toString('utf8', 0, textBytesMax) })
      } else if (status === 429 && key !== undefined) {
        account.keys.pause(key, { kind: 'pace', why: 'pace', retryAfterMs })
      } else {
        return null
      }
      const failed = key?.place
      const following = attempt()
      if (following === null) return null
      const why = trouble?.kind ?? 'pace'
      logger.warn('upstream key passed over', { upstreamKey: failed, kind: why, status })
      return following
    },
    succeeded() {
      if (key !== undefined) account.works(key, sinceMs)
    },
    failedInStream(text) {
      const trouble = accountTroubleInEvent(text)
      if (trouble === null) return false
      fail({ trouble, status: 200, retryAfterMs: null, text })
      return true
    },
  }
}

const textBytesMax = 2000
const secondsMax = 86_400

/** What decides whether an error is about the operator's account. */
export function errorOf(head: ReplyHead, body: Buffer): Parameters<typeof accountTroubleOf>[0] {
  const unified = findHeader(head.rawHeaders, 'anthropic-ratelimit-unified-status')
  return { status: head.status, body, isPlanSpent: unified?.trim().toLowerCase() === 'rejected' }
}

/** Seconds only: a date would need the upstream's clock. */
function retryAfterOf(head: ReplyHead): number | null {
  const text = findHeader(head.rawHeaders, 'retry-after')?.trim() ?? ''
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), secondsMax) * 1000 : null
}
