import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

/**
 * `scripts/bootstrap.mjs` in a checkout of its own, with an npm that this test wrote: it installs a "pinned
 * Node" that is a link to the running one, notes that it ran, or fails as told.
 */

const root = join(import.meta.dirname, '..', '..')

const fakeNpm = `
const fs = require('node:fs')
const path = require('node:path')
fs.appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n')
const failure = process.env.FAKE_NPM_FAILS
if (failure) { console.error('npm error ' + failure); process.exit(1) }
if (process.env.FAKE_NPM_WAITS) {
  for (const attempt of [1, 2]) {
    console.error('npm http fetch GET https://packages.example/a attempt ' + attempt + ' failed with EAI_AGAIN')
  }
  console.error('npm http fetch GET 200 https://packages.example/a 15ms')
}
const bin = path.join('node_modules', 'pinned', 'bin')
setTimeout(() => {
  fs.mkdirSync(bin, { recursive: true })
  fs.symlinkSync(process.execPath, path.join(bin, 'node'))
}, 200)
`

function checkout(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-checkout-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'scripts'))
  mkdirSync(join(folder, 'npm'))
  const scripts = [
    'bootstrap.mjs',
    'console-stamp.mjs',
    'install-packages.mjs',
    'folder-lock.mjs',
    'npm.mjs',
  ]
  for (const name of scripts) {
    cpSync(join(root, 'scripts', name), join(folder, 'scripts', name))
  }
  writeFileSync(join(folder, 'npm', 'npm-cli.js'), fakeNpm)
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({
      packages: {
        '': {},
        'node_modules/pinned': {
          version: '1.0.0',
          optional: true,
          os: process.platform,
          cpu: process.arch,
          bin: { node: 'bin/node' },
        },
      },
    }),
  )
  return folder
}

type Ended = {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly error: string
}

function start(
  folder: string,
  script: string,
  environment: Record<string, string> = {},
): ChildProcess {
  writeFileSync(join(folder, 'script.mjs'), script)
  return spawn(process.execPath, ['scripts/bootstrap.mjs', 'script.mjs', 'one', 'two words'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      npm_execpath: join(folder, 'npm', 'npm-cli.js'),
      ...environment,
    },
  })
}

async function end(child: ChildProcess): Promise<Ended> {
  let out = ''
  let error = ''
  child.stdout?.on('data', (chunk) => (out += String(chunk)))
  child.stderr?.on('data', (chunk) => (error += String(chunk)))
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, out, error }
}

const npmRuns = (folder: string): number =>
  existsSync(join(folder, 'npm-runs'))
    ? readFileSync(join(folder, 'npm-runs'), 'utf8').split('\n').length - 1
    : 0

const sayNode =
  'console.log(process.execPath.includes("pinned") || process.argv.slice(2).join("|"))'

test('the first run installs and says so on standard error; the second goes straight to the file', async (t) => {
  const folder = checkout(t)

  const first = await end(start(folder, sayNode))
  const second = await end(start(folder, sayNode))

  assert.equal(first.out, 'one|two words\n')
  assert.match(first.error, /^Installing what Plimsoll needs \(about \d+ MB, once\)/)
  assert.equal(second.out, first.out)
  assert.equal(second.error, '')
  assert.equal(npmRuns(folder), 1)
})

test('a changed lock file installs again', async (t) => {
  const folder = checkout(t)
  await end(start(folder, sayNode))
  const lockFile = join(folder, 'package-lock.json')
  writeFileSync(lockFile, `${readFileSync(lockFile, 'utf8')}\n`)
  rmSync(join(folder, 'node_modules', 'pinned'), { recursive: true })

  const again = await end(start(folder, sayNode))

  assert.match(again.error, /^Installing/)
  assert.equal(npmRuns(folder), 2)
})

test('what npm installed by hand counts, when it is what the lock file says', async (t) => {
  const folder = checkout(t)
  const lock = { packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' } } }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify(lock))

  assert.equal((await end(start(folder, sayNode))).code, 0)
  assert.equal(npmRuns(folder), 0)
})

test('several first runs at once install once', async (t) => {
  const folder = checkout(t)

  const ended = await Promise.all([1, 2, 3].map(() => end(start(folder, sayNode))))

  assert.deepEqual(
    ended.map(({ code, out }) => [code, out]),
    ended.map(() => [0, 'one|two words\n']),
  )
  assert.equal(npmRuns(folder), 1)
  assert.ok(!existsSync(join(folder, '.cache', 'installing')))
})

test('a lock that a killed run left behind is taken over', async (t) => {
  const folder = checkout(t)
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'close')
  mkdirSync(join(folder, '.cache', 'installing'), { recursive: true })
  writeFileSync(join(folder, '.cache', 'installing', String(dead.pid)), '')

  const ended = await Promise.all([1, 2].map(() => end(start(folder, sayNode))))

  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
  )
  assert.equal(npmRuns(folder), 1)
})

