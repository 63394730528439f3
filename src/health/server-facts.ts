import type { Settings } from '../config/settings.ts'
import { listPlans } from '../operations/list-published.ts'
import type { Plan } from '../core/plan.ts'
import type { KeyId } from '../core/ids.ts'
import type { Parts } from '../operations/parts.ts'
import { listDrifts } from '../operations/list-drifts.ts'
import type { ClockStatus, StorageHealth, VerifyReport } from '../storage/storage.ts'
import {
  fileFacts,
  mayWrite,
  openFilesCount,
  openFilesMax,
  type FileFacts,
} from './folder-facts.ts'
import type { GatewayPressure } from '../gateway/pressure.ts'
import type { UpstreamHealth } from '../gateway/reply/upstream-account.ts'
import { monthsOf, type CustomerMonth } from './customer-months.ts'
import type { ProcessWatch } from './process-watch.ts'
import type { UnpricedModels } from './unpriced-models.ts'

/** What a running server knows of itself, gathered at one moment; the checks only look. */
export type ServerFacts = {
  readonly nowMs: number
  readonly settings: Settings
  readonly adminUrl: string
  readonly node: { readonly version: string; readonly pinned: string | null }
  /** Null when a change went through to the disk just now; else why not. */
  readonly journalTrouble: string | null
  readonly storage: StorageHealth
  readonly position: number
  readonly clock: ClockStatus
  readonly holds: { readonly count: number; readonly mostOverdueMs: number }
  readonly customers: readonly CustomerMonth[]
  readonly customersLeftOut: boolean
  readonly lastDriftMs: number | null
  readonly lastVerify: NotedVerify | null
  readonly demoKeyId: KeyId | null
  readonly plansFile: PlansFileFact
  readonly unpriced: readonly string[]
  readonly log: {
    readonly path: string | null
    readonly file: FileFacts | null
    readonly isWritable: boolean
  }
  readonly openFiles: {
    readonly count: number | null
    readonly max: number | null
    readonly connectionsMax: number
  }
  /** Null until the gateway listens. */
  readonly traffic: TrafficFacts | null
  readonly eventLoopDelayMs: number
  readonly memory: {
    readonly heapBytes: number
    readonly heapMaxBytes: number
    readonly residentBytes: number
  }
  readonly upMs: number
}

export type TrafficFacts = {
  readonly upstream: UpstreamHealth
  readonly pressure: GatewayPressure
}

export type NotedVerify = { readonly atMs: number; readonly report: VerifyReport }

export type PlansFileFact =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'read'; readonly path: string; readonly differing: readonly string[] }

export type ServerFactSources = {
  readonly parts: Pick<Parts, 'storage' | 'clock'>
  readonly settings: Settings
  readonly adminUrl: string
  readonly logPath: string | null
  readonly nodePinned: string | null
  readonly connectionsMax: number
  readonly processWatch: ProcessWatch
  readonly unpriced: UnpricedModels
  readonly traffic: () => TrafficFacts | null
  /** Null when there is none, or it is revoked. */
  readonly demoKeyId: () => Promise<KeyId | null>
  /** The plans of the plans file, read anew; null where none is set. */
  readonly readPlans: (() => readonly Plan[]) | null
}

/** Customers looked at: those who were opened last. A check-up must not warm up a whole installation. */
const customersMax = 500

export async function gatherServerFacts(
  sources: ServerFactSources,
  lastVerify: NotedVerify | null,
): Promise<ServerFacts> {
  const { parts, settings, processWatch, logPath } = sources
  const { storage, clock } = parts
  const nowMs = storage.recordNowMs()
  const journalTrouble = await troubleOf(storage)
  const isReadable = journalTrouble === null
  const opened = await storage.entries({
    kind: 'customer_opened',
    isNewestFirst: true,
    rowsMax: customersMax,
  })
  const ids = opened.map(({ customerId }) => customerId)
  const openHolds = storage.openHolds()
  const [drift] = await listDrifts(parts, { rowsMax: 1 })
  return {
    nowMs,
    settings,
    adminUrl: sources.adminUrl,
    node: { version: process.versions.node, pinned: sources.nodePinned },
    journalTrouble,
    storage: await storage.health(),
    position: storage.durablePosition,
    clock: storage.clockStatus(),
    traffic: sources.traffic(),
    holds: {
      count: openHolds.count,
      mostOverdueMs: Math.max(0, nowMs - (openHolds.firstEndMs ?? nowMs)),
    },
    customers: isReadable ? await monthsOf(storage, ids) : [],
    customersLeftOut: opened.length === customersMax,
    lastDriftMs: drift?.foundAtMs ?? null,
    lastVerify,
    demoKeyId: await sources.demoKeyId(),
    plansFile: isReadable ? await plansFileFact(sources) : { kind: 'none' },
    unpriced: sources.unpriced.names(),
    log: {
      path: logPath,
      file: logPath === null ? null : fileFacts(logPath),
      isWritable: logPath === null || mayWrite(logPath),
    },
    openFiles: {
      count: openFilesCount(),
      max: openFilesMax(),
      connectionsMax: sources.connectionsMax,
    },
    ...processWatch.look(),
    upMs: clock.elapsedMs(),
  }
}

/** A change that writes nothing resolves only when everything before it is durable: it asks the disk. */
async function troubleOf(storage: Parts['storage']): Promise<string | null> {
  try {
    await storage.updateSystem(() => ({ answer: null, entries: [] }))
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function plansFileFact({
  parts,
  readPlans,
  settings,
}: ServerFactSources): Promise<PlansFileFact> {
  if (readPlans === null || settings.plansFile === null) return { kind: 'none' }
  try {
    const published = new Map((await listPlans(parts)).map((plan) => [plan.id, plan]))
    const differing = readPlans().filter((plan) => {
      const now = published.get(plan.id)
      return now === undefined || textOf({ ...plan, version: now.version }) !== textOf(now)
    })
    return { kind: 'read', path: settings.plansFile, differing: differing.map(({ id }) => id) }
  } catch (error) {
    return { kind: 'unreadable', problem: error instanceof Error ? error.message : String(error) }
  }
}

const textOf = (plan: Plan): string =>
  JSON.stringify(plan, (_key, value: unknown) => {
    if (typeof value === 'bigint') return `${value}`
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
