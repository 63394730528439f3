import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tells whether the built console is that of the sources. Uses nothing but Node 20, as the door does. */

/** @param {string} root */
export const builtFolder = (root) => join(root, 'console', 'built')

/** @param {string} root */
export const stampFile = (root) => join(builtFolder(root), '.sources')

/**
 * Changes with everything that goes into the console.
 * @param {string} root
 */
export function consoleStamp(root) {
  const folder = join(root, 'console')
  const digest = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.startsWith('built') && /\.(tsx?|css|html|svg|json)$/.test(file))
    .sort()
  for (const file of files) digest.update(`${file}\n`).update(readFileSync(join(folder, file)))
  return digest.digest('hex')
}

/** @param {string} root */
export function isConsoleBuilt(root) {
  const file = stampFile(root)
  return existsSync(file) && readFileSync(file, 'utf8') === consoleStamp(root)
}
