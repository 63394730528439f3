import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSettings } from '../../src/config/load-settings.ts'
import { folderFor, root, startFor } from './server-process.ts'

/** The examples of docs/deploy/ against the program that they start. */

const read = (name: string): string => readFileSync(join(root, 'docs', 'deploy', name), 'utf8')

function variablesOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/\b(PLIMSOLL_[A-Z_]+)[=:]\s*([^\s\\]+)/g)
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]))
}

test('what the unit, the image and the compose file set are settings, and their secrets are read from files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-deploy-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const secret = join(folder, 'upstream-key')
  writeFileSync(secret, 'sk-test\n')
  const compose = { ...variablesOf(read('Dockerfile')), ...variablesOf(read('compose.yaml')) }
  for (const variables of [variablesOf(read('plimsoll.service')), compose]) {
    assert.ok(Object.keys(variables).length >= 3)
    const environment = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [
        name,
        name.endsWith('_FILE') && name !== 'PLIMSOLL_LOG_FILE'
          ? secret
          : value.replace(/%S/, folder),
      ]),
    )
    const settings = loadSettings({ flags: [], environment, folder })
    assert.equal(settings.upstreamKey, 'sk-test')
    assert.equal(settings.logFile, '-')
  }
})

test('supervisors wait longer than a stop can take, and what they run is there', () => {
  const settings = loadSettings({ flags: [], environment: {}, folder: '/' })
  const longest = (settings.stopDelayMs + settings.drainMs + settings.stopGraceMs) / 1000
  const unit = read('plimsoll.service')
  const waits = [
    /TimeoutStopSec=(\d+)/.exec(unit)?.[1],
    /stop_grace_period: (\d+)s/.exec(read('compose.yaml'))?.[1],
  ].map(Number)
  for (const seconds of waits) assert.ok(seconds > longest, `${seconds} s`)
  for (const [path] of `${unit}${read('Dockerfile')}`.matchAll(
    /\b(src|scripts)\/[\w-]+\.(ts|mjs)/g,
  )) {
    assert.ok(existsSync(join(root, path)), path)
  }
})

test('the unit, the image and the compose file have a place for backups beside the data folder', () => {
  const unit = read('plimsoll.service')
  const [data, backups] = /StateDirectory=(\S+) (\S+)/.exec(unit)?.slice(1) ?? []

  assert.equal(data, /PLIMSOLL_DATA_FOLDER=%S\/(\S+)/.exec(unit)?.[1])
  assert.notEqual(backups, data)
  assert.match(read('Dockerfile'), /install -d -o 10001 .* \/data \/backups\n/)
  assert.match(read('Dockerfile'), /VOLUME \/data \/backups\n/)
  assert.match(read('compose.yaml'), /- data:\/data\n +- backups:\/backups\n/)
})

test('a secret that is said twice, or whose file is not there, ends the start', () => {
  const load = (environment: Readonly<Record<string, string>>) => () =>
    loadSettings({ flags: [], environment, folder: '/' })

  assert.throws(
    load({ PLIMSOLL_UPSTREAM_KEY_FILE: join(root, 'package.json'), PLIMSOLL_UPSTREAM_KEY: 'sk-1' }),
    /PLIMSOLL_UPSTREAM_KEY and PLIMSOLL_UPSTREAM_KEY_FILE are both set/,
  )
  assert.throws(
    load({ PLIMSOLL_OPERATOR_TOKEN_FILE: '/there/is/none' }),
    /The file that PLIMSOLL_OPERATOR_TOKEN_FILE names cannot be read/,
  )
  assert.throws(
    load({ PLIMSOLL_DRAIN_MS_FILE: '/tmp/x' }),
    /PLIMSOLL_DRAIN_MS_FILE is not a setting/,
  )
})

test('with the log on standard output every line there is JSON, and people are told on standard error', async (t) => {
  let out = ''
  const folder = folderFor(t, 'deploy')
  const server = await startFor(t, {
    folder,
    flags: ['--log-file', '-'],
    onChild: (child) => child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString())),
  })
  const closed = once(server.child, 'close')
  server.child.kill('SIGTERM')
  await closed

  const messages = out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly msg: string }).msg)
  assert.equal(messages[0], 'started')
  assert.equal(messages.at(-1), 'stopped')
  assert.ok(!existsSync(join(folder, 'plimsoll.log')))
})

test('waiting for readiness ends with 0 once it is there, with 1 when it does not come, with 2 when used wrongly', async (t) => {
  const server = await startFor(t, { folder: folderFor(t, 'deploy') })
  const wait = (...args: readonly string[]): number | null =>
    spawnSync(process.execPath, [join(root, 'scripts', 'wait-until-ready.mjs'), ...args]).status

  assert.equal(wait(`${server.gatewayUrl}/readyz`, '20'), 0)
  assert.equal(wait(`${server.gatewayUrl}/nothing`, '0.1'), 1)
  assert.equal(wait('nowhere'), 2)
})

test('what a start warns of comes with the whole command that ends it', async (t) => {
  const folder = folderFor(t, 'deploy')
  const server = await startFor(t, { folder, flags: ['--gateway-host', '0.0.0.0'] })

  await server.until(/page-address: /)

  const command =
    /demo-key: .*\n {2}Revoke it:\n {4}npm run plimsoll -- (key revoke key_\w+) --data-folder (\S+)\n/
  const [, words, named] = command.exec(server.said()) ?? []
  assert.match(words ?? server.said(), /^key revoke key_/)
  assert.equal(named, folder)
})

test('commands run for a user who is only a number, as in a container, and so has no home', () => {
  const homeless =
    'data:text/javascript,import os from "node:os"; import { syncBuiltinESMExports } from "node:module"; os.homedir = () => { throw new Error("ENOENT") }; syncBuiltinESMExports()'

  const ran = spawnSync(
    process.execPath,
    ['--import', homeless, join(root, 'src', 'cli', 'plimsoll.ts'), '--version'],
    { encoding: 'utf8', env: {} },
  )

  assert.equal(ran.stderr, '')
  assert.match(ran.stdout, /^\d+\.\d+\.\d+\n$/)
})
