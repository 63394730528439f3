import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromiumBinary, clientBinary } from '../test/e2e/available.ts'
import { hasStrace } from '../test/faults/strace.ts'
import { installClient } from './install-client.ts'
import { runTests } from './run-tests.ts'

/**
 * Everything that CI runs, in the same order:
 *
 *   npm test                     all of it; big programs that are not there are left out, visibly
 *   npm test -- --with-client    installs the real Claude Code client first (about 380 MB)
 *   npm run check                without the end-to-end tests
 *
 * With CI=true the client is installed as well, and an install that fails fails the run.
 */

const root = join(import.meta.dirname, '..')
const isInCi = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false'

type Options = { readonly isQuick: boolean; readonly isWithClient: boolean }

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: { quick: { type: 'boolean' }, 'with-client': { type: 'boolean' } },
    })
    const isQuick = values.quick === true
    return { isQuick, isWithClient: !isQuick && (isInCi || values['with-client'] === true) }
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: npm test [-- --quick | --with-client]`)
    process.exit(2)
  }
}

const seconds = (sinceMs: number): string =>
  `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`

/** Runs one step under its heading; the answer says whether it passed. */
async function step(name: string, work: () => Promise<boolean>): Promise<boolean> {
  console.log(`\n▶ ${name}`)
  const startedMs = performance.now()
  const isPassed = await work()
  // The test run closes with its own counts; they stay the last lines.
  if (name !== testStep || !isPassed) {
    console.log(`${isPassed ? '✔' : '✖'} ${name} (${seconds(startedMs)})`)
  }
  return isPassed
}

const testStep = 'tests'

/** Runs a development tool by its package's own entry, so that no shell stands between. */
function tool(packageName: string, args: readonly string[]): () => Promise<boolean> {
  const folder = join(root, 'node_modules', packageName)
  return () => {
    const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      bin: string | Record<string, string>
    }
    const name = packageName === 'typescript' ? 'tsc' : packageName
    const script = typeof bin === 'string' ? bin : bin[name]
    if (script === undefined) throw new Error(`${packageName} has no command named ${name}`)
    return program(join(folder, script), args)()
  }
}

function program(script: string, args: readonly string[] = []): () => Promise<boolean> {
  return () => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code === 0))
    })
  }
}

/** On Debian as root a missing program is one package away; elsewhere its tests are left out, visibly. */
function ensurePackage(
  name: string,
  about: { readonly what: string; readonly isThere: () => boolean },
): boolean {
  const canInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0
  if (about.isThere() || !canInstall) return true
  console.log(`Installing ${name} for ${about.what} (apt-get) …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-qq', '--no-install-recommends', name]
  for (const args of [['update', '-qq'], install]) {
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  }
  if (about.isThere()) return true
  console.log(`${name} could not be installed, so ${about.what} are left out`)
  return false
}

const ensureChromium = (): boolean => {
  const isThere = (): boolean => chromiumBinary() !== undefined
  return ensurePackage('chromium', { what: 'the browser tests', isThere }) || !isInCi
}

/** A system that forbids to watch another process has the package and cannot use it. */
const ensureStrace = (): boolean => {
  ensurePackage('strace', { what: 'the tests of power loss', isThere: hasStrace })
  return true
}

async function ensureClient(options: Options): Promise<boolean> {
  if (!options.isWithClient || clientBinary() !== undefined) return true
  try {
    await installClient()
    return clientBinary() !== undefined
  } catch (error) {
    console.log((error as Error).message)
    return false
  }
}

const slowFolder = join('test', 'e2e')

async function nodeTests(options: Options): Promise<boolean> {
  const found = globSync(['{src,console,test}/**/*.test.ts'], { cwd: root }).sort()
  const files = options.isQuick ? found.filter((file) => !file.startsWith(slowFolder)) : found
  if (options.isQuick) {
    console.log(
      `left out: ${found.length - files.length} files in ${slowFolder}; npm test runs them`,
    )
  }
  const { isPassed, faults } = await runTests(
    files.map((file) => join(root, file)),
    root,
  )
  for (const fault of faults) console.log(`✖ ${fault}`)
  return isPassed
}

const options = readOptions()
const startedMs = performance.now()
const failed: string[] = []
const steps: readonly (readonly [string, () => Promise<boolean>])[] = [
  ['types (tsc)', tool('typescript', ['-p', '.'])],
  ['types of the console (tsc)', tool('typescript', ['-p', 'console'])],
  ['types of the story (tsc)', tool('typescript', ['-p', join('test', 'world', 'page')])],
  ['the console (vite)', program(join('scripts', 'build-console.ts'))],
  ['lint (oxlint)', tool('oxlint', ['--type-aware', '--deny-warnings'])],
  ['format (oxfmt)', tool('oxfmt', ['--check'])],
  ['unused code (knip)', tool('knip', [])],
  ...(options.isQuick
    ? []
    : [
        [
          'programs that tests drive',
          async () => ensureStrace() && ensureChromium() && (await ensureClient(options)),
        ] as const,
      ]),
  [testStep, () => nodeTests(options)],
]
for (const [name, work] of steps) {
  if (!(await step(name, work))) failed.push(name)
}
if (failed.length > 0) {
  console.log(`\n✖ failed after ${seconds(startedMs)}: ${failed.join(', ')}`)
  process.exitCode = 1
}
