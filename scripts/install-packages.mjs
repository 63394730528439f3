import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, release } from 'node:os'
import { join } from 'node:path'
import { withLock } from './folder-lock.mjs'
import { InstallError, runNpm } from './npm.mjs'

/**
 * Installs the locked packages once, and again when the lock file changed. Everything goes to stderr,
 * so that the output of a command stays its own.
 */

/** Measured with an empty npm cache on Linux x64; the other platforms differ by a few megabytes. */
const downloadMegabytes = 210

// No package in the lock file has an install script; a changed one must not gain the right to run one.
// Both kinds are named because NODE_ENV or a user's npm settings may leave them out.
const installArguments = ['ci', '--ignore-scripts', '--include=dev', '--include=optional']

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string | string[], cpu?: string | string[], bin?: Record<string, string> }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

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
const startedPath = (root) => join(root, 'node_modules', '.plimsoll-node-started')

/**
 * Whether the pinned Node starts here: another C library may keep it from that. It is tried once, and again
 * when the file, the machine or its system is another.
 * @param {string} root
 * @param {string} node
 */
export function doesStart(root, node) {
  const seen = fingerprint(node)
  try {
    if (readFileSync(startedPath(root), 'utf8') === seen) return true
  } catch {
    // Not tried yet.
  }
  if (spawnSync(node, ['--version']).status !== 0) return false
  try {
    writeFileSync(startedPath(root), seen)
  } catch {
    // A checkout that cannot be written to is tried each time.
  }
  return true
}

/**
 * It did not start after all. True where it was thought to.
 * @param {string} root
 */
export function forgetStart(root) {
  const isRemembered = existsSync(startedPath(root))
  rmSync(startedPath(root), { force: true })
  return isRemembered
}

/** @param {string} node */
function fingerprint(node) {
  const { size, mtimeMs } = statSync(node, { throwIfNoEntry: false }) ?? {}
  return [node, size, mtimeMs, hostname(), release()].join('\n')
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
    await runNpm(root, installArguments)
    const node = pinnedNode(root)
    if (node !== undefined && !existsSync(node)) {
      throw new InstallError(
        'npm finished, but the Node that Plimsoll is pinned to could not be downloaded. Run the same command again.',
      )
    }
    writeFileSync(markerPath(root), lockDigest(root))
  })
}
