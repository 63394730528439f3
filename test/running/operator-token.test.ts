import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { cliOn, healthOf } from './health-world.ts'
import { folderFor, startFor, type ServerProcess } from './server-process.ts'

/** The operator's token of a folder: restored without it, lost, or of another journal. */

async function stop(server: ServerProcess): Promise<void> {
  server.child.kill('SIGTERM')
  await server.ended
}

/** A backup of a server that was used, beside its data folder. */
async function backupFor(t: TestContext): Promise<{ folder: string; file: string; to: string }> {
  const folder = folderFor(t, 'token')
  const server = await startFor(t, { folder })
  const file = `${folder}-b1.db`
  assert.equal((await cliOn(folder, ['backup', file])).code, 0)
  await stop(server)
  return { folder, file, to: `${folder}-restored` }
}

const tokenOf = (folder: string): string => readFileSync(join(folder, 'operator-token'), 'utf8')
const joined = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('a backup restored into another folder says how it gets its operator token, and then takes commands', async (t) => {
  const { folder, file, to } = await backupFor(t)

  const restored = await cliOn(folder, ['restore', file, '--to', to])

  assert.equal(restored.code, 0, restored.err)
  const make = `operator-token new --data-folder ${to}`
  assert.match(joined(restored.out), /Copy the file operator-token .* or make a new one/)
  assert.ok(restored.out.includes(`\n  npm run plimsoll -- ${make}\n`), restored.out)
  assert.ok(restored.out.endsWith(`\n  npm start -- --data-folder ${to}\n`), restored.out)
  assert.equal((await cliOn(folder, make.split(' '))).code, 0)
  assert.notEqual(tokenOf(to), tokenOf(folder))
  assert.equal(statSync(join(to, 'operator-token')).mode & 0o777, 0o600)
  await startFor(t, { folder: to })
  const paused = await cliOn(to, ['customer', 'pause', 'demo'])
  assert.equal(paused.code, 0, paused.err)
  assert.equal((await healthOf(to)).of('operator-token').status, 'ok')
})

test('a restore into a folder whose token fits asks for none, and for a token of another journal it does', async (t) => {
  const { folder, file } = await backupFor(t)

  const fitting = await cliOn(folder, ['restore', file, '--replace'])
  writeFileSync(join(folder, 'operator-token'), `plop_${'0'.repeat(64)}\n`)
  const other = await cliOn(folder, ['restore', file, '--replace', '--json'])
  const told = await cliOn(folder, ['restore', file, '--replace'])

  assert.equal(fitting.code, 0, fitting.err)
  assert.doesNotMatch(fitting.out, /operator-token/)
  assert.match(other.out, /"operatorToken": "other"/)
  assert.match(joined(told.out), /The file operator-token there is of another journal/)
})

test('a lost token is named by health with its cure, which works with the server stopped and is refused while it runs', async (t) => {
  const folder = folderFor(t, 'token')
  const server = await startFor(t, { folder })
  const path = join(folder, 'operator-token')
  const old = tokenOf(folder)
  renameSync(path, `${path}.away`)

  const running = (await healthOf(folder)).of('operator-token')
  const command = await cliOn(folder, ['customer', 'pause', 'demo'])
  const refused = await cliOn(folder, ['operator-token', 'new'])
  await stop(server)
  const stopped = (await healthOf(folder)).of('operator-token')
  const made = await cliOn(folder, ['operator-token', 'new'])

  for (const fact of [running, stopped]) {
    assert.equal(fact.status, 'warn')
    assert.equal(fact.command, `npm run plimsoll -- operator-token new --data-folder ${folder}`)
  }
  assert.equal(command.code, 4)
  assert.match(joined(command.err), /operator-token new --data-folder /)
  assert.equal(refused.code, 3)
  assert.equal(made.code, 0, made.err)
  assert.ok(!made.out.includes(tokenOf(folder).trim()))
  assert.notEqual(tokenOf(folder), old)
  await startFor(t, { folder })
  assert.equal((await cliOn(folder, ['customer', 'pause', 'demo'])).code, 0)
  writeFileSync(path, old)
  assert.equal((await cliOn(folder, ['customer', 'resume', 'demo'])).code, 4)
})

test('a token that was moved away on purpose is not replaced by a start, and no folder without a journal gets one', async (t) => {
  const folder = folderFor(t, 'token')
  await stop(await startFor(t, { folder }))
  const token = tokenOf(folder)
  rmSync(join(folder, 'operator-token'))

  await startFor(t, { folder })
  const empty = await cliOn(`${folder}-none`, ['operator-token', 'new'])

  assert.throws(() => tokenOf(folder), /ENOENT/)
  assert.match(token, /^plop_/)
  assert.equal(empty.code, 1)
  assert.match(joined(empty.err), /There is no journal in/)
})
