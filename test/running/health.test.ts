import assert from 'node:assert/strict'
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { apply, cliOn, healthOf, type Health, type Shown } from './health-world.ts'
import { folderFor, root, startFor, type ServerProcess } from './server-process.ts'
import { StreamLoad } from './stream-load.ts'

/** Each problem is made for real; the check names it and its cure; the cure, carried out, ends it. */

async function serverFor(
  t: TestContext,
  flags: readonly string[] = [],
): Promise<{ readonly folder: string; readonly server: ServerProcess }> {
  const folder = folderFor(t)
  return { folder, server: await startFor(t, { folder, flags }) }
}

function assertTold(fact: Shown, status: 'warn' | 'bad', command: RegExp | null): void {
  assert.equal(fact.status, status, fact.found)
  assert.ok((fact.meaning ?? '').length > 20, 'what comes of it is said')
  assert.ok((fact.cure?.say ?? '').length > 5, 'what to do is said')
  if (command === null) assert.equal(fact.command, null)
  else assert.match(fact.command ?? '', command)
}

/** These judge the machine that the tests run on. */
const ofTheMachine = new Set(['event-loop', 'disk-space', 'open-files', 'memory'])

function assertAllRight({ facts, code }: Health): void {
  const wrong = facts.filter(({ status }) => status !== 'ok')
  const ours = wrong.filter(({ check }) => !ofTheMachine.has(check))
  assert.deepEqual(
    ours.map(({ found }) => found),
    [],
  )
  assert.equal(code === 0, wrong.length === 0)
}

test('a fresh start passes every check, in a folder that is closed to others; docs/health.md has a row for each', async (t) => {
  const { folder, server } = await serverFor(t)

  const health = await healthOf(folder)

  assertAllRight(health)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.match((await cliOn(folder, ['health'])).out, /^✔ server: The server answers at http/)
  assert.equal(health.of('upstream-keys').found, 'No upstream key pauses.')
  server.child.kill('SIGTERM')
  await server.ended

  const stopped = (await cliOn(folder, ['health', '--all'])).out
  assert.match(stopped, /^– server: No server runs on the data folder /)
  const page = readFileSync(join(root, 'docs', 'health.md'), 'utf8')
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id = '']) => id)
  const both = [...health.facts, ...(await healthOf(folder)).facts].map(({ check }) => check)
  assert.deepEqual(listed.toSorted(), [...new Set(both)].toSorted())
})

test('a folder or token that others can read is bad, and chmod closes it', async (t) => {
  const { folder } = await serverFor(t)
  chmodSync(folder, 0o755)
  chmodSync(join(folder, 'operator-token'), 0o644)

  const health = await healthOf(folder)
  assertTold(health.of('folder'), 'bad', /^chmod 700 /)
  assertTold(health.of('operator-token'), 'bad', /^chmod 600 /)
  assert.equal(health.code, 1)
  await apply(folder, health.of('folder'))
  await apply(folder, health.of('operator-token'))

  assertAllRight(await healthOf(folder))
})

test('a sum that was damaged and healed warns until everything is verified', async (t) => {
  const { folder } = await serverFor(t, ['--snapshot-every', '1'])
  await cliOn(folder, ['topup', '5', '--customer', 'demo'])
  const db = new DatabaseSync(join(folder, 'journal.db'), { timeout: 5000 })
  db.exec(`UPDATE snapshot SET state = replace(state, '"availableNanos":"', '"availableNanos":"9')`)
  db.close()
  // The audit looks at every snapshot within a second or two.
  while ((await healthOf(folder)).of('drift').status === 'ok') await new Promise(setImmediate)

  const health = await healthOf(folder)
  assertTold(health.of('drift'), 'warn', /^npm run plimsoll -- verify/)
  assert.equal(health.code, 6)
  assert.equal((await apply(folder, health.of('drift'))).code, 0)

  assert.equal((await healthOf(folder)).of('drift').status, 'ok')
})

