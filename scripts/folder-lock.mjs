import {
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * A lock between processes: a folder with one file that is named after its owner's process id. Making the
 * folder is atomic; taking it over from a dead owner is decided by who manages to remove that owner's file.
 */

const waitMaxMs = 15 * 60_000
/** A folder without an owner's file is one whose maker died between two calls, once it is this old. */
const ownerlessMaxMs = 10_000

/**
 * @template Answer
 * @param {string} folder
 * @param {() => Promise<Answer>} work
 * @returns {Promise<Answer>}
 */
export async function withLock(folder, work) {
  await takeLock(folder)
  try {
    return await work()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
async function takeLock(folder) {
  const startedMs = performance.now()
  let hasSaidSo = false
  while (!tryLock(folder)) {
    if (performance.now() - startedMs > waitMaxMs) {
      throw new Error(`Another process keeps ${folder} since long. If none is running, remove it.`)
    }
    if (!hasSaidSo)
      console.error('Another process is installing the same packages; waiting for it …')
    hasSaidSo = true
    await delay(300)
  }
}

/** @param {string} folder */
function tryLock(folder) {
  try {
    mkdirSync(folder)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    if (!isTakenOver(folder)) return false
  }
  try {
    writeFileSync(join(folder, String(process.pid)), '')
    return true
  } catch (error) {
    // So slow that somebody took the folder for ownerless: start again.
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Whether the owner is dead and the lock is now ours.
 * @param {string} folder
 */
function isTakenOver(folder) {
  try {
    const owner = readdirSync(folder)[0]
    if (owner === undefined) {
      if (Date.now() - statSync(folder).mtimeMs > ownerlessMaxMs) rmdirSync(folder)
      return false
    }
    if (isAlive(Number(owner))) return false
    unlinkSync(join(folder, owner))
    return true
  } catch (error) {
    // Its owner, or another one who waits, was faster.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTEMPTY') return false
    throw error
  }
}

/** @param {number} processId */
function isAlive(processId) {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && 'code' in error ? error.code : undefined)
