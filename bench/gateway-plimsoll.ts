import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { lingerMs } from '../src/books.ts'
import { customerId, limitId, memberId, operationId, planId } from '../src/core/ids.ts'
import { nanosPerUnit } from '../src/core/money.ts'
import type { Limit, Plan } from '../src/core/plan.ts'
import { createGateway } from '../src/gateway/gateway.ts'
import { createDecisionSigner } from '../src/operations/decision-id.ts'
import { issueKey } from '../src/operations/issue-key.ts'
import { openCustomer } from '../src/operations/open-customer.ts'
import type { GateParts } from '../src/operations/parts.ts'
import { publishPlans } from '../src/operations/publish-plans.ts'
import { seatMember } from '../src/operations/seat-member.ts'
import { WaitingLine } from '../src/operations/waiting-line.ts'
import { createPriceBook } from '../src/providers/prices.ts'
import { openSqliteStorage, snapshotEveryDefault } from '../src/storage/sqlite/sqlite-storage.ts'
import type { Logger } from '../src/system/logger.ts'
import { createPinoLogger } from '../src/system/pino-logger.ts'
import { systemRandom } from '../src/system/random.ts'
import { createSystemClock } from '../src/system/system-clock.ts'
import { benchFolder } from './bench-folder.ts'

/**
 * Plimsoll as it runs for an operator: SQLite on disk, every hold durable before the upstream is asked,
 * every request logged. Ten customers of two members each, all paid by their plans.
 */
const customers = 10
const membersEach = 2

const folder = benchFolder()
const clock = createSystemClock()
/** The lines are made and then dropped: where they go is the machine's business. */
const logger: Logger = createPinoLogger({ write: () => {} })
const storage = await openSqliteStorage({
  dataFolder: folder,
  clock,
  random: systemRandom,
  log: logger,
  version: 'bench',
  snapshotEvery: snapshotEveryDefault,
  lingerMs,
})
const parts: GateParts = {
  storage,
  clock,
  random: systemRandom,
  signer: createDecisionSigner('bench'),
  line: new WaitingLine(storage, clock, { waitMaxMs: 2000, waitersMax: 8 }),
  bootId: storage.bootId,
  holdMaxMs: 3_600_000,
}

const hourMs = 3_600_000
const limits: readonly Limit[] = [
  {
    id: limitId('session'),
    unit: 'money',
    amount: 1_000_000n * nanosPerUnit,
    shapes: [{ sinceMs: 0, shape: { kind: 'session', lengthMs: 5 * hourMs } }],
  },
  {
    id: limitId('week'),
    unit: 'money',
    amount: 9_000_000n * nanosPerUnit,
    shapes: [
      {
        sinceMs: 0,
        shape: { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' },
      },
    ],
  },
]
const plan: Plan = {
  id: planId('bench'),
  version: 1,
  name: 'Bench',
  priceNanos: null,
  limits,
  grants: [],
  runningMax: 1000,
  outputTokensExpected: 400,
}
await publishPlans(parts, [plan])

let commandCount = 0
const command = () => ({ operationId: operationId(`bench-${++commandCount}`), actor: 'bench' })
const keys: string[] = []
for (let customer = 0; customer < customers; customer++) {
  const owner = customerId(`customer-${customer}`)
  await openCustomer(parts, {
    ...command(),
    customerId: owner,
    zone: 'UTC',
    isExtraUsageOn: false,
    cap: { kind: 'unlimited' },
    overrunMaxNanos: 0n,
    isStrict: false,
    runningMax: 10_000,
  })
  for (let member = 0; member < membersEach; member++) {
    const scope = { customerId: owner, memberId: memberId(`member-${customer}-${member}`) }
    await seatMember(parts, { ...command(), ...scope, planId: plan.id })
    keys.push((await issueKey(parts, { ...command(), ...scope })).keyText)
  }
}

const gateway = createGateway({
  parts,
  prices: createPriceBook({
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    unpriced: 'refuse',
  }),
  upstream: { url: process.argv[2] ?? '', keys: ['sk-bench'], authStyle: 'x-api-key' },
  settings: {
    burst: { perMinute: 0, size: 1 },
    bodyBytesMax: 32 * 1024 * 1024,
    connectionsMax: 10_000,
    upstreamConnectionsMax: 10_000,
    keyPlacesMax: 10_000,
    bodyRoomBytes: 1024 * 1024 * 1024,
    headersMaxMs: 30_000,
    requestMaxMs: 300_000,
    callerStallMaxMs: 120_000,
    upstreamHeadersTimeoutMs: 60_000,
    upstreamSilenceMaxMs: 60_000,
    pageUrl: 'http://127.0.0.1/',
    timeZone: 'UTC',
    currencySymbol: '$',
    deniedStatus: 429,
  },
  logger,
})
process.send?.({ url: await gateway.listen(0), keys })

process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => {
  void gateway.close().then(async () => {
    await storage.close()
    rmSync(folder, { recursive: true })
    process.exit(0)
  })
})
