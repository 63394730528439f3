import type { IncomingMessage, ServerResponse } from 'node:http'

/** The other side of one request: what came in, the reply that goes out, and whether anybody still listens. */
export interface Caller {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The connection ended before the reply did. */
  readonly hasLeft: boolean
  /** Aborts at that moment. */
  readonly leaving: AbortSignal
}

export function createCaller(request: IncomingMessage, response: ServerResponse): Caller {
  const leaving = new AbortController()
  const onClose = (): void => {
    if (!response.writableFinished) leaving.abort()
  }
  response.once('close', onClose)
  // Without a listener, a write that meets a reset connection would be an uncaught error.
  response.on('error', onClose)
  return {
    request,
    response,
    leaving: leaving.signal,
    get hasLeft() {
      return leaving.signal.aborted
    },
  }
}
