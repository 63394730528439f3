import {
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
  closeSync,
  fdatasyncSync,
} from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { openCustomer, publishPlan, publishPrice, seatMember, grant } from '../src/core/commands.ts'
import {
  customerId,
  grantId,
  limitId,
  memberId,
  planId,
  priceId,
  type PriceId,
} from '../src/core/ids.ts'
import type { Plan } from '../src/core/plan.ts'
import { authorize } from '../src/operations/authorize.ts'
import { createDecisionSigner } from '../src/operations/decision-id.ts'
import type { GateParts } from '../src/operations/parts.ts'
import { settle } from '../src/operations/settle.ts'
import { WaitingLine } from '../src/operations/waiting-line.ts'
import type { SqliteStorageOptions } from '../src/storage/sqlite/sqlite-options.ts'
import { openSqliteStorage } from '../src/storage/sqlite/sqlite-storage.ts'
import type { MemberScope, Storage } from '../src/storage/storage.ts'
import { systemRandom } from '../src/system/random.ts'
import { createSystemClock } from '../src/system/system-clock.ts'

/**
 * How many requests can be authorized and settled durably per second? Each caller is one member who sends
 * one request after another; three of four are paid by their plan, one by the wallet. Beside it stands
 * what the disk alone can do: the same bytes, appended in the same groups, with one fdatasync a group.
 * Rounds of both are interleaved; what counts are the ratios within one run.
 */
type Pace = { readonly rounds: number; readonly durationMs: number }
const fullPace: Pace = { rounds: 5, durationMs: 2000 }
const quickPace: Pace = { rounds: 1, durationMs: 500 }
const callerCounts = [1, 16, 256]
const customerCount = 16

type Row = {
  readonly callers: number
  /** Medians of all rounds. */
  readonly pairsPerSecond: number
  readonly pairMs: number
  readonly entriesPerCommit: number
  readonly bytesPerEntry: number
  /** How busy the thread that serves callers was, between 0 and 1. */
  readonly busy: number
  readonly rawPairsPerSecond: number
  readonly ofRaw: number
}

export type JournalReport = {
  readonly bench: 'journal'
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly pace: Pace
  readonly rows: readonly Row[]
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const report = await measure(values.quick === true ? quickPace : fullPace)
  console.log(values.json === true ? JSON.stringify(report, null, 2) : toText(report))
}

