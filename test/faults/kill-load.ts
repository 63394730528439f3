import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openJournalWriter } from '../../src/storage/sqlite-log/journal-writer.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { ann } from '../contract/accounts.ts'
import { callAll, furnishAll } from './callers.ts'
import { startFaultyWriterThread } from './faulty-writer-thread.ts'
import type { KillPlan } from './kill-plan.ts'
import { sayPromise, type Promised } from './promises.ts'
import { SqlFaults } from './sql-faults.ts'

/**
 * The process that is killed: many callers at once, who print what they were told, and nothing before it was. A
 * printed line is the promise that the parent checks. Where the plan says so, the process kills itself at one
 * statement; a plan that never comes to its place ends with 0.
 */
const [dataFolder = '', planText = ''] = process.argv.slice(2)
const plan = JSON.parse(planText) as KillPlan
const faults = new SqlFaults()
let promised = 0

const armAt = (moment: KillPlan['moment']): void => {
  if (plan.kill !== null && plan.moment === moment) faults.arm({ kind: 'kill', ...plan.kill })
}

const say = (promise: Promised): void => {
  sayPromise(promise)
  promised += 1
}

armAt('opening')
const storage = await openSqliteStorage({
  dataFolder,
  clock: createSystemClock(),
  random: systemRandom,
  log: {
    info: () => undefined,
    warn: () => undefined,
    // The only error here is the commit that the plan lets fail.
    error: () => armAt('recovery'),
  },
  version: 'test',
  snapshotEvery: 4,
  sumsMax: 4,
  driver: faults.driver(),
  startWriter: (path) =>
    plan.isOwnThread
      ? startFaultyWriterThread(path, faults)
      : openJournalWriter(path, faults.driver()),
})
if (storage.openHolds().count > 0) fail('a hold of a dead process is open when callers are served')
if ((await storage.members()).length === 0) await furnishAll(storage)
armAt('serving')
if (plan.moment === 'recovery') {
  const when = plan.isCommitKept ? 'after' : 'before'
  faults.arm({ kind: 'io', place: 'commit', when, skipped: 5, times: 1 })
}

await Promise.race([
  callAll(storage, { count: 15, onPromise: say, onWrong: fail, onAway: () => wait(1) }),
  ...(plan.isEmptyingLog ? [emptyAgainAndAgain(storage)] : []),
  enough(),
])
armAt('closing')
await storage.close()
process.exit(0)

async function enough(): Promise<void> {
  while (promised < plan.promisesMax) await wait(1)
}

/** The log is copied and emptied between commits. */
async function emptyAgainAndAgain(of: Storage): Promise<never> {
  for (;;) {
    await of.putPerson({ id: ann.memberId, name: 'Ann', email: null }).catch(() => undefined)
    await of.erasePersons([ann.memberId]).catch(() => undefined)
    await wait(1)
  }
}

function fail(what: string): never {
  writeSync(2, `${what}\n`)
  process.exit(3)
}
