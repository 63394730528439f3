import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { ann } from '../contract/accounts.ts'
import { callAll, furnishAll } from './callers.ts'
import { sayPromise } from './promises.ts'

/**
 * The process whose writes and syncs are recorded: the real storage with its threads. Each line that it prints
 * stands in the record, too, as the moment at which something was promised.
 */
const [dataFolder = ''] = process.argv.slice(2)
const storage = await openSqliteStorage({
  dataFolder,
  clock: createSystemClock(),
  random: systemRandom,
  log: { info: () => undefined, warn: console.error, error: console.error },
  version: 'test',
  snapshotEvery: 4,
})
await furnishAll(storage)
for (let part = 0; part < 4; part += 1) {
  await Promise.all([
    callAll(storage, {
      count: 8,
      rounds: 4,
      onPromise: sayPromise,
      onWrong: (what) => {
        throw new Error(what)
      },
      onAway: () => Promise.reject(new Error('Nothing fails here')),
    }),
    // Copies the log into the journal file and empties it, in the middle of the commits.
    storage.erasePersons([ann.memberId]),
  ])
}
await storage.close()
