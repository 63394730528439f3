import { startAdminServer, type AdminServer } from './admin/admin-server.ts'
import type { Mount, RunningServer } from './admin/admin-api.ts'
import { createDesk } from './admin/desk/desk-parts.ts'
import { ensureOperatorToken } from './admin/callers/operator-token.ts'
import { ensureSessionSecret } from './admin/sign-in/session-secret.ts'
import { openParts, openPrices, type StoragePlace, type System } from './books.ts'
import { parsePlans, readPlansFile } from './config/plans-file.ts'
import { installationWords, pastedCommand } from './config/installation-words.ts'
import type { SettingOrigins } from './config/load-settings.ts'
import { settingsInForce } from './config/settings-table.ts'
import { isLoopback } from './config/loopback.ts'
import type { Settings } from './config/settings.ts'
import { demoKeyIdOf } from './demo/demo-member.ts'
import { createGateway, type Gateway } from './gateway/gateway.ts'
import type { ConnectUpstream } from './gateway/reply/upstream.ts'
import { watchProcess, type ProcessWatch } from './health/process-watch.ts'
import type { TrafficFacts } from './health/server-facts.ts'
import { createServerHealth } from './health/server-health.ts'
import { watchPrices, type UnpricedModels } from './health/unpriced-models.ts'
import { AutoReloads } from './operations/auto-reload.ts'
import type { HealthFact } from './operations/health.ts'
import type { GateParts } from './operations/parts.ts'
import { publishFirstPlans, publishPlans } from './operations/publish-plans.ts'
import { Readiness } from './operations/readiness.ts'
import { Telemetry } from './operations/telemetry.ts'
import { operatorGrant } from './payments/operator-grant.ts'
import { journalFormat } from './storage/sqlite-file/journal-file.ts'
import type { UpgradeStep } from './storage/sqlite/migrate.ts'
import type { Listen } from './system/listen.ts'

export type AppOptions = {
  readonly version: string
  /** Where requests are forwarded to. */
  readonly upstream: {
    readonly url: string
    readonly keys: readonly string[]
    readonly authStyle: 'x-api-key' | 'bearer'
    /** For people: an address, or the built-in demo upstream. */
    readonly name: string
    /** It runs on this machine: its clock is this one's, so its dates confirm nothing. */
    readonly isSameMachine?: boolean
  }
  /** Where the console was built to; without it there is the admin API alone. */
  readonly consoleFolder?: string
  /** Pages that others bring to the admin port. */
  readonly mounts: readonly Mount[]
  /** The plans that are published when no plans file is set, as the text of a plans file. */
  readonly defaultPlans: string
  /** Told when the journal of an older version gets this one's format. */
  readonly onUpgrade?: (step: UpgradeStep) => void
  /** Where log lines go; null for standard output. */
  readonly logPath?: string | null
  /** Where the settings come from, for whoever reads them; without it everything reads as a default. */
  readonly settingOrigins?: SettingOrigins
  /** The Node that is installed for this machine, where one is. */
  readonly nodePinned?: string | null
  /** A simulation brings these; a server has its machine's own. */
  readonly machine?: MachineParts
}

/** What a server otherwise takes from its machine beside clock, chance and log: network, disk, its own process. */
export type MachineParts = {
  readonly network: { readonly listen: Listen; readonly connectUpstream: ConnectUpstream }
  readonly storage: StoragePlace
  readonly watchProcess: () => ProcessWatch
}

/** The whole server, running. */
export type App = {
  readonly parts: GateParts
  readonly gatewayUrl: string
  readonly adminUrl: string
  /** A page of the console is open somewhere. */
  readonly isWatched: () => boolean
  readonly health: () => Promise<readonly HealthFact[]>
  /** Loads what the first sign-in needs; a server does it once it stands, before there is traffic. */
  readonly warmUp: () => Promise<void>
  /** Lets somebody set this server up in the browser; null once it has an operator. */
  readonly setUpCode: () => Promise<string | null>
  /** From now on `/readyz` says no, while requests that come all the same are served. */
  beginStopping(): void
  /**
   * Lets running requests finish for a while, then ends everything; the journal is closed last. Answers how
   * many replies were cut.
   */
  stop(drainMs: number): Promise<{ readonly cutCount: number }>
}

/** Bounds of the gateway that nobody has to set; docs/gateway.md names them. */
const gatewayBounds = {
  connectionsMax: 10_000,
  keyPlacesMax: 128,
  headersMaxMs: 30_000,
  // A large prompt over a slow line takes its time; a caller that never finishes does not keep a place.
  requestMaxMs: 300_000,
  callerStallMaxMs: 120_000,
}
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
    const { version, onUpgrade, machine } = options
    const upgrade = onUpgrade === undefined ? {} : { onUpgrade }
    const parts = await openParts(
      settings,
      { ...system, version, ...upgrade, isServing: true, place: machine?.storage ?? {} },
      closers,
    )
    await publishAtStart(settings, parts, options.defaultPlans)
    startReloads(parts, system, closers)
    const { gateway, admin, adminUrl, gatewayUrl, running } = await listen({
      settings,
      system,
      options,
      parts,
      closers,
    })
    const stop = async (drainMs: number): Promise<{ readonly cutCount: number }> => {
      const drained = await gateway.drain(drainMs)
      await stopAll()
      return drained
    }
    const { health, readiness } = running
    const beginStopping = (): void => readiness.beginStopping()
    const { isWatched, setUpCode, warmUp } = admin
    const addresses = { gatewayUrl, adminUrl }
    return { parts, ...addresses, isWatched, health, setUpCode, warmUp, beginStopping, stop }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** Needs that came while nobody looked are met in the background: nobody's start waits for a payment. */
