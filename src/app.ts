import { createHash } from 'node:crypto'

import { startAdminServer, type AdminServer } from './admin/admin-server.ts'
import type { Mount } from './admin/admin-api.ts'
import { ensureOperatorToken } from './admin/operator-token.ts'
import { parsePlans, readPlansFile } from './config/plans-file.ts'
import { readJsonFile } from './config/read-json-file.ts'
import type { Settings } from './config/settings.ts'
import { createGateway, type Gateway } from './gateway/gateway.ts'
import { createDecisionSigner } from './operations/decision-id.ts'
import type { GateParts } from './operations/parts.ts'
import { publishPlans } from './operations/publish-plans.ts'
import { WaitingLine } from './operations/waiting-line.ts'
import { parsePriceOverrides } from './providers/price-overrides.ts'
import { createPriceBook, type PriceBook } from './providers/prices.ts'
import { openSqliteStorage } from './storage/sqlite/sqlite-storage.ts'
import type { Clock } from './system/clock.ts'
import type { Logger } from './system/logger.ts'
import type { Random } from './system/random.ts'

/** The outside world, as values; tests bring their own. */
export type System = { readonly clock: Clock; readonly random: Random; readonly logger: Logger }

export type AppOptions = {
  readonly version: string
  /** Where requests are forwarded to. */
  readonly upstream: {
    readonly url: string
    readonly keys: readonly string[]
    readonly authStyle: 'x-api-key' | 'bearer'
    /** For people: an address, or the built-in demo upstream. */
    readonly name: string
  }
  /** Pages that others bring to the admin port. */
  readonly mounts: readonly Mount[]
  /** The plans that are published when no plans file is set, as the text of a plans file. */
  readonly defaultPlans: string
}

/** The whole server, running. */
export type App = {
  readonly parts: GateParts
  readonly gatewayUrl: string
  readonly adminUrl: string
  /** Lets running requests finish for a while, then ends everything; the journal is closed last. */
  stop(drainMs: number): Promise<void>
}

/** Bounds of the gateway that nobody has to set; docs/gateway.md names them. */
const gatewayBounds = { connectionsMax: 10_000, keyPlacesMax: 128, callerStallMaxMs: 120_000 }
const bodyRoomBytesMin = 1024 * 1024 * 1024

/** Builds every part from settings and a system, and starts it. The one place where parts are wired. */
export async function startApp(
  settings: Settings,
  system: System,
  options: AppOptions,
): Promise<App> {
  const closers: (() => Promise<void> | void)[] = []
  const stopAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close()
  }
  try {
    const parts = await openParts(settings, { ...system, version: options.version }, closers)
    const plans =
      settings.plansFile === null
        ? parsePlans(options.defaultPlans)
        : readPlansFile(settings.plansFile)
    await publishPlans(parts, plans)
    const { gateway, adminUrl, gatewayUrl } = await listen({
      settings,
      system,
      options,
      parts,
      closers,
    })
    const stop = async (drainMs: number): Promise<void> => {
      await gateway.drain(drainMs)
      await stopAll()
    }
    return { parts, gatewayUrl, adminUrl, stop }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** The journal of a server that is stopped, for reading commands: nothing listens. */
export async function openBooks(
  settings: Settings,
  system: System,
  version: string,
): Promise<{ readonly parts: GateParts; close(): Promise<void> }> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    return { parts: await openParts(settings, { ...system, version }, closers), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openParts(
  settings: Settings,
  { clock, random, logger, version }: System & Pick<AppOptions, 'version'>,
  closers: (() => Promise<void> | void)[],
): Promise<GateParts> {
  const storage = await openSqliteStorage({
    dataFolder: settings.dataFolder,
    clock,
    random,
    log: logger,
    version,
    snapshotEvery: settings.snapshotEvery,
  })
  closers.push(() => storage.close())
  const secret = await storage.secret('decision-signing', () =>
    random.bytes(32).toString('base64url'),
  )
  const { waitMaxMs, waitersMax, holdMaxMs } = settings
  const line = new WaitingLine(storage, clock, { waitMaxMs, waitersMax })
  closers.push(() => line.close())
  const signer = createDecisionSigner(secret)
  const { bootId } = storage
  return { storage, clock, random, signer, line, bootId, holdMaxMs }
}

type Listening = {
  readonly gateway: Gateway
  readonly gatewayUrl: string
  readonly admin: AdminServer
  readonly adminUrl: string
}

async function listen(input: {
  readonly settings: Settings
  readonly system: System
  readonly options: AppOptions
  readonly parts: GateParts
  readonly closers: (() => Promise<void> | void)[]
}): Promise<Listening> {
  const { settings, system, options, parts, closers } = input
  const { logger } = system
  const operatorTokenSha256 = await ensureOperatorToken(parts, settings.dataFolder)
  const about = {
    version: options.version,
    dataFolder: settings.dataFolder,
    upstream: options.upstream.name,
    currencySymbol: settings.currencySymbol,
  }
  const gatewayAddress = new Address()
  const admin = await startAdminServer(
    {
      ...parts,
      logger,
      operatorTokenSha256,
      about: {
        ...about,
        get gatewayUrl() {
          return gatewayAddress.url
        },
      },
      newCustomer: {
        overrunMaxNanos: settings.overrunMax,
        runningMax: settings.customerRunningMax,
        isStrict: false,
      },
      parsePlans,
    },
    {
      host: settings.adminHost,
      port: settings.adminPort,
      extraHosts: settings.publicPageUrl === null ? [] : [new URL(settings.publicPageUrl).host],
      mounts: options.mounts,
    },
  )
  closers.push(() => admin.close())
  const gateway = createGateway({
    parts,
    prices: openPrices(settings),
    upstream: options.upstream,
    settings: gatewaySettings(settings, admin.url),
    logger,
  })
  try {
    gatewayAddress.url = await gateway.listen(settings.gatewayPort, settings.gatewayHost)
  } catch (error) {
    await gateway.close()
    throw error
  }
  return { gateway, gatewayUrl: gatewayAddress.url, admin, adminUrl: admin.url }
}

/** Known only once the gateway listens, which is after the page that refusals link to does. */
class Address {
  url = ''
}

function gatewaySettings(
  settings: Settings,
  adminUrl: string,
): Parameters<typeof createGateway>[0]['settings'] {
  return {
    burst: { perMinute: settings.burstPerMinute, size: settings.burstSize },
    bodyBytesMax: settings.bodyBytesMax,
    upstreamConnectionsMax: settings.upstreamConnectionsMax,
    ...gatewayBounds,
    // Nobody gets more than a third of it, and even the largest body has to fit.
    bodyRoomBytes: Math.max(bodyRoomBytesMin, 4 * settings.bodyBytesMax),
    upstreamHeadersTimeoutMs: settings.upstreamWaitMaxMs,
    upstreamSilenceMaxMs: settings.upstreamSilenceMaxMs,
    pageUrl: settings.publicPageUrl ?? adminUrl,
    timeZone: settings.timeZone,
    currencySymbol: settings.currencySymbol,
    deniedStatus: settings.denialStatus,
  }
}

function openPrices(settings: Settings): PriceBook {
  const base = {
    digest: (text: string): string => createHash('sha256').update(text).digest('hex'),
    unpriced: settings.unpricedModel,
  }
  if (settings.pricesFile === null) return createPriceBook(base)
  const file = readJsonFile(settings.pricesFile, 'prices file')
  return createPriceBook({ ...base, overrides: parsePriceOverrides(file) })
}
