import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { GateParts } from '../operations/parts.ts'
import { Readiness } from '../operations/readiness.ts'
import { Telemetry } from '../operations/telemetry.ts'
import { createRateLearner } from '../providers/anthropic-estimate.ts'
import type { PriceBook } from '../providers/prices.ts'
import { listenOnMachine, type Listen } from '../system/listen.ts'
import type { Logger } from '../system/logger.ts'
import { freshId } from '../system/random.ts'
import { createBodyRoom } from './caller/body.ts'
import { createBurstGuard } from './caller/burst-guard.ts'
import { Caller } from './caller/caller.ts'
import { Connections } from './caller/connections.ts'
import { createKeyPlaces } from './caller/key-places.ts'
import { answerMalformed } from './caller/malformed.ts'
import { createRefusalLog, isRefusalKind } from './caller/refusal-log.ts'
import { createClockWatch, type ClockWatch } from './time/clock-watch.ts'
import { createClockWitness } from './time/clock-witness.ts'
import type { UpstreamCredential } from './reply/forward-headers.ts'
import { createAbandonGuard } from './hold/abandoned.ts'
import { LateEnds } from './hold/late-ends.ts'
import { createTeller } from './reply/note-strange.ts'
import { createUpstreamAccount, type UpstreamHealth } from './reply/upstream-account.ts'
import { createUpstreamKeys } from './reply/upstream-keys.ts'
import { forwardUncharged } from './forward.ts'
import type { Exchange, Gate, GatewaySettings } from './gate.ts'
import { serveMessages } from './messages.ts'
import { readPressure, type GatewayPressure } from './pressure.ts'
import { lastWords, refuse } from './refuse.ts'
import { RunningRelays } from './reply/running-relays.ts'
import { answerProbe } from './answer-probe.ts'
import { pathSlipOf, routeOf, type Route } from './route.ts'
import { logFinished, startTrace } from './trace.ts'
import { createUpstream, type ConnectUpstream } from './reply/upstream.ts'

/**
 * The data plane: LLM traffic comes in here and leaves metered. One exchange per request; whatever goes
 * wrong in one ends that one only.
 */
export interface Gateway {
  /** Resolves with the bound address once it accepts connections. Loopback unless told otherwise. */
  listen(port: number, host?: string): Promise<string>
  /**
   * Takes no new requests, lets running ones finish for this long, then cuts and settles the rest. Answers
   * how many replies were cut.
   */
  drain(timeoutMs: number): Promise<{ readonly cutCount: number }>
  /** How hard callers press at this moment. */
  pressure(): GatewayPressure
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
    /** Its clock is this machine's own, so the dates that it sends confirm nothing. */
    readonly isSameMachine?: boolean
  }
  readonly settings: GatewaySettings
  readonly logger: Logger
  /** Shared with the admin port, which says the same. */
  readonly readiness?: Readiness
  /** Both are those of this machine when they are left out. */
  readonly listen?: Listen
  readonly connectUpstream?: ConnectUpstream
  /** Shared with the admin port, which shows it. */
  readonly telemetry?: Telemetry
}

const headerBytesMax = 64 * 1024
const keepAliveMs = 65_000
/** How often connections are looked at for what should have arrived by now. */
const lateCheckMs = 5_000
/** How long a reply that was cut may take to leave, with its last words, before its connection is closed. */
const lastWordsMs = 1000

const ignoreHead = (): void => {}

export function createGateway(options: GatewayOptions): Gateway {
  const { parts, prices, settings, logger } = options
  const keys = createUpstreamKeys(options.upstream, parts.clock)
  const isWitness = options.upstream.isSameMachine !== true
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
      onHead: isWitness ? createClockWitness(parts) : ignoreHead,
      ...(options.connectUpstream === undefined ? {} : { connect: options.connectUpstream }),
    }),
    account: createUpstreamAccount(keys, { clock: parts.clock, logger }),
    abandons: createAbandonGuard(parts.clock),
    teller: createTeller(),
    rates: createRateLearner(),
    bursts: createBurstGuard(settings.burst, parts.clock),
    bodyRoom: createBodyRoom(settings.bodyRoomBytes),
    keyPlaces: createKeyPlaces(settings.keyPlacesMax),
    connections: new Connections(settings.connectionsMax, parts.clock),
    refusals: createRefusalLog(logger, parts.clock),
    relays: new RunningRelays(parts.clock),
    lateEnds: new LateEnds(parts),
    readiness: options.readiness ?? new Readiness(parts),
    telemetry: options.telemetry ?? new Telemetry(parts.clock, () => parts.storage.recordNowMs()),
  }
  return new HttpGateway(gate, { isWitness, listen: options.listen ?? listenOnMachine })
}

class HttpGateway implements Gateway {
  readonly #gate: Gate
  readonly #server: Server
  readonly #running = new Set<Promise<void>>()
  readonly #clockWatch: ClockWatch
  readonly #listen: Listen
  #isClosing = false

