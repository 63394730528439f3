import type { BurstRule } from '../core/burst.ts'
import type { GateParts } from '../operations/parts.ts'
import type { RateLearner } from '../providers/anthropic-estimate.ts'
import type { PriceBook } from '../providers/prices.ts'
import type { Logger } from '../system/logger.ts'
import type { BodyRoom } from './caller/body.ts'
import type { BurstGuard } from './caller/burst-guard.ts'
import type { Caller } from './caller/caller.ts'
import type { RunningRelays } from './reply/running-relays.ts'
import type { Trace } from './trace.ts'
import type { Upstream } from './reply/upstream.ts'
import type { UpstreamAccount } from './reply/upstream-account.ts'

/** What an operator may set of the data plane; defaults and descriptions stand with all other settings. */
export type GatewaySettings = {
  readonly burst: BurstRule
  /** The largest request body; the upstream's own bound is 32 MiB. */
  readonly bodyBytesMax: number
  readonly connectionsMax: number
  readonly upstreamConnectionsMax: number
  readonly upstreamHeadersTimeoutMs: number
  readonly upstreamSilenceMaxMs: number
  /** The page that refusals link to. */
  readonly pageUrl: string
  /** The zone in which refusals tell local times. */
  readonly timeZone: string
  /** Before amounts of money in refusals. */
  readonly currencySymbol: string
  /** 400 imitates a vendor's old refusals for compatibility; it costs the client six requests. */
  readonly deniedStatus: 429 | 400
}

/** Everything that serving a request stands on. */
export type Gate = {
  readonly parts: GateParts
  readonly prices: PriceBook
  readonly upstream: Upstream
  readonly account: UpstreamAccount
  readonly settings: GatewaySettings
  readonly logger: Logger
  readonly rates: RateLearner
  readonly bursts: BurstGuard
  readonly bodyRoom: BodyRoom
  readonly relays: RunningRelays
}

/** One request being served: its caller, and what its log line will say. */
export type Exchange = { readonly caller: Caller; readonly trace: Trace }
