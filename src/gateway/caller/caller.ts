import type { IncomingMessage, ServerResponse } from 'node:http'

/** The other side of one request: what came in, the reply that goes out, and whether anybody still listens. */
export class Caller {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** It has shown a key of ours. */
  isKnown = false
  #hasLeft = false
  #onLeave: (() => void) | null = null
  #leaving: AbortController | null = null
  /** It asked to be told before it sends its body (`expect: 100-continue`), and was not told yet. */
  #isBodyAwaited: boolean

  constructor(request: IncomingMessage, response: ServerResponse, isBodyAwaited = false) {
    this.request = request
    this.response = response
    this.#isBodyAwaited = isBodyAwaited
    response.once('close', () => {
      if (!response.writableFinished) this.#leave()
    })
    // Without a listener, a write that meets a reset connection would be an uncaught error.
    response.on('error', () => this.#leave())
  }

  get isBodyAwaited(): boolean {
    return this.#isBodyAwaited
  }

  /** Its body is wanted: nothing that was known before speaks against it. */
  inviteBody(): void {
    if (!this.#isBodyAwaited) return
    this.#isBodyAwaited = false
    this.response.writeContinue()
  }

  /** The connection ended before the reply did. */
  get hasLeft(): boolean {
    return this.#hasLeft
  }

  /** Aborts when the caller leaves. Made when somebody asks for it: hardly any request has to wait. */
  get leaving(): AbortSignal {
    if (this.#leaving === null) {
      this.#leaving = new AbortController()
      if (this.#hasLeft) this.#leaving.abort()
    }
    return this.#leaving.signal
  }

  /** Who is told when the caller leaves; null when it matters to nobody any more. */
  set onLeave(listener: (() => void) | null) {
    this.#onLeave = listener
  }

  #leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#leaving?.abort()
    this.#onLeave?.()
  }
}
