import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { cleanEnvironment, folderFor, mainOf, root } from './server-process.ts'

/** Starts that cannot come about say which setting it is, and what to do. */

function start(...flags: readonly string[]): { readonly code: number | null; error: string } {
  const ran = spawnSync(process.execPath, [mainOf(root), ...flags], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
    env: cleanEnvironment(),
  })
  assert.doesNotMatch(ran.stderr, /^\s+at /m)
  return { code: ran.status, error: ran.stderr }
}

const anyPorts = ['--gateway-port', '0', '--admin-port', '0']

test(
  'a data folder in a file system that makes no folders ends the start, in place of trying for ever',
  { skip: existsSync('/proc/self') ? false : 'needs /proc' },
  () => {
    for (const flags of [[], ['--log-file', '-']]) {
      const { code, error } = start('--data-folder', '/proc/plim/data', ...anyPorts, ...flags)
      assert.equal(code, 1, error)
      assert.match(error, /data folder \/proc\/plim\/data cannot be made there. Name another/)
    }
  },
)

test('a data folder that is a file, lies in one, or has too long a name is told as that', (t) => {
  const file = folderFor(t)
  writeFileSync(file, 'a letter')

  for (const folder of [file, `${file}/data`]) {
    const { code, error } = start('--data-folder', folder, ...anyPorts)
    assert.equal(code, 2)
    assert.match(
      error,
      /^The data folder \S+ is a file, or lies in one. Name a folder with --data-folder/,
    )
  }
  const long = start('--data-folder', `${dirname(file)}/${'x'.repeat(300)}`, ...anyPorts)
  assert.equal(long.code, 2)
  assert.match(long.error, /^The name of the data folder \S+ is too long/)
})

test('a port that is taken is told with the same start on other ports, without its secrets', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const folder = `${folderFor(t)} 3`

  const flags = [
    '--data-folder',
    folder,
    '--gateway-port',
    String(port),
    '--upstream-key=sk-secret',
  ]
  const { code, error } = start(...flags, '--admin-port=0', '--drain-ms', '50')

  const to = port + 100 > 65_535 ? port - 100 : port + 100
  assert.equal(code, 1)
  assert.ok(error.startsWith(`Port ${port} is taken by another program.`), error)
  const again = `npm start -- --data-folder '${folder}' --upstream-key … --drain-ms 50 --gateway-port ${to} --admin-port 0\n`
  assert.ok(error.endsWith(`\n  ${again}`), error)
})

test('one port for both listeners, and an address that is not of this machine, name their settings', (t) => {
  const folder = folderFor(t)
  const both = start('--data-folder', folder, '--gateway-port', '4999', '--admin-port', '4999')
  assert.equal(both.code, 2)
  assert.match(both.error, /^gatewayPort and adminPort are both 4999/)
  for (const side of ['gateway', 'admin']) {
    // An address that is kept for examples, and is nobody's.
    const { code, error } = start(
      '--data-folder',
      folder,
      ...anyPorts,
      `--${side}-host`,
      '192.0.2.1',
    )
    assert.equal(code, 1)
    assert.match(error, new RegExp(`no address 192.0.2.1, which --${side}-host names. Name one of`))
  }
})

test('a file of plans or prices that cannot be used ends like a wrong setting, so that no supervisor starts it again and again', (t) => {
  const folder = folderFor(t)
  mkdirSync(folder, { recursive: true })
  const broken = join(folder, 'broken.json')
  for (const content of [null, 'no JSON', '{ "plans": { "pro": {} } }']) {
    if (content !== null) writeFileSync(broken, content)
    for (const name of ['plans', 'prices']) {
      const { code, error } = start('--data-folder', folder, ...anyPorts, `--${name}-file`, broken)
      assert.equal(code, 2, `${name} ${content}: ${error}`)
      assert.ok(error.includes(broken), error)
    }
  }
})
