import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test, type TestContext } from 'node:test'
import { compareBooks } from './books.ts'
import { healthOf } from './health-world.ts'
import { writeRoomyPlans } from './roomy-plans.ts'
import {
  folderFor,
  mainOf,
  root,
  startFor,
  type Ending,
  type ServerProcess,
} from './server-process.ts'
import { StreamLoad } from './stream-load.ts'

const bootstrap = [process.execPath, join(root, 'scripts', 'bootstrap.mjs'), mainOf(root)]
const preload = (name: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, name)).href}`,
})

/** Sends the signal again until the server ends: the first of these later than an echo ends it at once. */
async function insist(server: ServerProcess, signal: NodeJS.Signals): Promise<Ending> {
  let ending: Ending | undefined
  void server.ended.then((ended) => {
    ending = ended
  })
  while (ending === undefined) {
    server.child.kill(signal)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return ending
}

async function loadOn(
  t: TestContext,
  flags: readonly string[],
  tokens = 2000,
): Promise<{ readonly folder: string; readonly server: ServerProcess; readonly load: StreamLoad }> {
  const folder = folderFor(t, 'stop')
  const plans = writeRoomyPlans(`${folder}-plans.json`)
  const server = await startFor(t, { folder, flags: [...plans, ...flags] })
  const load = new StreamLoad(() => tokens)
  load.moveTo(server)
  return { folder, server, load }
}

test('L9: a stop with streams in flight loses nothing: what is cut has last words and is settled, and the books add up', async (t) => {
  const { folder, server, load } = await loadOn(t, ['--drain-ms', '50'])
  load.start(8)
  await load.begun(8)

  server.child.kill('SIGTERM')
  const ending = await server.ended

  load.moveTo(null)
  const { told, denied, wrong } = await load.end()
  assert.deepEqual(ending, { code: 0, signal: null })
  assert.match(server.said(), /Stopped: 8 replies were cut and settled for what was delivered/)
  assert.deepEqual([denied, wrong], [[], []])
  assert.deepEqual(
    told.map(({ how }) => how),
    Array.from({ length: 8 }, () => 'last_words'),
  )
  const books = await compareBooks(folder, told)
  assert.deepEqual([books.missing, books.unsound], [[], []])
  assert.deepEqual([books.settledCount, books.expiredCount], [8, 0])
  assert.ok(!existsSync(join(folder, 'server.json')))
})

test('L9: replies that end within the drain are whole, and exact in the books', async (t) => {
  const { folder, server, load } = await loadOn(t, ['--drain-ms', '60000'], 60)
  load.start(4)
  await load.begun(4)

  server.child.kill('SIGTERM')
  const ending = await server.ended

  load.moveTo(null)
  const { told, denied, wrong } = await load.end()
  assert.deepEqual(ending, { code: 0, signal: null })
  assert.doesNotMatch(server.said(), /were cut/)
  assert.deepEqual([denied, wrong], [[], []])
  assert.ok(told.every(({ how }) => how === 'finished'))
  const books = await compareBooks(folder, told)
  assert.deepEqual([books.missing, books.unsound], [[], []])
  assert.deepEqual([books.estimatedCount, books.expiredCount], [0, 0])
})

test('a second signal ends the server at once, as that signal would, and the books are whole', async (t) => {
  const { folder, server, load } = await loadOn(t, ['--drain-ms', '600000'])
  load.start(4)
  await load.begun(4)

  const ending = await insist(server, 'SIGTERM')

  load.moveTo(null)
  const { told, denied, wrong } = await load.end()
  assert.deepEqual(ending, { code: null, signal: 'SIGTERM' })
  assert.deepEqual([denied, wrong], [[], []])
  assert.ok(readFileSync(join(folder, 'plimsoll.log'), 'utf8').includes('a second signal'))
  const books = await compareBooks(folder, told, 'at_once')
  assert.deepEqual([books.missing, books.unsound], [[], []])
})

test('a signal that arrives twice within a second, as from a terminal and through npm, is one', async (t) => {
  const { server, load } = await loadOn(t, ['--drain-ms', '600000'], 60)
  load.start(1)
  await load.begun(1)

  // Both wait for it when it goes on, so that no second passes in between; two alike would be one there.
  server.child.kill('SIGSTOP')
  server.child.kill('SIGINT')
  server.child.kill('SIGTERM')
  server.child.kill('SIGCONT')

  load.moveTo(null)
  assert.deepEqual(await server.ended, { code: 0, signal: null })
  assert.deepEqual(
    (await load.end()).told.map(({ how }) => how),
    ['finished'],
  )
})

test('a terminal that closes stops the server in order', async (t) => {
  const { server } = await loadOn(t, [])
  const closed = once(server.child, 'close')

  server.child.kill('SIGHUP')

  assert.deepEqual(await server.ended, { code: 0, signal: null })
  await closed
  assert.match(server.said(), /\nStopped\.\n$/)
})

test('before the listener closes, readiness says no while requests are still taken and connections are let go', async (t) => {
  const { server } = await loadOn(t, ['--stop-delay-ms', '600000'])
  const ready = await fetch(`${server.gatewayUrl}/readyz`)
  assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ready' }])

  server.child.kill('SIGTERM')
  await server.until(/Stopping/)

  for (const url of [server.gatewayUrl, server.adminUrl]) {
    const stopping = await fetch(`${url}/readyz`)
    const answer = await stopping.json()
    assert.deepEqual([stopping.status, answer], [503, { status: 'not_ready', reason: 'stopping' }])
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
  }
  const served = await fetch(`${server.gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'demo-output-tokens: 3' }],
    }),
  })
  await served.arrayBuffer()
  assert.equal(served.status, 200)
  assert.equal(served.headers.get('connection'), 'close')
  await insist(server, 'SIGTERM')
})