function startReloads(
  parts: GateParts,
  { clock, logger }: System,
  closers: (() => Promise<void> | void)[],
): void {
  const { storage } = parts
  const reloads = new AutoReloads({ storage, clock, logger }, operatorGrant(storage))
  closers.push(() => reloads.close())
  reloads.start().catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error)
    logger.error('auto-reloads could not be started', { problem })
  })
}

/** A plans file counts at each start; the built-in plans only where there are none, so that others may take their place. */
async function publishAtStart(
  { plansFile }: Settings,
  parts: GateParts,
  defaultPlans: string,
): Promise<void> {
  if (plansFile === null) await publishFirstPlans(parts, parsePlans(defaultPlans))
  else await publishPlans(parts, readPlansFile(plansFile))
}

type Listening = {
  readonly gateway: Gateway
  readonly gatewayUrl: string
  readonly admin: AdminServer
  readonly adminUrl: string
  readonly running: RunningServer
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
  const about = {
    version: options.version,
    dataFolder: settings.dataFolder,
    upstream: options.upstream.name,
    currencySymbol: settings.currencySymbol,
    plansFile: settings.plansFile,
  }
  const network = options.machine?.network
  const gatewayAddress = new Address()
  const prices = watchPrices(openPrices(settings))
  const later = new LaterFacts()
  const running = runningServer({ ...input, prices, later })
  const telemetry = new Telemetry(system.clock, () => parts.storage.recordNowMs())
  const admin = await startAdminServer(
    {
      ...parts,
      logger,
      operatorTokenSha256: await ensureOperatorToken(parts, settings.dataFolder),
      about: {
        ...about,
        get gatewayUrl() {
          return gatewayAddress.url
        },
      },
      ...customerTerms(settings),
      parsePlans,
      ...(options.consoleFolder === undefined ? {} : { consoleFolder: options.consoleFolder }),
      running,
      desk: deskOf(input, { telemetry, health: running.health }),
    },
    {
      host: settings.adminHost,
      port: settings.adminPort,
      publicPageUrl: settings.publicPageUrl,
      sessionIdleMs: settings.sessionIdleMs,
      sessionSecret: await ensureSessionSecret(parts.random, settings.dataFolder),
      mounts: options.mounts,
      ...network,
    },
  )
  closers.push(() => admin.close())
  later.adminUrl = admin.url
  const gateway = createGateway({
    parts,
    prices,
    readiness: running.readiness,
    telemetry,
    upstream: options.upstream,
    settings: gatewaySettings(settings, admin.url),
    logger,
    ...network,
  })
  try {
    gatewayAddress.url = await gateway.listen(settings.gatewayPort, settings.gatewayHost)
  } catch (error) {
    await gateway.close()
    throw error
  }
  later.traffic = () => ({ upstream: gateway.upstreamHealth(), pressure: gateway.pressure() })
  return { gateway, gatewayUrl: gatewayAddress.url, admin, adminUrl: admin.url, running }
}

const customerTerms = ({ overrunMax, customerRunningMax, ownerSeatsMax }: Settings) => ({
  newCustomer: { overrunMaxNanos: overrunMax, runningMax: customerRunningMax, isStrict: false },
  ownerSeatsMax,
})

/** What the admin port tells of the running server: whether it is ready, and its check-up. */
function runningServer(input: {
  readonly settings: Settings
  readonly options: AppOptions
  readonly parts: GateParts
  readonly closers: (() => Promise<void> | void)[]
  readonly prices: UnpricedModels
  readonly later: LaterFacts
}): RunningServer {
  const { settings, options, parts, closers, prices, later } = input
  const { plansFile } = settings
  const processWatch = (options.machine?.watchProcess ?? watchProcess)()
  closers.push(() => processWatch.close())
  const health = createServerHealth({
    parts,
    settings,
    get adminUrl() {
      return later.adminUrl
    },
    logPath: options.logPath ?? null,
    nodePinned: options.nodePinned ?? null,
    connectionsMax: gatewayBounds.connectionsMax,
    processWatch,
    unpriced: prices,
    traffic: () => later.traffic(),
    demoKeyId: () => demoKeyIdOf(parts),
    readPlans: plansFile === null ? null : () => readPlansFile(plansFile),
    journalFormat: journalFormat(),
  })
  return {
    readiness: new Readiness(parts),
    health: () => health.look(),
    noteVerify: (report) => health.noteVerify(report),
  }
}

/** What the operator's pages show of the running server. */
function deskOf(
  {
    settings,
    options,
    parts,
  }: Pick<Parameters<typeof listen>[0], 'settings' | 'options' | 'parts'>,
  running: Pick<Parameters<typeof createDesk>[1], 'telemetry' | 'health'>,
): ReturnType<typeof createDesk> {
  return createDesk(parts, {
    ...running,
    settings: settingsInForce(settings, options.settingOrigins ?? new Map()),
    zone: settings.timeZone,
    pasted: (command) => pastedCommand(command, settings),
  })
}

/** What the check-up asks of parts that start after the port on which it is asked for. */
class LaterFacts {
  adminUrl = ''
  traffic: () => TrafficFacts | null = () => null
}

/** Known only once the gateway listens, which is after the page that refusals link to does. */
class Address {
  url = ''
}

/** Callers elsewhere learn nothing of this machine's folders. */
function commandOf({ gatewayHost, dataFolder }: Settings): { readonly command?: string } {
  if (!isLoopback(gatewayHost)) return {}
  return { command: `npm run plimsoll --${installationWords({ dataFolder, adminUrl: null })}` }
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
    ...commandOf(settings),
    timeZone: settings.timeZone,
    currencySymbol: settings.currencySymbol,
    deniedStatus: settings.denialStatus,
  }
}
