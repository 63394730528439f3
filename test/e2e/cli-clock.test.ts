import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAdminWorld } from './admin-world.ts'
import { runCommand } from './cli-world.ts'
import { createSteeredClock } from './steered-clock.ts'

const dayMs = 24 * 3_600_000

async function openClocks() {
  const clock = createSteeredClock()
  clock.stepWall(Date.UTC(2026, 10, 27, 12) - clock.wallMs())
  const admin = await openAdminWorld({ clock })
  const environment = {
    PLIMSOLL_ADMIN_URL: admin.admin.url,
    PLIMSOLL_OPERATOR_TOKEN: admin.token,
    PLIMSOLL_TIME_ZONE: 'UTC',
  }
  const cli = (...args: string[]) => runCommand('.', args, { environment, columns: 200 })
  return { clock, admin, cli }
}

test('W3: the command line says how the clocks stand, and undoes a wrong jump once it is told to', async () => {
  const { clock, admin, cli } = await openClocks()
  await using _closing = admin
  const right = await cli('clock')
  assert.match(right.out, /Limits and caps +.*2026-11-27[\s\S]*State +right/)
  const none = await cli('clock', 'correct', '--yes')
  assert.equal(none.code === 0, false)
  assert.match(none.err, /nothing to undo/)
  clock.stepWall(35 * dayMs)
  assert.match((await cli('clock')).out, /State +this machine jumped ahead/)
  assert.equal((await cli('clock', 'adopt')).code, 0)
  await admin.ask()
  clock.stepWall(-35 * dayMs)
  assert.match((await cli('clock')).out, /`clock correct` goes back/)

  const asked = await cli('clock', 'correct')
  const done = await cli('clock', 'correct', '--yes', '--json')

  assert.equal(asked.code, 2)
  assert.match(asked.err, /would go back from .*2027-01-01 .* to 2026-11-27 /)
  assert.equal(done.code, 0, done.err)
  const { correction, clock: status } = JSON.parse(done.out) as {
    correction: { fromMs: number; toMs: number }
    clock: { isBehind: boolean; driftMs: number }
  }
  assert.ok(correction.fromMs - correction.toMs > 34 * dayMs)
  assert.deepEqual([status.isBehind, Math.abs(status.driftMs) < 1000], [false, true])
  assert.match((await cli('clock')).out, /State +right/)
})

test('the admin API corrects the clock once per key, and says when there is nothing to correct', async () => {
  const { clock, admin } = await openClocks()
  await using _closing = admin
  const none = await admin.call('POST', '/api/clock/correct')
  clock.stepWall(2 * dayMs)
  await admin.call('POST', '/api/clock/adopt')
  await admin.ask()
  clock.stepWall(-2 * dayMs)

  const first = await admin.call('POST', '/api/clock/correct', { key: 'once' })
  const again = await admin.call('POST', '/api/clock/correct', { key: 'once' })

  assert.deepEqual([none.status, none.json.error.code], [409, 'clock_not_correctable'])
  assert.deepEqual([first.status, again.status], [200, 200])
  assert.deepEqual(again.json.correction, first.json.correction)
})
