import { Pool, type buildConnector, type Dispatcher } from 'undici'
import type { Clock } from '../../system/clock.ts'
import { isWritableText } from './forward-headers.ts'
import { Silence } from './silence.ts'
import { Places } from './upstream-places.ts'

/**
 * The LLM API behind the gateway, at the level of heads and chunks: no fetch and no web streams, which
 * cost two to three times the CPU per request. Redirects are not followed. Nothing is retried here: a
 * request that may have reached the upstream may have been billed.
 */
export type UpstreamSettings = {
  /** Scheme, host and an optional path prefix: `https://api.anthropic.com`. */
  readonly url: string
  readonly clock: Clock
  /** The most requests that are there at once; each has a connection of its own. */
  readonly connectionsMax: number
  /** How long the upstream may take to its first header; a long answer without streaming takes minutes. */
  readonly headersTimeoutMs: number
  /** The longest silence within a reply. */
  readonly silenceMaxMs: number
  /** Sees the head of every reply. */
  readonly onHead: (head: ReplyHead) => void
  /** Makes the connections; those of this machine's network when it is left out. */
  readonly connect?: ConnectUpstream
}

export type ConnectUpstream = buildConnector.connector

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
  /** It has left the line for a place, and a connection is made or used for it. */
  readonly wasSent: boolean
  pause(): void
  resume(): void
  /** Closes the connection to the upstream; the receiver hears nothing more. */
  abort(): void
}

export interface Upstream {
  send(request: UpstreamRequest, receiver: ReplyReceiver): UpstreamExchange
  connections(): Places['counts']
  close(): Promise<void>
}

/** Connecting includes TLS; an address that does not answer within this is away. */
const connectTimeoutMs = 10_000
const replyHeaderBytesMax = 64 * 1024
/**
 * A connection that idled longer is closed by us, before the upstream does: a request written just as it
 * closes is lost, and nobody knows whether it ran. Where the upstream names a time, ours ends earlier.
 */
const idleMaxMs = 4000
const idleMarginMs = 2000
/** Whoever brings the connections closes those that idle, too. */
const broughtIdleMaxMs = 24 * 60 * 60 * 1000

export function createUpstream(settings: UpstreamSettings): Upstream {
  const url = new URL(settings.url)
  const prefix = url.pathname.replace(/\/+$/, '')
  const pool = new Pool(url.origin, {
    maxHeaderSize: replyHeaderBytesMax,
    // Silence is measured here, by the same clock as everything else.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    keepAliveTimeout: settings.connect === undefined ? idleMaxMs : broughtIdleMaxMs,
    keepAliveTimeoutThreshold: idleMarginMs,
    connect: settings.connect ?? { timeout: connectTimeoutMs },
  })
  const places = new Places(settings.clock, settings.connectionsMax)
  return {
    send: (request, receiver) => {
      const exchange = new Exchange(receiver, settings)
      const { method, headers, body } = request
      exchange.enter(places, () => {
        pool.dispatch({ method, path: prefix + request.path, headers, body }, exchange)
      })
      return exchange
    },
    connections: () => places.counts,
    close: () => pool.destroy(),
  }
}

/** All places at the upstream were taken for too long; nothing was sent. */
export class UpstreamBusyError extends Error {
  readonly code = 'upstream_busy'
}

/** The upstream kept its connection, and said nothing for too long. */
class UpstreamSilentError extends Error {}

class CallerLeftError extends Error {
  readonly code = 'caller_left'
}

/** One dispatched request. It outlives an abort only to swallow what undici still says about it. */
class Exchange implements UpstreamExchange, Dispatcher.DispatchHandler {
  #receiver: ReplyReceiver | null
  #controller: Dispatcher.DispatchController | null = null
  readonly #settings: UpstreamSettings
  readonly #silence: Silence
  /** Gives back the place at the upstream, or leaves the line for one. */
  #leave: (() => void) | null = null
  #wasSent = false

  constructor(receiver: ReplyReceiver, settings: UpstreamSettings) {
    this.#receiver = receiver
    this.#settings = settings
    this.#silence = new Silence(settings.clock, (maxMs) => {
      const error = new UpstreamSilentError(`The upstream said nothing for ${maxMs} ms`)
      this.#fail(error)
      this.#controller?.abort(error)
    })
  }

  /** Throws what `dispatch` throws, when that is called at once. */
  enter(places: Places, dispatch: () => void): void {
    let hasReturned = false
    let leaveLine = (): void => {}
    this.#leave = () => leaveLine()
    leaveLine = places.take(
      () => {
        this.#leave = () => places.giveBack()
        try {
          dispatch()
        } catch (error) {
          if (!hasReturned) {
            this.#exit()
            throw error
          }
          this.#fail(error instanceof Error ? error : new Error(String(error)))
        }
      },
      () => this.#fail(new UpstreamBusyError('No place at the upstream became free in time')),
    )
    hasReturned = true
  }

  #exit(): ReplyReceiver | null {
    this.#silence.stop()
    const receiver = this.#receiver
    this.#receiver = null
    const leave = this.#leave
    this.#leave = null
    leave?.()
    return receiver
  }

  #fail(error: Error): void {
    this.#exit()?.onFailure(error)
  }

  get wasSent(): boolean {
    return this.#wasSent
  }

  pause(): void {
    this.#silence.pause()
    this.#controller?.pause()
  }

  resume(): void {
    this.#silence.resume()
    this.#controller?.resume()
  }

  abort(): void {
    this.#exit()
    this.#controller?.abort(new CallerLeftError('The exchange was given up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#wasSent = true
    if (this.#receiver === null) controller.abort(new CallerLeftError('The exchange was given up'))
    else this.#silence.allow(this.#settings.headersTimeoutMs)
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
    if (this.#receiver !== null) this.#silence.allow(this.#settings.silenceMaxMs)
    const rawHeaders = flatStrings(controller.rawHeaders)
    const isWritable = statusText !== undefined && isWritableText(statusText)
    const head = { status, statusText: isWritable ? statusText : '', rawHeaders }
    this.#settings.onHead(head)
    this.#receiver?.onHead(head)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#silence.heard()
    this.#receiver?.onChunk(chunk)
  }

  onResponseEnd(): void {
    this.#exit()?.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }
}

/** Header bytes are read as Latin-1, one character for one byte, so that they leave as they came. */
function flatStrings(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) throw new TypeError('The HTTP client gave no raw headers')
  return raw.map((part: Buffer | string) =>
    typeof part === 'string' ? part : part.toString('latin1'),
  )
}
