import { openJournalWriter } from '../../src/storage/sqlite-log/journal-writer.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { checkPromises, type Findings, type Promised } from './promises.ts'

export type LeftBehind = {
  readonly promises: readonly Promised[]
  /** Where the journal may end: a batch is there whole, or not at all. */
  readonly positions?: readonly number[]
}

/** Opens files that somebody who died left behind, as the next process would, and checks what is in them. */
export async function checkLeftBehind(
  dataFolder: string,
  { promises, positions }: LeftBehind,
): Promise<Findings> {
  try {
    const storage = await openAgain(dataFolder)
    try {
      const wrong = await checkStart(storage, positions)
      const findings = await checkPromises(storage, promises)
      return { ...findings, broken: [...findings.broken, ...wrong] }
    } finally {
      await storage.close()
    }
  } catch (error) {
    return { lost: [], deniedFalsely: [], broken: [String(error)] }
  }
}

/** Everything in this thread: the files are all that matters. */
const openAgain = (dataFolder: string): Promise<Storage> =>
  openSqliteStorage({
    dataFolder,
    clock: new ManualClock(Date.UTC(2036, 0)),
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    version: 'test',
    snapshotEvery: 4,
    startWriter: (path) => openJournalWriter(path),
    startCopier: () => ({
      work: async () => ({ pages: 0, copiedPages: 0, isBlocked: false }),
      close: async () => undefined,
    }),
  })

async function checkStart(
  storage: Storage,
  positions: readonly number[] | undefined,
): Promise<readonly string[]> {
  const wrong: string[] = []
  const [boot] = await storage.entries({ kind: 'boot', isNewestFirst: true, rowsMax: 1 })
  const last = (boot?.position ?? 0) - 1
  if (positions?.includes(last) === false) {
    wrong.push(`the journal ends at ${last}, not at one of ${positions.join(' and ')}`)
  }
  if (storage.openHolds().count > 0) wrong.push('a hold is open after the start')
  return wrong
}
