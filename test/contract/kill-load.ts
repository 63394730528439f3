import { writeSync } from 'node:fs'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { freshId, systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { ann, authorize, bob, furnish, settle, voidHold, zoe } from './accounts.ts'

/**
 * The process that `kill.test.ts` kills: many callers at once, who print what was acknowledged to them, and
 * nothing before it was. A printed line is the promise that the parent checks.
 */
const [dataFolder = ''] = process.argv.slice(2)
const silent = { info: () => undefined, warn: console.error, error: console.error }
const storage = await openSqliteStorage({
  dataFolder,
  clock: createSystemClock(),
  random: systemRandom,
  log: silent,
  version: 'test',
  snapshotEvery: 16,
})

/** Written at once: a line in a buffer would die with the process although it was promised. */
const acknowledge = (line: string): void => void writeSync(1, `${line}\n`)

if ((await storage.members()).length === 0) await furnish(storage)

const callers = 24
const scopes = [ann, bob, zoe]

async function call(caller: number): Promise<void> {
  const scope = scopes[caller % scopes.length] ?? ann
  for (let round = 0; ; round += 1) {
    const hold = freshId(systemRandom, 'hold')
    const { kind } = await authorize(storage, scope, hold)
    acknowledge(`${kind === 'allow' ? 'held' : 'denied'} ${scope.memberId} ${hold}`)
    // Every fifth request is still running when the process dies.
    if (kind === 'deny' || round % 5 === 4) continue
    if (round % 5 === 3) {
      await voidHold(storage, scope, hold)
      acknowledge(`voided ${scope.memberId} ${hold}`)
    } else {
      const { kind: answer } = await settle(storage, scope, hold)
      acknowledge(`${answer} ${scope.memberId} ${hold}`)
    }
  }
}

await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
