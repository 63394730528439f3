import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { apply, healthOf } from './health-world.ts'
import { folderFor, startFor } from './server-process.ts'

const dayMs = 24 * 3_600_000

/** A journal whose clock ended so far from the present; what was followed on the way is in it. */
async function journalAt(folder: string, offMs: number): Promise<void> {
  mkdirSync(folder, { mode: 0o700 })
  const ignore = (): void => undefined
  const clock = new ManualClock(createSystemClock().wallMs() + Math.min(0, offMs))
  const storage = await openSqliteStorage({
    dataFolder: folder,
    clock,
    random: systemRandom,
    log: { info: ignore, warn: ignore, error: ignore },
    version: '0.0.0-test',
  })
  clock.stepWall(Math.max(0, offMs))
  storage.adoptWallClock()
  await storage.updateSystem(() => ({ answer: undefined, entries: [] }))
  await storage.close()
}

test('W3: health finds a wrong jump that was followed, and its cure goes back', async (t) => {
  const folder = folderFor(t)
  await journalAt(folder, 35 * dayMs)
  await startFor(t, { folder, flags: [] })

  const found = (await healthOf(folder)).of('clock')
  const cured = await apply(folder, found)
  const after = (await healthOf(folder)).of('clock')

  assert.equal(found.status, 'bad')
  assert.match(found.found, /behind a jump that was followed/)
  assert.equal(cured.code, 0, cured.err)
  assert.equal(after.status, 'ok', after.found)
})

test('W3: the demo is in the present after weeks without a start', async (t) => {
  const folder = folderFor(t)
  await journalAt(folder, -30 * dayMs)
  await startFor(t, { folder, flags: [] })

  assert.equal((await healthOf(folder)).of('clock').status, 'ok')
})

test('W3: in front of another upstream on this machine, weeks without a start wait for the operator', async (t) => {
  const folder = folderFor(t)
  await journalAt(folder, -30 * dayMs)
  const flags = ['--upstream-url', 'http://127.0.0.1:9', '--upstream-key', 'dummy']
  await startFor(t, { folder, flags })

  const found = (await healthOf(folder)).of('clock')
  const cured = await apply(folder, found)

  assert.equal(found.status, 'bad')
  assert.match(found.command ?? '', /clock adopt/)
  assert.equal(cured.code, 0, cured.err)
  assert.equal((await healthOf(folder)).of('clock').status, 'ok')
})
