import { Pool, type Dispatcher } from 'undici'
import { isWritableText, type UpstreamCredential } from './forward-headers.ts'

/**
 * The LLM API behind the gateway, at the level of heads and chunks: no fetch and no web streams, which
 * cost two to three times the CPU per request. Redirects are not followed. Nothing is retried here: a
 * request that may have reached the upstream may have been billed.
 */
export type UpstreamSettings = UpstreamCredential & {
  /** Scheme, host and an optional path prefix: `https://api.anthropic.com`. */
  readonly url: string
  /** How long the upstream may take to its first header; a long answer without streaming takes minutes. */
  readonly headersTimeoutMs: number
  /** The longest silence within a reply. */
  readonly silenceMaxMs: number
  /** Sees the head of every reply. */
  readonly onHead: (head: ReplyHead) => void
}

export type UpstreamRequest = {
  readonly method: 'GET' | 'POST'
  /** With its query string. */
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | null
}

export type ReplyHead = {
  readonly status: number
  /** Empty where the upstream sent one that no HTTP server may write. */
  readonly statusText: string
  readonly rawHeaders: readonly string[]
}

/** What becomes of one exchange: one head, chunks, then exactly one of end and failure. */
export interface ReplyReceiver {
  onHead(head: ReplyHead): void
  onChunk(chunk: Buffer): void
  onEnd(): void
  onFailure(error: Error): void
}

export interface UpstreamExchange {
  pause(): void
  resume(): void
  /** Closes the connection to the upstream; the receiver hears nothing more. */
  abort(): void
}

export interface Upstream {
  readonly credential: UpstreamCredential
  send(request: UpstreamRequest, receiver: ReplyReceiver): UpstreamExchange
  close(): Promise<void>
}

/** Connecting includes TLS; an address that does not answer within this is away. */
const connectTimeoutMs = 10_000
const replyHeaderBytesMax = 64 * 1024

export function createUpstream(settings: UpstreamSettings): Upstream {
  const url = new URL(settings.url)
  const prefix = url.pathname.replace(/\/+$/, '')
  const pool = new Pool(url.origin, {
    maxHeaderSize: replyHeaderBytesMax,
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.silenceMaxMs,
    connect: { timeout: connectTimeoutMs },
  })
  return {
    credential: { key: settings.key, authStyle: settings.authStyle },
    send: (request, receiver) => {
      const exchange = new Exchange(receiver, settings.onHead)
      const { method, headers, body } = request
      pool.dispatch({ method, path: prefix + request.path, headers, body }, exchange)
      return exchange
    },
    close: () => pool.destroy(),
  }
}

class CallerLeftError extends Error {
  readonly code = 'caller_left'
}

/** One dispatched request. It outlives an abort only to swallow what undici still says about it. */
class Exchange implements UpstreamExchange, Dispatcher.DispatchHandler {
  #receiver: ReplyReceiver | null
  #controller: Dispatcher.DispatchController | null = null
  readonly #onHead: (head: ReplyHead) => void

  constructor(receiver: ReplyReceiver, onHead: (head: ReplyHead) => void) {
    this.#receiver = receiver
    this.#onHead = onHead
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(): void {
    this.#receiver = null
    this.#controller?.abort(new CallerLeftError('The exchange was given up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#receiver === null) controller.abort(new CallerLeftError('The exchange was given up'))
  }

  // oxlint-disable-next-line eslint/max-params -- the HTTP client calls it so
  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    // Interim replies (103) end at this hop.
    if (status < 200) return
    const rawHeaders = flatStrings(controller.rawHeaders)
    const isWritable = statusText !== undefined && isWritableText(statusText)
    const head = { status, statusText: isWritable ? statusText : '', rawHeaders }
    this.#onHead(head)
    this.#receiver?.onHead(head)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#receiver?.onChunk(chunk)
  }

  onResponseEnd(): void {
    const receiver = this.#receiver
    this.#receiver = null
    receiver?.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const receiver = this.#receiver
    this.#receiver = null
    receiver?.onFailure(error)
  }
}

/** Header bytes are read as Latin-1, one character for one byte, so that they leave as they came. */
function flatStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) throw new TypeError('The HTTP client gave no raw headers')
  return raw.map((part: Buffer | string) =>
    typeof part === 'string' ? part : part.toString('latin1'),
  )
}