async function measure(pace: Pace): Promise<JournalReport> {
  // Not the temporary folder of the system: that may be memory, where nothing is ever durable.
  mkdirSync('.cache', { recursive: true })
  const folder = mkdtempSync(join('.cache', 'bench-journal-'))
  try {
    const rows: Row[] = []
    for (const callers of callerCounts) rows.push(await measureCallers(callers, { folder, pace }))
    const [cpu] = cpus()
    const gib = Math.round(totalmem() / 2 ** 30)
    return {
      bench: 'journal',
      machine: `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${gib} GiB, ${process.platform}`,
      versions: { node: process.version, sqlite: process.versions['sqlite'] ?? '' },
      pace,
      rows,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureCallers(
  callers: number,
  bed: { readonly folder: string; readonly pace: Pace },
): Promise<Row> {
  const dataFolder = join(bed.folder, `callers-${callers}`)
  const parts = await openParts(dataFolder)
  const price = priceId('bench')
  const scopes = await seatAll(parts.storage, callers)
  await round(parts, { scopes, price, durationMs: bed.pace.durationMs / 4 })
  const rounds: Round[] = []
  const raws: number[] = []
  for (let count = 0; count < bed.pace.rounds; count += 1) {
    const { durationMs } = bed.pace
    const measured = await round(parts, { scopes, price, durationMs })
    rounds.push(measured)
    const bytesPerGroup = Math.round(measured.entriesPerCommit * bytesPerEntry(dataFolder))
    const groupsPerSecond = rawAppends(join(bed.folder, 'raw.log'), { bytesPerGroup, durationMs })
    raws.push((groupsPerSecond * measured.entriesPerCommit) / 2)
  }
  const bytes = bytesPerEntry(dataFolder)
  await parts.storage.close()
  const pairsPerSecond = median(rounds.map((r) => r.pairsPerSecond))
  const rawPairsPerSecond = median(raws)
  return {
    callers,
    pairsPerSecond: Math.round(pairsPerSecond),
    pairMs: (1000 * callers) / pairsPerSecond,
    entriesPerCommit: median(rounds.map((r) => r.entriesPerCommit)),
    bytesPerEntry: Math.round(bytes),
    busy: median(rounds.map((r) => r.busy)),
    rawPairsPerSecond: Math.round(rawPairsPerSecond),
    ofRaw: median(rounds.map((r, index) => r.pairsPerSecond / (raws[index] ?? Infinity))),
  }
}

export async function openParts(
  dataFolder: string,
  more: Partial<SqliteStorageOptions> = {},
): Promise<GateParts> {
  const clock = createSystemClock()
  const silent = { info: () => undefined, warn: console.error, error: console.error }
  const storage = await openSqliteStorage({
    dataFolder,
    clock,
    random: systemRandom,
    log: silent,
    version: 'bench',
    ...more,
  })
  return {
    storage,
    clock,
    random: systemRandom,
    signer: createDecisionSigner('bench'),
    line: new WaitingLine(storage, clock, { waitMaxMs: 2000, waitersMax: 8 }),
    bootId: storage.bootId,
    holdMaxMs: 600_000,
  }
}

const session = { kind: 'session', lengthMs: 5 * 3600_000 } as const
const week = { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' } as const
const model = 'bench-model'

/** A plan that pays everything, and one that pays nothing, so that the wallet has to. */
function benchPlan(name: 'roomy' | 'spent', amount: bigint): Plan {
  return {
    id: planId(name),
    version: 1,
    name,
    priceNanos: null,
    limits: [
      { id: limitId('session'), unit: 'money', amount, shapes: [{ sinceMs: 0, shape: session }] },
      { id: limitId('week'), unit: 'money', amount, shapes: [{ sinceMs: 0, shape: week }] },
    ],
    grants: [],
    runningMax: 1000,
    outputTokensExpected: 500,
  }
}

export async function publishBenchPlans(storage: Storage): Promise<void> {
  const rates = {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 3_000_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 15_000_000_000n }],
  }
  const price = { id: priceId('bench'), model, source: 'bench', rates, multipliers: {} }
  await storage.updateSystem((_system, context) => ({
    answer: undefined,
    entries: [publishPrice(price, context)],
  }))
  for (const plan of [benchPlan('roomy', 10n ** 18n), benchPlan('spent', 0n)]) {
    await storage.updateSystem((system, context) => {
      const draft = publishPlan(system, plan, context)
      return { answer: undefined, entries: draft === undefined ? [] : [draft] }
    })
  }
}

export async function seatAll(storage: Storage, callers: number): Promise<readonly MemberScope[]> {
  await publishBenchPlans(storage)
  const scopes: MemberScope[] = []
  for (let index = 0; index < callers; index += 1) {
    const scope = {
      customerId: customerId(`customer_${index % customerCount}`),
      memberId: memberId(`member_${index}`),
    }
    if (index < customerCount) await openWithMoney(storage, scope)
    const plan = planId(index % 4 === 3 ? 'spent' : 'roomy')
    await storage.update(scope, (account, context) => ({
      answer: undefined,
      entries: [{ ...seatMember(account, { planId: plan }, context), memberId: scope.memberId }],
    }))
    scopes.push(scope)
  }
  return scopes
}

export async function openWithMoney(
  storage: Storage,
  { customerId: id }: MemberScope,
): Promise<void> {
  await storage.updateCustomer(id, ({ customer }, context) => {
    const terms = {
      zone: 'UTC',
      isExtraUsageOn: true,
      cap: { kind: 'unlimited' },
      overrunMaxNanos: 10n ** 15n,
      isStrict: false,
      runningMax: 1000,
    } as const
    const topUp = {
      grantId: grantId(`topup_${id}`),
      origin: 'top_up',
      priority: 50,
      expiresAtMs: null,
      amountNanos: 10n ** 17n,
    } as const
    return {
      answer: undefined,
      entries: [openCustomer(terms, context), grant(customer, topUp, context)],
    }
  })
}

type Round = {
  readonly pairsPerSecond: number
  readonly entriesPerCommit: number
  readonly busy: number
}

export async function round(
  parts: GateParts,
  load: {
    readonly scopes: readonly MemberScope[]
    readonly price: PriceId
    readonly durationMs: number
  },
): Promise<Round> {
  let commits = 0
  let pairs = 0
  const stop = parts.storage.onCommit(() => (commits += 1))
  const firstPosition = parts.storage.durablePosition
  const startMs = performance.now()
  const busyBefore = performance.eventLoopUtilization()
  const isOver = (): boolean => performance.now() - startMs >= load.durationMs
  await Promise.all(
    load.scopes.map(async (scope) => {
      while (!isOver()) {
        await onePair(parts, scope, load.price)
        pairs += 1
      }
    }),
  )
  const tookMs = performance.now() - startMs
  stop()
  return {
    pairsPerSecond: (pairs * 1000) / tookMs,
    entriesPerCommit: (parts.storage.durablePosition - firstPosition) / commits,
    busy: performance.eventLoopUtilization(busyBefore).utilization,
  }
}

export async function onePair(parts: GateParts, scope: MemberScope, price: PriceId): Promise<void> {
  const facts = {
    model,
    priceId: price,
    inputTokensExpected: 1200,
    inputTokensMax: 2400,
    maxTokens: 4096,
    isThinking: false,
    consent: 'allow',
  } as const
  const { decision } = await authorize(parts, scope, { keyId: null, facts })
  if (decision.kind === 'deny') throw new Error(`The bench was denied: ${decision.denial.reason}`)
  await settle(parts, scope, {
    holdId: decision.allowance.holdId,
    usage: { input: 1180, output: 412 },
    marks: ['service_tier:standard'],
    isEstimate: false,
    upstreamRequestId: 'req_011CSHoEeqs5C35K2UUqR7Fy',
  })
}

/** What a journal row weighs: every column that is stored as text, and its numbers. */
function bytesPerEntry(dataFolder: string): number {
  const db = new DatabaseSync(join(dataFolder, 'journal.db'), { readOnly: true })
  try {
    const row = db
      .prepare(
        `SELECT avg(length(customer_id) + length(coalesce(member_id, '')) + length(kind)
           + length(coalesce(hold_id, '')) + length(legs) + length(body) + length(hash) + 16) AS bytes
         FROM (SELECT * FROM journal ORDER BY position DESC LIMIT 5000)`,
      )
      .get()
    return Number(row?.['bytes'])
  } finally {
    db.close()
  }
}

/** Groups per second that a bare file takes: append, fdatasync, again. */
function rawAppends(
  path: string,
  load: { readonly bytesPerGroup: number; readonly durationMs: number },
): number {
  const bytes = Buffer.alloc(load.bytesPerGroup, 'x')
  const file = openSync(path, 'w')
  const startMs = performance.now()
  let groups = 0
  try {
    while (performance.now() - startMs < load.durationMs) {
      writeSync(file, bytes)
      fdatasyncSync(file)
      groups += 1
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return (groups * 1000) / (performance.now() - startMs)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

function toText(report: JournalReport): string {
  const { machine, versions, pace, rows } = report
  const lines = [
    'Durable authorize + settle pairs, beside a bare append + fdatasync of the same bytes and groups',
    `${machine}; Node ${versions['node']}, SQLite ${versions['sqlite']}; medians of ${pace.rounds} rounds of ${pace.durationMs} ms`,
    '',
    'callers   pairs/s   ms/pair   entries/commit   bytes/entry   busy   raw pairs/s   of raw',
  ]
  for (const row of rows) {
    lines.push(
      [
        String(row.callers).padStart(7),
        String(row.pairsPerSecond).padStart(9),
        row.pairMs.toFixed(2).padStart(9),
        row.entriesPerCommit.toFixed(1).padStart(16),
        String(row.bytesPerEntry).padStart(13),
        row.busy.toFixed(2).padStart(6),
        String(row.rawPairsPerSecond).padStart(13),
        row.ofRaw.toFixed(2).padStart(8),
      ].join(' '),
    )
  }
  return lines.join('\n')
}
