import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { doesStart, ensureInstalled, forgetStart, pinnedNode } from './install-packages.mjs'
import { isConsoleBuilt } from './console-stamp.mjs'
import { InstallError } from './npm.mjs'

/**
 * The door of every npm script: `node scripts/bootstrap.mjs <file.ts> [arguments]`. It runs on any Node
 * from 20 on, installs the locked packages when they are missing or changed, and runs the file with the
 * Node that the lock file pins. This file and what it imports use nothing but Node itself.
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldestNode = 20
const parentId = process.ppid
/** The oldest Node that runs the TypeScript sources and has everything they use. */
const oldestNodeForSources = 26

const nodeMajor = (version = process.versions.node) => Number(version.split('.')[0])

/** @returns {string} */
function chooseNode() {
  const pinned = pinnedNode(root)
  if (pinned === process.execPath) return pinned
  // A pinned Node that does not start (another C library, say) is no better than none.
  if (pinned !== undefined && doesStart(root, pinned)) return pinned
  if (nodeMajor() >= oldestNodeForSources) return process.execPath
  throw new InstallError(
    `There is no pinned Node that runs on ${process.platform}-${process.arch}, and this is Node ${process.versions.node}. ` +
      `Install Node ${oldestNodeForSources} or newer (https://nodejs.org) and run the same command again.`,
  )
}

/**
 * Runs the file and ends as it ends.
 * @param {string} node
 * @param {string[]} args
 */
function run(node, args) {
  const bin = join(root, 'node_modules', '.bin')
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  // A terminal sends Ctrl-C to the child as well; passing it on would make it two.
  process.on('SIGINT', () => {
    if (process.stdin.isTTY !== true) child.kill('SIGINT')
  })
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => void child.kill(signal))
  }
  stopWithoutNpm(child)
  child.once('error', (error) => {
    // It did once, so something about it changed: what else there is may start.
    if (forgetStart(root)) start(args)
    else fail(`Node cannot be started: ${error.message}`)
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // The first process of a container survives its own signals, and still ends as its child did.
    process.exit(128 + (constants.signals[signal] ?? 0))
  })
}

/**
 * npm passes a signal to the shell between it and us, and some shells die without telling anybody. A server
 * must not live on unseen then, so the end of our parent counts as a request to stop.
 * @param {import('node:child_process').ChildProcess} child
 */
function stopWithoutNpm(child) {
  if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') return
  const timer = setInterval(() => {
    if (process.ppid === parentId) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 250)
}

/** @param {string[]} args */
function start(args) {
  try {
    const node = chooseNode()
    if (args[0] === 'src/main.ts') ensureConsole(node)
    run(node, args)
  } catch (error) {
    failWith(error)
  }
}

/**
 * The server sends the console as it was built. One that cannot be built is said, and serves nobody worse than
 * a server that does not start.
 * @param {string} node
 */
function ensureConsole(node) {
  const hasSources = existsSync(join(root, 'console', 'index.html'))
  if (!hasSources || isConsoleBuilt(root)) return
  const build = join(root, 'scripts', 'build-console.ts')
  const { status } = spawnSync(node, [build], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) console.error('The console could not be built; the gateway starts without it.')
}

/** @param {unknown} error */
const failWith = (error) => fail(error instanceof InstallError ? error.message : String(error))

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exit(1)
}

const args = process.argv.slice(2)
if (args.length === 0) fail('Say which file to run: node scripts/bootstrap.mjs src/main.ts')
if (nodeMajor() < oldestNode) {
  fail(
    `Plimsoll needs Node ${oldestNode} or newer to start; this is ${process.versions.node}. Get it at https://nodejs.org`,
  )
}
try {
  await ensureInstalled(root)
} catch (error) {
  failWith(error)
}
start(args)
