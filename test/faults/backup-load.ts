import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { restoreBackup } from '../../src/storage/backup/restore-backup.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { callAll, furnishAll } from './callers.ts'
import { promiseLine } from './promises.ts'

/**
 * The process that is killed in the middle of a backup or of a restore. Lines that begin with # say how far it is;
 * what was promised before a backup began has to be in it.
 */
const [mode = '', dataFolder = '', file = ''] = process.argv.slice(2)
const clock = createSystemClock()

/** Written whole, however slowly the parent reads. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

if (mode === 'backup') await backUpAgainAndAgain()
else await restore()

async function backUpAgainAndAgain(): Promise<void> {
  const storage = await openSqliteStorage({
    dataFolder,
    clock,
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    version: 'test',
    snapshotEvery: 4,
  })
  await furnishAll(storage)
  void callAll(storage, {
    count: 10,
    onPromise: (promised) => say(promiseLine(promised)),
    onWrong: fail,
    onAway: () => wait(1),
  })
  for (;;) {
    say('# begun\n')
    await storage.backup({ file, isReplacing: true })
    say('# done\n')
  }
}

async function restore(): Promise<void> {
  say('# begun\n')
  await restoreBackup(
    { file, dataFolder, isReplacing: true, nowMs: clock.wallMs() },
    () => undefined,
  )
  say('# done\n')
  await wait(600_000)
}

function fail(what: string): never {
  writeSync(2, `${what}\n`)
  process.exit(3)
}
