import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { holdId, memberId } from '../../src/core/ids.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { ann, balance, bob, look, openHoldIds, zoe } from './accounts.ts'

const kills = 20
/** The child is killed after some number of acknowledged answers up to this one. */
const linesMax = 400

test('L1, D6: kill -9 under load, twenty times, loses nothing acknowledged and leaks no hold', async () => {
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-kill-'))
  try {
    for (let round = 0; round < kills; round += 1) {
      const dataFolder = join(root, 'data')
      const acknowledged = await runUntilKilled(dataFolder, randomInt(1, linesMax))

      const storage = await reopen(dataFolder)
      try {
        await assertKept(storage, acknowledged)
        await assertSound(storage)
      } finally {
        await storage.close()
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

/** Every line that the child printed before it was killed, while all its callers were at work. */
async function runUntilKilled(dataFolder: string, lines: number): Promise<readonly string[]> {
  const script = join(import.meta.dirname, 'kill-load.ts')
  const child = spawn(process.execPath, [script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('exit', (_code, signal) => resolve(signal))
  })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === lines) child.kill('SIGKILL')
  }
  assert.equal(await ended, 'SIGKILL')
  assert.equal(acknowledged.length >= lines, true)
  // A line can be cut by the kill; a promise that was not finished was not made.
  return acknowledged.filter((line) => /^\w+ \w+ hold_[a-z0-9]{16}$/.test(line))
}

const reopen = (dataFolder: string): Promise<Storage> =>
  openSqliteStorage({
    dataFolder,
    clock: createSystemClock(),
    random: systemRandom,
    log: { info: () => undefined, warn: console.error, error: console.error },
    version: 'test',
    snapshotEvery: 16,
  })

async function assertKept(storage: Storage, acknowledged: readonly string[]): Promise<void> {
  for (const line of acknowledged) {
    const [promise = '', member = '', hold = ''] = line.split(' ')
    const kinds = (await storage.holdEntries(holdId(hold))).map(({ body }) => body.kind)
    if (promise === 'denied') assert.deepEqual(kinds, [], 'a refusal wrote something')
    else assert.equal(kinds[0], 'held', `${line}: the hold is lost`)
    if (promise !== 'settled' && promise !== 'voided') continue
    const end = await storage.findHoldEnd(memberId(member), holdId(hold))
    assert.equal(end?.body.kind, promise, `${line}: its end is lost`)
  }
}

/** No hold is open, the journal is whole, and every nano is where its entries say. */
async function assertSound(storage: Storage): Promise<void> {
  const report = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual(report.faults, [])
  assert.deepEqual(report.drifts, [])
  assert.equal(report.openHoldCount, 0)
  for (const scope of [ann, bob, zoe]) {
    assert.deepEqual(await look(storage, scope, openHoldIds), [])
  }
  let chargedNanos = 0n
  for (let afterPosition = 0; ;) {
    const page = await storage.entries({ ...bob, kind: 'settled', afterPosition })
    for (const { body } of page) if (body.kind === 'settled') chargedNanos += body.chargedNanos
    if (page.length === 0) break
    afterPosition = page.at(-1)?.position ?? Infinity
  }
  assert.equal(await look(storage, bob, balance), 1_000_000n - chargedNanos)
}
