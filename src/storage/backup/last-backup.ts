import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StorageHealth } from '../storage.ts'

/** When the last backup of a folder was taken and up to where it goes; a note for people, never needed. */
const noteFile = 'last-backup.json'

export type LastBackup = NonNullable<StorageHealth['lastBackup']>

export function readLastBackup(folder: string): LastBackup | null {
  try {
    const note: unknown = JSON.parse(readFileSync(join(folder, noteFile), 'utf8'))
    if (typeof note !== 'object' || note === null) return null
    const { position, atMs } = note as Partial<LastBackup>
    return typeof position === 'number' && typeof atMs === 'number' ? { position, atMs } : null
  } catch {
    return null
  }
}

/** A note that cannot be written costs nothing but the note. */
export function noteLastBackup(folder: string, { position, atMs }: LastBackup): void {
  const [path, passing] = [join(folder, noteFile), join(folder, `${noteFile}.new`)]
  try {
    rmSync(passing, { force: true })
    writeFileSync(passing, JSON.stringify({ position, atMs }), { mode: 0o600, flag: 'wx' })
    renameSync(passing, path)
  } catch {
    rmSync(passing, { force: true })
  }
}
