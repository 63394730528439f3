import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** A process that tries to own a data folder and says how that went. */
const [dataFolder = ''] = process.argv.slice(2)
const silent = { info: () => undefined, warn: console.error, error: console.error }
try {
  const storage = await openSqliteStorage({
    dataFolder,
    clock: createSystemClock(),
    random: systemRandom,
    log: silent,
    version: 'test',
  })
  await storage.close()
  console.log('owned')
} catch (error) {
  const isCoded = error instanceof Error && 'code' in error
  console.log(isCoded ? `${String(error.code)}: ${error.message}` : String(error))
}
