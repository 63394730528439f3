import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder with those above it, each for its owner alone; answers with the first that was made. One call each:
 * Node's own way tries for ever where the system says that a folder's parent is missing although it is there (`/proc`).
 */
export function makeFolder(path: string): string | undefined {
  const missing: string[] = []
  for (let at = resolve(path); !isThere(at) && at !== dirname(at); at = dirname(at))
    missing.push(at)
  for (const folder of missing.toReversed()) makeOne(folder)
  // Something else of that name is told as the system tells it.
  if (missing.length === 0 && !isFolder(path)) mkdirSync(path)
  return missing.at(-1)
}

/** Another process may have made it in between. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!isFolder(folder)) throw error
  }
}

const isThere = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
