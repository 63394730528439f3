import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../config/load-settings.ts'
import { customerId, keyId } from '../../core/ids.ts'
import type { HealthFact } from '../../operations/health.ts'
import { runChecks } from '../check.ts'
import type { FolderFacts } from '../folder-facts.ts'
import type { ServerFacts, TrafficFacts } from '../server-facts.ts'
import { bookChecks } from './book-checks.ts'
import { folderChecks } from './folder-checks.ts'
import { gatewayChecks } from './gateway-checks.ts'
import { processChecks } from './process-checks.ts'
import { settingChecks } from './setting-checks.ts'

/** What a machine or a month would have to be for it, as facts; test/running/health.test.ts makes the rest for real. */

const hourMs = 3_600_000
const nowMs = 1_700_000_000_000
const giga = 1_000_000_000
const unit = 1_000_000_000n
const settings = loadSettings({ flags: [], environment: {}, folder: '/' })

const traffic: TrafficFacts = {
  upstream: {
    keys: [
      { place: 1, isPausing: false, pauseMs: 0, why: null },
      { place: 2, isPausing: false, pauseMs: 0, why: null },
    ],
    accountFailureCount: 0,
    lastAccountFailure: null,
    isAccountTroubled: false,
    brokenCount: 0,
    abandonedCount: 0,
    abandonedNanos: 0n,
    otherModelCount: 0,
    connections: { running: 0, waiting: 0, max: 10 },
  },
  pressure: {
    connections: { open: 1, max: 100, gaveWayCount: 0 },
    bodyRoom: { takenBytes: 0, bytesMax: giga },
    lateEnds: { count: 0, oldestMs: 0 },
    refusals: {} as TrafficFacts['pressure']['refusals'],
  },
}

const server: ServerFacts = {
  nowMs,
  settings,
  adminUrl: 'http://127.0.0.1:4181',
  node: { version: '26.0.0', pinned: '26.0.0' },
  journalTrouble: null,
  storage: {
    logBytes: 0,
    logBytesMax: giga,
    lastCheckpointAtMs: null,
    diskFreeBytes: giga,
    lastBackup: null,
    lastVerify: null,
    problems: [],
  },
  position: 10,
  clock: {
    recordMs: nowMs,
    wallMs: nowMs,
    driftMs: 0,
    isJumpHeld: false,
    isBehind: false,
    correctsToMs: null,
    witness: null,
  },
  holds: { count: 0, mostOverdueMs: 0 },
  customers: [],
  customersLeftOut: false,
  lastDriftMs: null,
  lastVerify: null,
  demoKeyId: null,
  plansFile: { kind: 'none' },
  unpriced: [],
  log: { path: '/log', file: { path: '/log', bytes: 1, mode: 0o600 }, isWritable: true },
  openFiles: { count: 10, max: 65_536, connectionsMax: 10_000 },
  traffic,
  eventLoopDelayMs: 1,
  memory: { heapBytes: 1, heapMaxBytes: 100, residentBytes: 1 },
  upMs: hourMs,
}

const folder: FolderFacts = {
  folder: '/data',
  mode: 0o700,
  ownerId: 1,
  userId: 1,
  isWritable: true,
  disk: { freeBytes: 100 * giga, allBytes: 200 * giga },
  journal: { path: '/data/journal.db', bytes: 100, mode: 0o600 },
  wal: null,
  token: null,
  isTokenElsewhere: true,
  header: { isSqlite: true, applicationId: 0x506c696d, format: 1 },
  keptCopyMs: null,
}

const ofServer = (change: Partial<ServerFacts>): readonly HealthFact[] =>
  runChecks([...bookChecks, ...settingChecks, ...processChecks], { ...server, ...change })
const ofFolder = (change: Partial<FolderFacts>): readonly HealthFact[] =>
  runChecks(folderChecks(1), { ...folder, ...change })
const ofTraffic = (change: {
  readonly upstream?: Partial<TrafficFacts['upstream']>
  readonly pressure?: Partial<TrafficFacts['pressure']>
}): readonly HealthFact[] =>
  runChecks(gatewayChecks, {
    upstream: { ...traffic.upstream, ...change.upstream },
    pressure: { ...traffic.pressure, ...change.pressure },
  })