test('each failure of an install says what to do, and leaves nothing that blocks the next run', async (t) => {
  const folder = checkout(t)
  const cases: readonly (readonly [string, RegExp])[] = [
    ['code ENOSPC', /^The disk is full/m],
    ['code ENOTFOUND request to a.example failed', /^The package registry cannot be reached/m],
    ['code EACCES', /^There is no permission to write here/m],
    ['code EINTEGRITY', /not the one that the lock file names/],
    ['something new', /^npm could not install the packages/m],
  ]
  for (const [failure, expected] of cases) {
    const ended = await end(start(folder, sayNode, { FAKE_NPM_FAILS: failure }))
    assert.equal(ended.code, 1)
    assert.match(ended.error, expected)
    assert.match(ended.error, new RegExp(`What npm said:\nnpm error ${failure}`))
    assert.equal(ended.out, '')
  }

  assert.equal((await end(start(folder, sayNode))).code, 0)
})

test('a registry that does not answer is said once while npm goes on trying', async (t) => {
  const ended = await end(start(checkout(t), sayNode, { FAKE_NPM_WAITS: 'yes' }))

  assert.equal(ended.code, 0)
  assert.equal(ended.error.match(/registry does not answer \(EAI_AGAIN\)/g)?.length, 1)
  assert.doesNotMatch(ended.error, /npm http/)
})

test('without npm the error names npm', async (t) => {
  const folder = checkout(t)

  const ended = await end(start(folder, sayNode, { npm_execpath: '', PATH: '/nowhere' }))

  assert.equal(ended.code, 1)
  assert.match(ended.error, /npm was not found/)
})

test('the exit code of the file is the exit code of the run', async (t) => {
  assert.equal((await end(start(checkout(t), 'process.exit(7)'))).code, 7)
})

test('a signal reaches the file, which decides how it ends', async (t) => {
  const folder = checkout(t)
  await end(start(folder, ''))
  const waits = 'setInterval(() => {}, 1000); console.log("ready")\n'
  const stops = `process.on("SIGTERM", () => { console.log("stopping"); process.exit(5) }); ${waits}`

  for (const [script, signal, expected] of [
    [stops, 'SIGTERM', { code: 5, signal: null }],
    [waits, 'SIGTERM', { code: null, signal: 'SIGTERM' }],
    [waits, 'SIGINT', { code: null, signal: 'SIGINT' }],
  ] as const) {
    const child = start(folder, script)
    child.stdout?.once('data', () => child.kill(signal))
    const { code, signal: by } = await end(child)
    assert.deepEqual({ code, signal: by }, expected)
  }
})

test(
  'the pinned Node is tried once, and again when it is another; one that does not start is not used',
  { skip: process.platform === 'win32' && 'a script that stands for Node' },
  async (t) => {
    const folder = checkout(t)
    await end(start(folder, sayNode))
    const node = join(folder, 'node_modules', 'pinned', 'bin', 'node')
    const asked = join(folder, 'asked')
    const become = (script: string): void => {
      rmSync(node)
      writeFileSync(node, `#!/bin/sh\necho "$1" >> '${asked}'\n${script}\n`, { mode: 0o755 })
    }

    become(`exec '${process.execPath}' "$@"`)
    const [first, second] = [await end(start(folder, '')), await end(start(folder, ''))]
    const askedOfGood = readFileSync(asked, 'utf8')
    chmodSync(node, 0o644)
    const unstartable = await end(start(folder, sayNode))
    become('exit 1')
    const broken = await end(start(folder, sayNode))

    assert.deepEqual([first.code, second.code], [0, 0])
    assert.equal(askedOfGood, '--version\nscript.mjs\nscript.mjs\n')
    assert.deepEqual([unstartable.code, unstartable.out], [0, 'one|two words\n'])
    assert.deepEqual([broken.code, broken.out], [0, 'one|two words\n'])
  },
)

test('when npm is gone the file is told to stop, so that no server lives on unseen', async (t) => {
  const folder = checkout(t)
  await end(start(folder, ''))
  writeFileSync(
    join(folder, 'script.mjs'),
    `process.on('SIGTERM', () => { console.log('told to stop'); process.exit(0) })
     setInterval(() => {}, 1000); console.log('ready')`,
  )
  const asNpm = `const child = require('node:child_process').spawn(process.execPath,
    ['scripts/bootstrap.mjs', 'script.mjs'], { stdio: 'inherit' })
    child.unref()`
  const npm = spawn(process.execPath, ['-e', `${asNpm}; setInterval(() => {}, 1000)`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], npm_lifecycle_event: 'start' },
  })
  npm.stdout.once('data', () => npm.kill('SIGKILL'))

  const { out } = await end(npm)

  assert.equal(out, 'ready\ntold to stop\n')
})
