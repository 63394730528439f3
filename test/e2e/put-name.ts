import { memberId } from '../../src/core/ids.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** Writes a member's name past every check, as a restore or another tool could. */
export async function putName(dataFolder: string, member: string, name: string): Promise<void> {
  const silent = (): void => {}
  const storage = await openSqliteStorage({
    dataFolder,
    clock: createSystemClock(),
    random: systemRandom,
    log: { info: silent, warn: silent, error: silent },
    version: '0.0.0-test',
    snapshotEvery: 1000,
  })
  await storage.putPerson({ id: memberId(member), name, email: null })
  await storage.close()
}