const withSettings = (change: Partial<ServerFacts['settings']>): Partial<ServerFacts> => ({
  settings: { ...settings, ...change },
})
const month = (overrunNanos: bigint, lostNanos: bigint): ServerFacts['customers'] => [
  { customerId: customerId('acme'), overrunNanos, overrunMaxNanos: 10n * unit, lostNanos },
]
const report = (faults: readonly string[], driftCount: number): ServerFacts['lastVerify'] => ({
  atMs: nowMs,
  report: {
    entryCount: 1,
    customerCount: 1,
    memberCount: 1,
    openHoldCount: 0,
    faults,
    drifts: Array.from({ length: driftCount }, () => ({
      where: 'customer:acme',
      field: 'x',
      stored: '1',
      recomputed: '2',
      sincePosition: 1,
      sinceMs: 1,
    })),
    isHealed: false,
  },
})
const account = {
  lastAccountFailure: { kind: 'billing', keyPlace: 1, status: 402, wallMs: nowMs },
  isAccountTroubled: true,
} as Partial<TrafficFacts['upstream']>
const pausing = { place: 1, isPausing: true, pauseMs: 1, why: 'billing' }

type Case = readonly [
  check: string,
  status: 'warn' | 'bad',
  facts: readonly HealthFact[],
  found: RegExp,
  run?: RegExp,
]

const cases: readonly Case[] = [
  ['folder', 'bad', ofFolder({ mode: null }), /no data folder/, /^npm start -- --data-folder/],
  ['folder', 'bad', ofFolder({ isWritable: false }), /cannot be written/, /^chown -R/],
  ['folder', 'warn', ofFolder({ ownerId: 2 }), /another user/, /^chown -R/],
  [
    'disk-space',
    'bad',
    ofFolder({ disk: { freeBytes: 1000, allBytes: giga } }),
    /1\.0 kB of/,
    /^du /,
  ],
  [
    'disk-space',
    'warn',
    ofFolder({ disk: { freeBytes: giga, allBytes: 100 * giga } }),
    /free/,
    /^du /,
  ],
  [
    'journal-file',
    'bad',
    ofFolder({ header: { ...folderHeader(), isSqlite: false } }),
    /not a journal/,
  ],
  [
    'journal-file',
    'bad',
    ofFolder({ header: { ...folderHeader(), applicationId: 7 } }),
    /another program/,
  ],
  ['journal-file', 'bad', ofFolder({ header: { ...folderHeader(), format: 9 } }), /has format 9/],
  ['wal', 'warn', ofFolder({ wal: { path: '/w', bytes: giga, mode: 0o600 } }), /1\.0 GB/, /^fuser/],
  ['journal', 'bad', ofServer({ journalTrouble: 'no room' }), /cannot be written.*no room/],
  ['storage', 'bad', ofServer(withProblem('journal-damaged')), /it is so/, /^plimsoll verify$/],
  ['storage', 'bad', ofServer(withProblem('customer-quarantined')), /it is so/, /verify$/],
  ['storage', 'warn', ofServer(withProblem('erasure-open')), /it is so/],
  ['backup', 'warn', ofServer({ position: 20_000 }), /There is no backup/],
  [
    'drift',
    'bad',
    ofServer({ lastVerify: report(['torn'], 0) }),
    /damaged: torn/,
    /^plimsoll verify$/,
  ],
  [
    'drift',
    'bad',
    ofServer({ lastVerify: report([], 2) }),
    /in 2 places/,
    /^plimsoll verify --heal$/,
  ],
  ['holds', 'bad', ofServer({ holds: { count: 1, mostOverdueMs: hourMs } }), /60 min past/],
  [
    'lost-holds',
    'warn',
    ofServer({ customers: month(0n, unit) }),
    /Requests of 1 customer ended/,
    /history --customer acme/,
  ],
  [
    'overrun',
    'warn',
    ofServer({ customers: month(9n * unit, 0n) }),
    /acme: \$9\.00 of \$10\.00/,
    /acme/,
  ],
  [
    'clock',
    'bad',
    ofServer({ clock: { ...server.clock, isJumpHeld: true, wallMs: nowMs + 5 * hourMs } }),
    /5 h ahead/,
    /^plimsoll clock adopt$/,
  ],
  ['clock', 'warn', ofServer(behind(null)), /120 min|2 h behind/, /^timedatectl/],
  ['clock', 'bad', ofServer(behind(nowMs)), /behind a jump/, /^plimsoll clock correct --yes$/],
  [
    'demo-key',
    'bad',
    ofServer({ demoKeyId: keyId('key_1'), ...withSettings({ gatewayHost: '0.0.0.0' }) }),
    /other machines/,
    /^plimsoll key revoke key_1$/,
  ],
  ['admin-address', 'warn', ofServer(withSettings({ adminHost: '0.0.0.0' })), /without encryption/],
  [
    'page-address',
    'warn',
    ofServer(withSettings({ gatewayHost: '10.0.0.1' })),
    /link to http:\/\/127/,
  ],
  ['upstream-key', 'warn', ofServer(withSettings({ upstreamUrl: 'https://far' })), /No key/],
  [
    'open-files',
    'bad',
    ofServer({ openFiles: { count: 900, max: 1000, connectionsMax: 10 } }),
    /900 of 1000/,
    /^ulimit/,
  ],
  [
    'open-files',
    'warn',
    ofServer({ openFiles: { count: 9, max: 1024, connectionsMax: 10_000 } }),
    /1024/,
    /^ulimit/,
  ],
  [
    'operator-token',
    'warn',
    ofFolder({ isTokenElsewhere: false }),
    /no operator token in \/data/,
    /^plimsoll operator-token new$/,
  ],
  ['event-loop', 'warn', ofServer({ eventLoopDelayMs: 300 }), /300 ms/],
  ['event-loop', 'bad', ofServer({ eventLoopDelayMs: 3000 }), /3000 ms/],
  [
    'memory',
    'bad',
    ofServer({ memory: { ...server.memory, heapBytes: 90 } }),
    /90 bytes of 100/,
    /^export NODE_OPTIONS/,
  ],
  [
    'log',
    'warn',
    ofServer({
      log: { path: '/log', file: { path: '/log', bytes: 2 * giga, mode: 0 }, isWritable: true },
    }),
    /2\.0 GB/,
    /^: > \/log$/,
  ],
  [
    'node',
    'warn',
    ofServer({ node: { version: '27.0.0', pinned: '26.0.0' } }),
    /27\.0\.0/,
    /^npm start$/,
  ],
  ['settings', 'warn', ofServer(withSettings({ denialStatus: 400 })), /400/],
  ['upstream-account', 'bad', ofTraffic({ upstream: account }), /billing \(HTTP 402, key 1\)/],
  [
    'upstream-keys',
    'warn',
    ofTraffic({ upstream: { keys: [pausing, { ...pausing, place: 2, isPausing: false }] } }),
    /1 of 2/,
  ],
  ['upstream-keys', 'bad', ofTraffic({ upstream: { keys: [pausing] } }), /1 of 1/],
  [
    'upstream-places',
    'warn',
    ofTraffic({ upstream: { connections: { running: 10, waiting: 3, max: 10 } } }),
    /3 requests wait/,
  ],
  [
    'connections',
    'warn',
    ofTraffic({ pressure: { connections: { open: 90, max: 100, gaveWayCount: 2 } } }),
    /90 of 100/,
  ],
  [
    'bodies',
    'warn',
    ofTraffic({ pressure: { bodyRoom: { takenBytes: 900, bytesMax: 1000 } } }),
    /900 bytes/,
  ],
  [
    'late-ends',
    'warn',
    ofTraffic({ pressure: { lateEnds: { count: 3, oldestMs: 2 * hourMs } } }),
    /^3 replies .* 2 h\.$/,
  ],
]

