import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures } from '../../src/core/decision.ts'
import type { Entry } from '../../src/core/entry.ts'
import { customerId, limitId, memberId, operationId, planId } from '../../src/core/ids.ts'
import { nanosPerUnit, type Nanos } from '../../src/core/money.ts'
import type { Limit, Plan } from '../../src/core/plan.ts'
import type { GatewaySettings } from '../../src/gateway/gate.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts'
import { createDecisionSigner } from '../../src/operations/decision-id.ts'
import { getFigures } from '../../src/operations/figures.ts'
import { issueKey } from '../../src/operations/issue-key.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { Telemetry } from '../../src/operations/telemetry.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { topUp } from '../../src/operations/top-up.ts'
import { WaitingLine } from '../../src/operations/waiting-line.ts'
import { createPriceBook, type PriceBook } from '../../src/providers/prices.ts'
import type { SqlDriver } from '../../src/storage/sqlite-file/sql-driver.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { MemberScope, Storage } from '../../src/storage/storage.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { LogFields, Logger } from '../../src/system/logger.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/**
 * The real gateway on real storage in a folder of its own, with one customer, one member on a plan, and
 * one key. What stands outside (the upstream, the clock) is the test's choice.
 */
export type WorldOptions = {
  readonly upstream: {
    readonly url: string
    readonly authStyle?: 'x-api-key' | 'bearer'
    readonly keys?: readonly string[]
    readonly isSameMachine?: boolean
  }
  readonly plan?: Plan
  readonly clock?: Clock
  readonly prices?: PriceBook
  readonly settings?: Partial<GatewaySettings>
  readonly holdMaxMs?: number
  readonly waitMaxMs?: number
  /** The most that the operator absorbs for the customer in a month. */
  readonly overrunMaxNanos?: Nanos
  /** How many requests of a customer may run at once. */
  readonly customerRunningMax?: number
  /** Makes single statements of the storage fail. */
  readonly driver?: SqlDriver
  /** Stands between the gateway and its storage, to make it fail. */
  readonly wrapStorage?: (storage: Storage) => Storage
}

export type Seat = MemberScope & { readonly keyText: string; readonly headers: HeadersInit }
type HeadersInit = Readonly<Record<string, string>>

export type LogLine = LogFields & { readonly level: string; readonly message: string }

export interface World extends AsyncDisposable {
  readonly url: string
  readonly parts: GateParts
  readonly gateway: Gateway
  readonly telemetry: Telemetry
  /** The member that every world has. */
  readonly seat: Seat
  readonly logs: readonly LogLine[]
  /** Another member of the same customer, or of another one. */
  addSeat(name: string, terms?: { readonly customer?: string; readonly plan?: Plan }): Promise<Seat>
  turnOnExtraUsage(amountNanos: Nanos): Promise<void>
  figures(seat?: Seat): Promise<Figures>
  /** The member's journal, oldest first. */
  entries(seat?: Seat): Promise<readonly Entry[]>
  /** Resolves with their log lines when this many requests have been finished, holds ended included. */
  finished(count: number): Promise<readonly LogLine[]>
}

export const operatorKey = 'sk-operator-key'
const fiveHoursMs = 5 * 60 * 60 * 1000

/** A plan with one session limit in money; requests of a test expect a hundred tokens of output. */
export function sessionPlan(
  sessionNanos: Nanos,
  terms: Partial<Pick<Plan, 'runningMax' | 'outputTokensExpected' | 'id'>> & {
    readonly limits?: readonly Limit[]
  } = {},
): Plan {
  const { limits = [], ...rest } = terms
  return {
    id: planId('test'),
    version: 1,
    name: 'Test plan',
    priceNanos: null,
    limits: [sessionLimit(sessionNanos), ...limits],
    grants: [],
    runningMax: 200,
    outputTokensExpected: 100,
    ...rest,
  }
}

export function sessionLimit(amountNanos: Nanos, id = 'session'): Limit {
  const shape = { kind: 'session', lengthMs: fiveHoursMs } as const
  return { id: limitId(id), unit: 'money', amount: amountNanos, shapes: [{ sinceMs: 0, shape }] }
}

export const testPrices = createPriceBook({
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  unpriced: 'refuse',
})

