import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCliWorld } from './cli-world.ts'

/** Starts of the server that cannot succeed, and what a start that does leaves in the log. */

const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

type Ended = { readonly code: number | null; readonly out: string; readonly error: string }

function start(flags: readonly string[]): Ended {
  const ours = /^(PLIMSOLL_|ANTHROPIC_)/
  const environment = Object.entries(process.env).filter(([name]) => !ours.test(name))
  const ran = spawnSync(process.execPath, [program, ...flags], {
    encoding: 'utf8',
    timeout: 30_000,
    env: Object.fromEntries(environment),
  })
  return { code: ran.status, out: ran.stdout, error: ran.stderr }
}

const freePorts = ['--gateway-port', '0', '--admin-port', '0']
/** What makes a first start take seconds, and say so. */
const noDemoWorld = ['--is-demo-seeded', 'false']

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-start-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A failed start says what is wrong, and neither a stack nor anything on standard output. */
function assertToldPlainly(ended: Ended, code: number, message: RegExp): void {
  assert.match(ended.error, message)
  assert.doesNotMatch(ended.error, /^\s+at |Error:|sonic/m)
  assert.equal(ended.out, '')
  assert.equal(ended.code, code)
}

test('a second start on the same data folder says so and nothing else, and the first serves on', async () => {
  await using world = await openCliWorld()

  const second = start([...freePorts, '--data-folder', world.folder])

  assertToldPlainly(second, 1, /^Another Plimsoll \(process \d+\) uses the data folder [^\n]+\n$/)
  assert.equal((await world.ask(10)).status, 200)
})

test('a taken port is told with the way out, whichever of the two it is', async (t) => {
  await using world = await openCliWorld()
  const folder = folderFor(t)
  const taken = new URL(world.gatewayUrl).port

  for (const flags of [
    ['--gateway-port', taken, '--admin-port', '0'],
    ['--gateway-port', '0', '--admin-port', taken],
  ]) {
    const ended = start([...flags, ...noDemoWorld, '--data-folder', folder])
    assertToldPlainly(ended, 1, new RegExp(`^Port ${taken} is taken .*\\n  npm start -- `))
  }
})

test('a start with wrong settings, files or folders says which, without a stack', (t) => {
  const folder = folderFor(t)
  const plans = join(folder, 'plans.json')
  writeFileSync(plans, '{ "plans": [] ')
  const own = [...freePorts, '--data-folder', join(folder, 'data')]

  assertToldPlainly(start(['--gateway-prot', '1']), 2, /did you mean --gateway-port\?\n$/)
  assertToldPlainly(start([...own, '--plans-file', plans]), 2, /plans\.json: This is not JSON/)
  assertToldPlainly(start([...own, '--prices-file', join(folder, 'none')]), 2, /prices file/)
  assertToldPlainly(start([...own, '--log-file', folder]), 1, /EISDIR/)
  assertToldPlainly(start([...freePorts, '--data-folder', plans]), 2, /plans\.json/)
})

test('the log, which is for its owner only, begins with the settings in force and hides secrets', async () => {
  await using world = await openCliWorld(['--operator-token', 'plop_secret', '--drain-ms', '50'])
  await world.stop('SIGTERM')
  const path = join(world.folder, 'plimsoll.log')

  const log = readFileSync(path, 'utf8')
  const [line] = log
    .split('\n')
    .filter((text) => text.includes('"started"'))
    .map((text): unknown => JSON.parse(text))

  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.ok(typeof line === 'object' && line !== null)
  const { dataFolder, drainMs, operatorToken, gatewayUrl, adminUrl, upstreamKey } = line as Record<
    string,
    unknown
  >
  assert.deepEqual(
    { dataFolder, drainMs, operatorToken, gatewayUrl, adminUrl, upstreamKey },
    {
      dataFolder: world.folder,
      drainMs: '50',
      operatorToken: '[secret]',
      gatewayUrl: world.gatewayUrl,
      adminUrl: world.adminUrl,
      upstreamKey: 'none',
    },
  )
  assert.ok(!log.includes('plop_secret'))
  assert.ok(!log.includes(world.demoKey))
})
