import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * A backup that is being restored lies in the folder whole and checked, under a name that carries the moment. From
 * then on the restore goes forward only: each step can be repeated, and a start repeats those that a crash left.
 *
 *   journal.restoring-<moment>.db ──> journal.db      journal.db ──> journal.replaced-<moment>.db
 */
const restoring = /^journal\.restoring-([0-9TZ-]+)\.db$/

export const restoringName = (moment: string): string => `journal.restoring-${moment}.db`
export const replacedName = (moment: string): string => `journal.replaced-${moment}.db`

/** Only who owns the folder may do this. */
export function finishRestore(folder: string): void {
  const found = readdirSync(folder).flatMap((name) => {
    const moment = restoring.exec(name)?.[1]
    return moment === undefined ? [] : [{ name, moment }]
  })
  const newest = found.toSorted((left, right) => (left.moment < right.moment ? -1 : 1)).at(-1)
  if (newest === undefined) return
  const at = (name: string): string => join(folder, name)
  // The file first: a log without its file is refused by every start, a file without its log is not.
  for (const end of ['', '-wal']) {
    const from = at(`journal.db${end}`)
    if (existsSync(from)) renameSync(from, at(`${replacedName(newest.moment)}${end}`))
  }
  rmSync(at('journal.db-shm'), { force: true })
  syncToDisk(folder)
  renameSync(at(newest.name), at('journal.db'))
  syncToDisk(folder)
}

/** A file's content, or the names in a folder. */
export function syncToDisk(path: string): void {
  const open = openSync(path, 'r')
  try {
    fsyncSync(open)
  } finally {
    closeSync(open)
  }
}