  constructor(
    gate: Gate,
    { isWitness, listen }: { readonly isWitness: boolean; readonly listen: Listen },
  ) {
    this.#gate = gate
    this.#listen = listen
    this.#clockWatch = createClockWatch(gate.parts, isWitness ? gate.upstream : null)
    this.#server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: gate.settings.headersMaxMs,
        requestTimeout: gate.settings.requestMaxMs,
        connectionsCheckingInterval: Math.min(lateCheckMs, gate.settings.headersMaxMs / 2),
        keepAliveTimeout: keepAliveMs,
        noDelay: true,
      },
      (request, response) => this.#serve(new Caller(request, response)),
    )
    this.#server.on('checkContinue', (request, response) =>
      this.#serve(new Caller(request, response, true)),
    )
    this.#guardConnections(gate)
    // Zero is no bound on their number, which the bound on their size replaces: Node would drop the rest silently.
    this.#server.maxHeadersCount = 0
  }

  #guardConnections({ connections, settings, refusals, parts }: Gate): void {
    const server = this.#server
    // Whether a caller that sends no more has left is found out by `Connections`.
    Object.assign(server, { httpAllowHalfOpen: true })
    server.timeout = settings.callerStallMaxMs
    server.on('timeout', (socket) => connections.onStill(socket))
    server.on('connection', (socket) => connections.accept(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
      // Of a plain HTTP server, every stream is a socket.
      const socket = stream as Socket
      const running = connections.firstRunning(socket)
      const canAnswer = running === null || (running.isOnly && !running.response.headersSent)
      if (!hungUp.has(String(error.code)))
        refusals.note('malformed', socket.remoteAddress ?? 'unknown')
      answerMalformed(socket, { error, requestId: freshId(parts.random, 'req'), canAnswer })
    })
  }

  async listen(port: number, host = '127.0.0.1'): Promise<string> {
    // Before the first decision, so that none rests on a clock that stood still.
    await this.#clockWatch.start()
    const bound = await this.#listen(this.#server, { port, host })
    const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return `http://${name}:${bound.port}`
  }

  async drain(timeoutMs: number): Promise<{ readonly cutCount: number }> {
    this.#isClosing = true
    this.#gate.readiness.beginStopping()
    this.#clockWatch.stop()
    const { relays, upstream, lateEnds } = this.#gate
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#servedWithin(timeoutMs)
    this.#gate.refusals.close()
    const cutCount = relays.stop(lastWords(this.#gate, 'stopping'))
    await this.#servedWithin(lastWordsMs)
    this.#server.closeAllConnections()
    await this.#allServed()
    await lateEnds.stop()
    await closed
    await upstream.close()
    return { cutCount }
  }

  async close(): Promise<void> {
    await this.drain(0)
  }

  upstreamHealth(): UpstreamHealth {
    const { account, upstream } = this.#gate
    return { ...account.health(), connections: upstream.connections() }
  }

  pressure(): GatewayPressure {
    return readPressure(this.#gate)
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

  #serve(caller: Caller): void {
    const { parts, connections } = this.#gate
    const { request, response } = caller
    const route = routeOf(request.method ?? '', request.url ?? '')
    connections.begin(response)
    const exchange = { caller, trace: startTrace(route, parts.clock) }
    // A balancer that keeps connections lets go of them before they are closed under its requests.
    if (this.#gate.readiness.isStopping) response.shouldKeepAlive = false
    const served = this.#serveSafely(route, exchange)
      .catch((error: unknown) => this.#endAfterFault(exchange, error))
      .finally(() => {
        this.#running.delete(served)
        connections.end(response, caller.isKnown)
      })
    this.#running.add(served)
  }

  async #serveSafely(route: Route, exchange: Exchange): Promise<void> {
    try {
      if (this.#isClosing && !isProbe(route)) refuse(this.#gate, exchange, { kind: 'stopping' })
      else await serveRoute(this.#gate, route, exchange)
    } catch (error) {
      // The caller's request ends here, and nobody else's does.
      this.#endAfterFault(exchange, error)
    } finally {
      if (!isProbe(route)) logServed(this.#gate, exchange)
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

/** Refusals that cost their sender nothing may come in floods, and are then counted instead. */
function logServed({ refusals, logger, parts, telemetry }: Gate, exchange: Exchange): void {
  const { trace, caller } = exchange
  const { outcome, keyId } = trace.fields
  telemetry.finished(trace.fields, caller.response.headersSent ? caller.response.statusCode : null)
  const from = keyId ?? caller.request.socket.remoteAddress ?? 'unknown'
  if (isRefusalKind(outcome) && !refusals.note(outcome, String(from))) return
  logFinished(trace, caller, { logger, clock: parts.clock })
}

/** Connections that ended in the middle of a request: nothing is wrong with its form. */
const hungUp: ReadonlySet<string> = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE'])

/** Asked every few seconds by machines, and answered from here: no line in the log, no place in a drain. */
const isProbe = (route: Route): boolean => route === 'live' || route === 'ready'

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
    case 'live':
      return answerProbe(exchange, { status: 'live' })
    case 'ready':
      return answerProbe(exchange, await gate.readiness.look())
    case 'unknown': {
      const { method = '', url = '' } = exchange.caller.request
      return refuse(gate, exchange, { kind: 'unmetered_path', slip: pathSlipOf(method, url) })
    }
  }
}
