import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { withLock } from './folder-lock.mjs'

/**
 * Installs the locked packages once, and again when the lock file changed. Everything goes to stderr,
 * so that the output of a command stays its own.
 */

/** Measured with an empty npm cache on Linux x64; the other platforms differ by a few megabytes. */
const downloadMegabytes = 150

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string | string[], cpu?: string | string[], bin?: Record<string, string> }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

/** A reason to stop that a person can do something about. */
export class InstallError extends Error {}

/**
 * @param {string} root
 * @returns {LockFile}
 */
function readLockFile(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  } catch (cause) {
    throw new InstallError(
      `package-lock.json in ${root} cannot be read; get it back with: git checkout package-lock.json`,
      { cause },
    )
  }
}

/**
 * Where the pinned Node of this platform is once packages are installed, if there is one.
 * @param {string} root
 * @returns {string | undefined}
 */
export function pinnedNode(root) {
  for (const [path, entry] of Object.entries(readLockFile(root).packages)) {
    const binary = entry.bin?.['node']
    if (binary === undefined || ![entry.os].flat().includes(process.platform)) continue
    if ([entry.cpu].flat().includes(process.arch)) return join(root, path, binary)
  }
  return undefined
}

/** @param {string} root */
function lockDigest(root) {
  const content = readFileSync(join(root, 'package-lock.json'))
  return createHash('sha256')
    .update(content)
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
}

/** @param {string} root */
const markerPath = (root) => join(root, 'node_modules', '.plimsoll-installed')

/** @param {string} root */
function hasMarker(root) {
  try {
    return readFileSync(markerPath(root), 'utf8') === lockDigest(root)
  } catch {
    return false
  }
}

/**
 * Whether npm itself has already installed what the lock file asks for: npm writes its own record as the
 * last step of an install, so an interrupted one does not count.
 * @param {string} root
 */
function isInstalledByHand(root) {
  const node = pinnedNode(root)
  if (node !== undefined && !existsSync(node)) return false
  try {
    /** @type {LockFile} */
    const record = JSON.parse(
      readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'),
    )
    return Object.entries(readLockFile(root).packages).every(([path, wanted]) => {
      if (path === '' || wanted.optional === true) return true
      const found = record.packages[path]
      return found?.version === wanted.version && found?.integrity === wanted.integrity
    })
  } catch {
    return false
  }
}

/** @param {string} root */
function isInstalled(root) {
  if (hasMarker(root)) return true
  if (!isInstalledByHand(root)) return false
  writeFileSync(markerPath(root), lockDigest(root))
  return true
}

/**
 * @param {string} root
 * @returns {Promise<void>}
 */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return
  mkdirSync(join(root, '.cache'), { recursive: true })
  await withLock(join(root, '.cache', 'installing'), async () => {
    if (isInstalled(root)) return
    console.error(
      `Installing what Plimsoll needs (about ${downloadMegabytes} MB, once) into node_modules …`,
    )
    await runNpm(root)
    const node = pinnedNode(root)
    if (node !== undefined && !existsSync(node)) {
      throw new InstallError(
        'npm finished, but the Node that Plimsoll is pinned to could not be downloaded. Run the same command again.',
      )
    }
    writeFileSync(markerPath(root), lockDigest(root))
  })
}

/**
 * The npm that called us when there is one, else the one on the PATH.
 * @returns {{ command: string, first: string[], shell: boolean }}
 */
function npmCommand() {
  const script = process.env['npm_execpath']
  if (script !== undefined && basename(script) === 'npm-cli.js') {
    const node = process.env['npm_node_execpath'] ?? process.execPath
    return { command: node, first: [script], shell: false }
  }
  const isWindows = process.platform === 'win32'
  return { command: isWindows ? 'npm.cmd' : 'npm', first: [], shell: isWindows }
}

/**
 * @param {string} root
 * @returns {Promise<void>}
 */
async function runNpm(root) {
  const { command, first, shell } = npmCommand()
  // No package in the lock file has an install script; a changed one must not gain the right to run one.
  // Both kinds are named because NODE_ENV or a user's npm settings may leave them out.
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  args.push('--include=dev', '--include=optional', '--no-progress')
  const startedMs = performance.now()
  const stopProgress = showProgress(startedMs)
  const child = spawn(command, [...first, ...args], {
    cwd: root,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => void child.kill(signal)
  process.on('SIGINT', stop).on('SIGTERM', stop)
  let said = ''
  child.stdout.on('data', () => {})
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  try {
    /** @type {{ code: number | null, signal: string | null }} */
    const end = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    stopProgress()
    if (end.signal !== null) throw new InstallError('Stopped before everything was installed.')
    if (end.code !== 0) throw new InstallError(explainFailure(said, root))
    if (said.trim() !== '') console.error(said.trim())
    console.error(`Installed in ${Math.round((performance.now() - startedMs) / 1000)} s.`)
  } catch (cause) {
    stopProgress()
    if (cause instanceof InstallError) throw cause
    throw new InstallError(explainFailure(String(cause), root), { cause })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/**
 * An install of a minute must never look hung.
 * @param {number} startedMs
 */
function showProgress(startedMs) {
  const isTerminal = process.stderr.isTTY === true
  const timer = setInterval(
    () => {
      const seconds = Math.round((performance.now() - startedMs) / 1000)
      process.stderr.write(
        isTerminal ? `\r  still installing, ${seconds} s ` : `  still installing, ${seconds} s\n`,
      )
    },
    isTerminal ? 1_000 : 10_000,
  )
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\u001b[K')
  }
}

/** @type {readonly (readonly [RegExp, string])[]} */
const knownFailures = [
  [
    /spawn npm|npm(\.cmd)? ENOENT/,
    'npm was not found. Plimsoll installs its packages with npm, which comes with Node: https://nodejs.org',
  ],
  [
    /ENOSPC/,
    'The disk is full: installing needs about 600 MB. Free some space and run the same command again.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i,
    'The package registry cannot be reached. Check the network (and the proxy, if you use one) and run the same command again.',
  ],
  [
    /EACCES|EPERM|EROFS/,
    'There is no permission to write here. Check who owns this folder, and try again.',
  ],
  [
    /EINTEGRITY/,
    'A downloaded package is not the one that the lock file names, so nothing was installed. Try again; if it stays so, clear the npm cache: npm cache clean --force',
  ],
  [
    /EUSAGE|in sync/,
    'package.json and package-lock.json do not agree; get them back with: git checkout package.json package-lock.json',
  ],
]

/** npm ends some errors with its whole usage text; what went wrong stands first. */
const detailLinesMax = 15

/**
 * @param {string} said
 * @param {string} root
 */
function explainFailure(said, root) {
  const meaning =
    knownFailures.find(([pattern]) => pattern.test(said))?.[1] ??
    `npm could not install the packages of ${root}.`
  const detail = said.trim().split('\n').slice(0, detailLinesMax).join('\n')
  return detail === '' ? meaning : `${meaning}\n\nWhat npm said:\n${detail}`
}