test('a plans file that differs from the plans in force warns, and one that is broken is bad', async (t) => {
  const plans = readFileSync(join(root, 'src/demo/demo-plans.json'), 'utf8')
  const folder = folderFor(t)
  const path = `${folder}-plans.json`
  writeFileSync(path, plans)
  t.after(() => rmSync(path, { force: true }))
  await startFor(t, { folder, flags: ['--plans-file', path] })
  assert.equal((await healthOf(folder)).of('plans-file').status, 'ok')
  writeFileSync(path, plans.replace('"money": "0.25"', '"money": "0.50"'))

  const differing = (await healthOf(folder)).of('plans-file')
  assertTold(differing, 'warn', /^npm run plimsoll -- plans apply /)
  assert.equal((await apply(folder, differing)).code, 0)
  assert.equal((await healthOf(folder)).of('plans-file').status, 'ok')

  writeFileSync(path, '{')
  assertTold((await healthOf(folder)).of('plans-file'), 'bad', null)
})

test('a log that was removed is bad, and a new start makes it again', async (t) => {
  const { folder, server } = await serverFor(t)
  rmSync(join(folder, 'plimsoll.log'))

  assertTold((await healthOf(folder)).of('log'), 'bad', null)
  server.child.kill('SIGTERM')
  await server.ended
  await startFor(t, { folder })

  assert.equal((await healthOf(folder)).of('log').status, 'ok')
})

test('models without a price, and settings that contradict each other, are told', async (t) => {
  const { folder, server } = await serverFor(t, ['--hold-max-ms', '1000'])
  const response = await fetch(`${server.gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'no-such-model',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  await response.arrayBuffer()

  const health = await healthOf(folder)

  assertTold(health.of('prices'), 'warn', null)
  assert.match(health.of('prices').found, /no-such-model/)
  assertTold(health.of('settings'), 'warn', null)
  assert.match(server.said(), /^settings: /m)
})

test('a server that does not answer is bad, and its process is named', async (t) => {
  const { folder, server } = await serverFor(t)
  const port = new URL(server.adminUrl).port
  const where = join(folder, 'server.json')
  const told = readFileSync(where, 'utf8')
  // A port where nobody listens, and the process is there.
  writeFileSync(where, told.replaceAll(`:${port}`, ':9'))

  const health = await healthOf(folder)

  assertTold(health.of('server'), 'bad', new RegExp(`^kill -9 ${server.pid}$`))
  assert.equal(health.code, 1)
})

test('a folder whose owner does not answer is bad, and is free again once that process has ended', async (t) => {
  const { folder, server } = await serverFor(t)
  rmSync(join(folder, 'server.json'))

  const owned = await healthOf(folder)
  assertTold(owned.of('lock'), 'bad', /^cat .*owner\.txt$/)
  assert.match((await apply(folder, owned.of('lock'))).out, new RegExp(`process ${server.pid}`))
  server.child.kill('SIGTERM')
  await server.ended

  assert.equal((await healthOf(folder)).of('lock').status, 'ok')
})

test('a kill is told from a stop in order; a start is its cure, and names whose requests it left unsettled', async (t) => {
  const { folder, server } = await serverFor(t)
  const load = new StreamLoad(() => 3000)
  load.moveTo(server)
  load.start(1)
  await load.begun(1)
  server.child.kill('SIGKILL')
  await server.ended
  load.moveTo(null)
  await load.end()
  const killed = await healthOf(folder)
  assertTold(killed.of('last-stop'), 'warn', /^npm start -- --data-folder /)
  assert.equal(killed.code, 3)
  const again = await startFor(t, { folder })

  const lost = (await healthOf(folder)).of('lost-holds')

  assertTold(lost, 'warn', /^npm run plimsoll -- history --customer demo --all/)
  assert.match((await apply(folder, lost)).out, /cut off, nothing charged/)
  again.child.kill('SIGTERM')
  assert.deepEqual(await again.ended, { code: 0, signal: null })
  const ended = await healthOf(folder)
  assert.equal(ended.of('last-stop').status, 'ok')
  assert.equal(ended.code, 3)
})

test("an upstream that refuses the operator's account is bad until it gives a good answer", async (t) => {
  const { folder, server } = await serverFor(t)
  const ask = async (text: string): Promise<number> => {
    const response = await fetch(`${server.gatewayUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-haiku-4-5',
        max_tokens: 50,
        messages: [{ role: 'user', content: text }],
      }),
    })
    await response.arrayBuffer()
    return response.status
  }

  assert.equal(await ask('demo-fail: 402-credit'), 503)
  assertTold((await healthOf(folder)).of('upstream-account'), 'bad', null)
  await ask('Hello')

  assert.equal((await healthOf(folder)).of('upstream-account').status, 'ok')
})