test('without a stop delay the gateway refuses connections at once, and the admin port says that it is stopping', async (t) => {
  const { server, load } = await loadOn(t, ['--drain-ms', '600000'], 60)
  load.start(1)
  await load.begun(1)

  server.child.kill('SIGTERM')
  await server.until(/Stopping/)

  assert.equal((await fetch(`${server.adminUrl}/readyz`)).status, 503)
  const { hostname, port } = new URL(server.gatewayUrl)
  const probe = connect({ host: hostname, port: Number(port) })
  await assert.rejects(once(probe, 'connect'), { code: 'ECONNREFUSED' })
  load.moveTo(null)
  assert.deepEqual(await server.ended, { code: 0, signal: null })
  await load.end()
})

for (const [stuck, what] of [
  ['stuck-http.mjs', 'a connection that never ends'],
  ['stuck-disk.mjs', 'a disk that hangs, with everything that waits for it'],
] as const) {
  test(`a stop that hangs on ${what} is ended by force, and says so`, async (t) => {
    const folder = folderFor(t, 'stuck')
    const flags = ['--drain-ms', '0', '--stop-grace-ms', '1000']
    const server = await startFor(t, { folder, flags, environment: preload(stuck) })

    server.child.kill('SIGTERM')

    assert.deepEqual(await server.ended, { code: null, signal: 'SIGKILL' })
    assert.match(server.said(), /The stop hangs after 1 s and is ended by force\. Nothing/)
    // The kernel frees the lock with the process: nobody has to clean up before the next start.
    assert.equal((await healthOf(folder)).of('lock').status, 'ok')
  })
}

test('through its door the server stops as it does alone, and its ending is the ending of the door', async (t) => {
  for (const [flags, expected] of [
    [[], { code: 0, signal: null }],
    [['--stop-delay-ms', '600000'], { code: null, signal: 'SIGTERM' }],
  ] as const) {
    const server = await startFor(t, { folder: folderFor(t), flags, through: bootstrap })
    if (flags.length === 0) server.child.kill('SIGTERM')
    assert.deepEqual(
      flags.length === 0 ? await server.ended : await insist(server, 'SIGTERM'),
      expected,
    )
  }
})

test('through npm a stop is a stop, and no server lives on', async (t) => {
  const folder = folderFor(t, 'npm')
  const server = await startFor(t, { folder, through: ['npm', 'start', '--silent', '--'] })

  server.child.kill('SIGTERM')
  await server.ended

  // The lock goes with the process that has it.
  while (existsSync(join(folder, 'server.json'))) await new Promise(setImmediate)
  while ((await healthOf(folder)).of('lock').status !== 'ok') await new Promise(setImmediate)
})

test('as the first process of a container the server stops on a signal, and its end is told as a number', async (t) => {
  const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--kill-child', 'true']).status === 0
  if (!canUnshare) return t.skip('this machine gives no process a number space of its own')
  const inside = ['unshare', '--pid', '--fork', '--kill-child']
  for (const first of [[process.execPath, mainOf(root)], bootstrap]) {
    const server = await startFor(t, { folder: folderFor(t), through: [...inside, ...first] })
    const [main = 0] = childrenOf(server.child.pid ?? 0)
    process.kill(main, 'SIGTERM')
    assert.deepEqual(await server.ended, { code: 0, signal: null })
  }
  const killed = await startFor(t, { folder: folderFor(t), through: [...inside, ...bootstrap] })
  const [door = 0] = childrenOf(killed.child.pid ?? 0)
  const [main = 0] = childrenOf(door)
  process.kill(main, 'SIGKILL')
  assert.deepEqual(await killed.ended, { code: 137, signal: null })
})

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}

test('a reader of standard output that is gone does not end the server', async (t) => {
  const { server } = await loadOn(t, [])
  server.child.stdout?.destroy()
  server.child.stderr?.destroy()

  server.child.kill('SIGTERM')

  assert.deepEqual(await server.ended, { code: 0, signal: null })
})

test('a fault that nobody caught ends the process with 1, one line and a log line', async (t) => {
  const folder = folderFor(t, 'fault')
  const server = await startFor(t, { folder, environment: preload('late-fault.mjs') })

  server.child.kill('SIGUSR2')

  assert.deepEqual(await server.ended, { code: 1, signal: null })
  assert.match(server.said(), /ends by a fault of its own \(made by a test\)/)
  assert.match(readFileSync(join(folder, 'plimsoll.log'), 'utf8'), /ends by a fault of its own/)
})
