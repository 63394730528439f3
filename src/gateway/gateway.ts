import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GateParts } from '../operations/parts.ts'
import { createRateLearner } from '../providers/anthropic-estimate.ts'
import type { PriceBook } from '../providers/prices.ts'
import type { Logger } from '../system/logger.ts'
import { createBodyRoom } from './caller/body.ts'
import { createBurstGuard } from './caller/burst-guard.ts'
import { Caller } from './caller/caller.ts'
import { createClockWatch, type ClockWatch } from './time/clock-watch.ts'
import { createClockWitness } from './time/clock-witness.ts'
import type { UpstreamCredential } from './reply/forward-headers.ts'
import { createUpstreamAccount, type UpstreamHealth } from './reply/upstream-account.ts'
import { createUpstreamKeys } from './reply/upstream-keys.ts'
import { forwardUncharged } from './forward.ts'
import type { Exchange, Gate, GatewaySettings } from './gate.ts'
import { serveMessages } from './messages.ts'
import { lastWords, refuse } from './refuse.ts'
import { RunningRelays } from './reply/running-relays.ts'
import { routeOf, type Route } from './route.ts'
import { logFinished, startTrace } from './trace.ts'
import { createUpstream } from './reply/upstream.ts'

/**
 * The data plane: LLM traffic comes in here and leaves metered. One exchange per request; whatever goes
 * wrong in one ends that one only.
 */
export interface Gateway {
  /** Resolves with the bound address once it accepts connections. Loopback unless told otherwise. */
  listen(port: number, host?: string): Promise<string>
  /** Takes no new requests, lets running ones finish for this long, then cuts and settles the rest. */
  drain(timeoutMs: number): Promise<void>
  /** Ends everything now: running replies are cut, their holds settled. */
  close(): Promise<void>
  /** What the upstream has been like since the start, and which of the operator's keys pause. */
  upstreamHealth(): UpstreamHealth
}

export type GatewayOptions = {
  readonly parts: GateParts
  readonly prices: PriceBook
  readonly upstream: Pick<UpstreamCredential, 'authStyle'> & {
    readonly url: string
    /** The first is used while it works, the next while it does not. */
    readonly keys: readonly string[]
  }
  readonly settings: GatewaySettings
  readonly logger: Logger
}

const headerBytesMax = 64 * 1024
const headersTimeoutMs = 30_000
/** A large prompt over a slow line takes its time; a caller that never finishes does not keep a place. */
const requestTimeoutMs = 300_000
const keepAliveMs = 65_000
/** How long a reply that was cut may take to leave, with its last words, before its connection is closed. */
const lastWordsMs = 1000
/** Bodies of running requests, all together. */
const bodyRoomBytes = 1024 * 1024 * 1024

export function createGateway(options: GatewayOptions): Gateway {
  const { parts, prices, settings, logger } = options
  const keys = createUpstreamKeys(options.upstream, parts.clock)
  const gate: Gate = {
    parts,
    prices,
    settings,
    logger,
    upstream: createUpstream({
      url: options.upstream.url,
      clock: parts.clock,
      connectionsMax: settings.upstreamConnectionsMax,
      headersTimeoutMs: settings.upstreamHeadersTimeoutMs,
      silenceMaxMs: settings.upstreamSilenceMaxMs,
      onHead: createClockWitness(parts),
    }),
    account: createUpstreamAccount(keys, { clock: parts.clock, logger }),
    rates: createRateLearner(),
    bursts: createBurstGuard(settings.burst, parts.clock),
    bodyRoom: createBodyRoom(bodyRoomBytes),
    relays: new RunningRelays(parts.clock),
  }
  return new HttpGateway(gate)
}

class HttpGateway implements Gateway {
  readonly #gate: Gate
  readonly #server: Server
  readonly #running = new Set<Promise<void>>()
  readonly #clockWatch: ClockWatch
  #isClosing = false

  constructor(gate: Gate) {
    this.#gate = gate
    this.#clockWatch = createClockWatch(gate.parts, gate.upstream)
    this.#server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveMs,
        noDelay: true,
      },
      (request, response) => this.#serve(request, response),
    )
    // Zero is no bound on their number, which the bound on their size replaces: Node would drop the rest silently.
    this.#server.maxHeadersCount = 0
    this.#server.maxConnections = gate.settings.connectionsMax
  }

  async listen(port: number, host = '127.0.0.1'): Promise<string> {
    // Before the first decision, so that none rests on a clock that stood still.
    await this.#clockWatch.start()
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        const bound = this.#server.address() as AddressInfo
        const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
        resolve(`http://${name}:${bound.port}`)
      })
    })
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    this.#clockWatch.stop()
    const { relays, upstream } = this.#gate
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#servedWithin(timeoutMs)
    relays.stop(lastWords(this.#gate, 'stopping'))
    await this.#servedWithin(lastWordsMs)
    this.#server.closeAllConnections()
    await this.#allServed()
    await closed
    await upstream.close()
  }

  close(): Promise<void> {
    return this.drain(0)
  }

  upstreamHealth(): UpstreamHealth {
    const { account, upstream } = this.#gate
    return { ...account.health(), connections: upstream.connections() }
  }

  async #servedWithin(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancelTimer = this.#gate.parts.clock.after(timeoutMs, resolve)
    await Promise.race([this.#allServed(), promise])
    cancelTimer()
  }

  async #allServed(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { parts } = this.#gate
    const route = routeOf(request.method ?? '', request.url ?? '')
    const caller = new Caller(request, response)
    const exchange = { caller, trace: startTrace(route, parts.clock) }
    if (this.#isClosing) response.shouldKeepAlive = false
    const served = this.#serveSafely(route, exchange)
      .catch((error: unknown) => this.#endAfterFault(exchange, error))
      .finally(() => {
        this.#running.delete(served)
      })
    this.#running.add(served)
  }

  async #serveSafely(route: Route, exchange: Exchange): Promise<void> {
    const { parts, logger } = this.#gate
    try {
      if (this.#isClosing) refuse(this.#gate, exchange, { kind: 'stopping' })
      else await serveRoute(this.#gate, route, exchange)
    } catch (error) {
      // The caller's request ends here, and nobody else's does.
      this.#endAfterFault(exchange, error)
    } finally {
      logFinished(exchange.trace, exchange.caller, { logger, clock: parts.clock })
    }
  }

  /** Never throws: what escapes from here would end the process, and with it everybody's requests. */
  #endAfterFault(exchange: Exchange, error: unknown): void {
    const { response } = exchange.caller
    try {
      const stack = error instanceof Error ? error.stack : String(error)
      this.#gate.logger.error('request failed by a fault of the gateway', { error: stack })
      exchange.trace.fields.outcome = 'fault'
      if (response.headersSent) response.destroy()
      else refuse(this.#gate, exchange, { kind: 'fault' })
    } catch {
      response.destroy()
    }
  }
}

async function serveRoute(gate: Gate, route: Route, exchange: Exchange): Promise<void> {
  switch (route) {
    case 'messages':
      return serveMessages(gate, exchange)
    case 'count_tokens':
    case 'models':
      return forwardUncharged(gate, exchange)
    case 'probe':
      exchange.caller.response.writeHead(200).end()
      return
    case 'unknown':
      return refuse(gate, exchange, { kind: 'unmetered_path' })
  }
}