function folderHeader(): NonNullable<FolderFacts['header']> {
  return { isSqlite: true, applicationId: 0x506c696d, format: 1 }
}

function behind(correctsToMs: number | null): Partial<ServerFacts> {
  const wallMs = nowMs - 2 * hourMs
  return { clock: { ...server.clock, wallMs, isBehind: true, correctsToMs } }
}

function withProblem(
  name: 'journal-damaged' | 'customer-quarantined' | 'erasure-open',
): Partial<ServerFacts> {
  const problem = { name, message: 'it is so', remedy: 'do so', sinceMs: null }
  return { storage: { ...server.storage, problems: [problem] } }
}

test('each problem is told with what comes of it and its cure', () => {
  for (const [check, status, facts, found, run] of cases) {
    const fact = facts.find((each) => each.check === check)
    assert.equal(fact?.status, status, check)
    assert.match(fact?.found ?? '', found)
    assert.ok((fact?.meaning ?? '').length > 15, `${check} says what comes of it`)
    assert.ok((fact?.cure?.say ?? '').length > 3, `${check} says what to do`)
    if (run !== undefined) assert.match(fact?.cure?.run ?? '', run)
  }
})

test('facts that are as they should be are right, and one problem does not spoil another check', () => {
  for (const facts of [ofServer({}), ofFolder({}), ofTraffic({})]) {
    assert.deepEqual(
      facts.filter(({ status }) => status !== 'ok').map(({ found }) => found),
      [],
    )
  }
  for (const [check, , facts] of cases) {
    const others = facts.filter((each) => each.status !== 'ok' && each.check !== check)
    // Listening for other machines is one choice, and leaves the link of refusals behind.
    const unexpected = others.filter((each) => each.check !== 'page-address')
    assert.deepEqual(
      unexpected.map((each) => each.check),
      [],
      check,
    )
  }
})

test('what is missing from a machine is not held against it', () => {
  const facts = [
    ...ofServer({ openFiles: { count: null, max: null, connectionsMax: 10 } }),
    ...ofServer({ node: { version: '26.0.0', pinned: null } }),
    ...ofFolder({ disk: null, journal: null, header: null, userId: null }),
  ]

  assert.deepEqual(
    facts.filter(({ status }) => status !== 'ok').map(({ found }) => found),
    [],
  )
})
