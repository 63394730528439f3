import type { BurstRule } from '../core/burst.ts'
import type { Telemetry } from '../operations/telemetry.ts'
import type { GateParts } from '../operations/parts.ts'
import type { Readiness } from '../operations/readiness.ts'
import type { RateLearner } from '../providers/anthropic-estimate.ts'
import type { PriceBook } from '../providers/prices.ts'
import type { Logger } from '../system/logger.ts'
import type { BodyRoom } from './caller/body.ts'
import type { BurstGuard } from './caller/burst-guard.ts'
import type { Caller } from './caller/caller.ts'
import type { Connections } from './caller/connections.ts'
import type { KeyPlaces } from './caller/key-places.ts'
import type { RefusalLog } from './caller/refusal-log.ts'
import type { AbandonGuard } from './hold/abandoned.ts'
import type { LateEnds } from './hold/late-ends.ts'
import type { Teller } from './reply/note-strange.ts'
import type { RunningRelays } from './reply/running-relays.ts'
import type { Trace } from './trace.ts'
import type { Upstream } from './reply/upstream.ts'
import type { UpstreamAccount } from './reply/upstream-account.ts'

/** What an operator may set of the data plane; defaults and descriptions stand with all other settings. */
export type GatewaySettings = {
  readonly burst: BurstRule
  /** The largest request body; the upstream's own bound is 32 MiB. */
  readonly bodyBytesMax: number
  /** Of all callers together; one without a running request gives way when they are used up. */
  readonly connectionsMax: number
  readonly upstreamConnectionsMax: number
  /** Requests of one key whose body is still coming, or that cost nothing. */
  readonly keyPlacesMax: number
  /** Memory for the bodies of running requests, all together. */
  readonly bodyRoomBytes: number
  /** The longest that the line and headers of a request may take to arrive, and all of it. */
  readonly headersMaxMs: number
  readonly requestMaxMs: number
  /** The longest that a caller may take to read on before its reply is cut. */
  readonly callerStallMaxMs: number
  readonly upstreamHeadersTimeoutMs: number
  readonly upstreamSilenceMaxMs: number
  /** The page that refusals link to. */
  readonly pageUrl: string
  /** The zone in which refusals tell local times. */
  readonly timeZone: string
  /** Before amounts of money in refusals. */
  readonly currencySymbol: string
  /** How the command line is called in this installation, where callers sit at its machine. */
  readonly command?: string
  /** 400 imitates a vendor's old refusals for compatibility; it costs the client six requests. */
  readonly deniedStatus: 429 | 400
}

/** Everything that serving a request stands on. */
export type Gate = {
  readonly parts: GateParts
  readonly prices: PriceBook
  readonly upstream: Upstream
  readonly account: UpstreamAccount
  readonly abandons: AbandonGuard
  readonly teller: Teller
  readonly settings: GatewaySettings
  readonly logger: Logger
  readonly rates: RateLearner
  readonly bursts: BurstGuard
  readonly bodyRoom: BodyRoom
  readonly keyPlaces: KeyPlaces
  readonly connections: Connections
  readonly refusals: RefusalLog
  readonly relays: RunningRelays
  readonly lateEnds: LateEnds
  readonly readiness: Readiness
  readonly telemetry: Telemetry
}

/** One request being served: its caller, and what its log line will say. */
export type Exchange = { readonly caller: Caller; readonly trace: Trace }