const settingsDefault: GatewaySettings = {
  burst: { perMinute: 0, size: 1 },
  bodyBytesMax: 32 * 1024 * 1024,
  connectionsMax: 1000,
  upstreamConnectionsMax: 1000,
  keyPlacesMax: 1000,
  bodyRoomBytes: 1024 * 1024 * 1024,
  headersMaxMs: 30_000,
  requestMaxMs: 300_000,
  callerStallMaxMs: 60_000,
  upstreamHeadersTimeoutMs: 60_000,
  upstreamSilenceMaxMs: 60_000,
  pageUrl: 'http://127.0.0.1:4181/',
  timeZone: 'UTC',
  currencySymbol: '$',
  deniedStatus: 429,
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-world-'))
  const log = recordingLogger()
  const clock = options.clock ?? createSystemClock()
  const opened = await openSqliteStorage({
    dataFolder: folder,
    clock,
    random: systemRandom,
    log: log.logger,
    version: '0.0.0-test',
    snapshotEvery: 1000,
    ...(options.driver === undefined ? {} : { driver: options.driver }),
  })
  const storage = options.wrapStorage?.(opened) ?? opened
  const line = new WaitingLine(storage, clock, {
    waitMaxMs: options.waitMaxMs ?? 2000,
    waitersMax: 8,
  })
  const parts: GateParts = {
    storage,
    clock,
    random: systemRandom,
    signer: createDecisionSigner('test-secret'),
    line,
    bootId: storage.bootId,
    holdMaxMs: options.holdMaxMs ?? 60 * 60 * 1000,
  }
  const plan = options.plan ?? sessionPlan(10n * nanosPerUnit)
  const addSeat = createSeating(parts, { ...options, plan })
  const seat = await addSeat('ada')
  const telemetry = new Telemetry(clock, () => storage.recordNowMs())
  const gateway = createGateway({
    parts,
    telemetry,
    prices: options.prices ?? testPrices,
    upstream: { keys: [operatorKey], authStyle: 'x-api-key', ...options.upstream },
    settings: { ...settingsDefault, ...options.settings },
    logger: log.logger,
  } satisfies GatewayOptions)
  const url = await gateway.listen(0)
  return {
    url,
    parts,
    gateway,
    telemetry,
    seat,
    logs: log.lines,
    addSeat,
    finished: log.finished,
    figures: (of = seat) => getFigures(parts, of),
    entries: ({ customerId: customer, memberId: id } = seat) =>
      storage.entries({ customerId: customer, memberId: id }),
    turnOnExtraUsage: (amountNanos) => turnOnExtraUsage(parts, seat, amountNanos),
    async [Symbol.asyncDispose]() {
      await gateway.close()
      line.close()
      await storage.close()
      rmSync(folder, { recursive: true })
    },
  }
}

let commandCount = 0
const command = () => ({ operationId: operationId(`test-${++commandCount}`), actor: 'test' })

function createSeating(
  parts: GateParts,
  terms: { readonly plan: Plan } & Pick<WorldOptions, 'overrunMaxNanos' | 'customerRunningMax'>,
): World['addSeat'] {
  const opened = new Set<string>()
  return async (name, { customer = 'acme', plan = terms.plan } = {}) => {
    const scope = { customerId: customerId(customer), memberId: memberId(name) }
    await publishPlans(parts, [plan])
    if (!opened.has(customer)) {
      opened.add(customer)
      await openCustomer(parts, {
        ...command(),
        customerId: scope.customerId,
        zone: 'UTC',
        isExtraUsageOn: false,
        cap: { kind: 'unlimited' },
        overrunMaxNanos: terms.overrunMaxNanos ?? 100n * nanosPerUnit,
        isStrict: false,
        runningMax: terms.customerRunningMax ?? 1000,
      })
    }
    await seatMember(parts, { ...command(), ...scope, planId: plan.id })
    const { keyText } = await issueKey(parts, { ...command(), ...scope })
    const headers = { 'x-api-key': keyText, 'content-type': 'application/json' }
    return { ...scope, keyText, headers }
  }
}

async function turnOnExtraUsage(
  parts: GateParts,
  { customerId: customer }: Seat,
  amountNanos: Nanos,
): Promise<void> {
  await topUp(parts, {
    ...command(),
    customerId: customer,
    amountNanos,
    origin: 'top_up',
    expiresAtMs: null,
  })
  await setExtraUsage(parts, {
    ...command(),
    customerId: customer,
    memberId: null,
    isOn: true,
  })
}

function recordingLogger(): {
  readonly logger: Logger
  readonly lines: readonly LogLine[]
  readonly finished: World['finished']
} {
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ ...fields, level, message })
      for (const check of waiting) check()
    }
  const finishedLines = (): readonly LogLine[] =>
    lines.filter((line) => line.message === 'request finished')
  return {
    lines,
    logger: { info: write('info'), warn: write('warn'), error: write('error') },
    finished: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (finishedLines().length < count) return
          waiting.delete(check)
          resolve(finishedLines())
        }
        waiting.add(check)
        check()
      }),
  }
}
