import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openDoctorWorld } from './doctor-world.ts'

/** Whoever reads the output stops, as `doctor | head -1` does. */

const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'plimsoll.ts')
const commands = [
  'doctor',
  'doctor --json',
  'doctor --watch',
  'doctor --report',
  'statusline',
  'checkpoint list',
  'wait --until 0s --no-notification',
]

for (const command of commands) {
  test(`${command} ends without a word when nobody reads its output any more`, async () => {
    using world = openDoctorWorld()
    const child = spawn(process.execPath, [program, ...command.split(' ')], {
      cwd: world.home,
      env: { PATH: process.env['PATH'], HOME: world.home, USERPROFILE: world.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close')
    child.stdout.destroy()

    const error = await text(child.stderr)
    const [code] = (await ended) as [number | null]

    assert.equal(error, '')
    assert.equal(code, 0)
  })
}

test('a line that is to run after waiting runs all the same', async () => {
  using world = openDoctorWorld()
  const args = ['wait', '--until', '0s', '--no-notification', '--then', 'exit 7']
  const child = spawn(process.execPath, [program, ...args], {
    cwd: world.home,
    env: { PATH: process.env['PATH'], HOME: world.home, USERPROFILE: world.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  child.stdout.destroy()

  const [code] = (await ended) as [number | null]

  assert.equal(code, 7)
})
