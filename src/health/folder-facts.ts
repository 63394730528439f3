import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { closeSync, openSync, readSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** What can be seen of a data folder from outside, whether or not a server runs on it. Nothing is changed. */
export type FolderFacts = {
  readonly folder: string
  /** Null when there is no such folder. */
  readonly mode: number | null
  readonly ownerId: number
  /** Of the user who looks; null where users have no numbers. */
  readonly userId: number | null
  readonly isWritable: boolean
  readonly disk: { readonly freeBytes: number; readonly allBytes: number } | null
  /** Null when the file is not there. */
  readonly journal: FileFacts | null
  readonly wal: FileFacts | null
  readonly token: FileFacts | null
  /** Whoever asks has the token from elsewhere, so it may have been moved on purpose. */
  readonly isTokenElsewhere: boolean
  readonly header: JournalHeader | null
  /** When the newest copy from before a change of format was made; null when there is none. */
  readonly keptCopyMs: number | null
}

export type FileFacts = { readonly path: string; readonly bytes: number; readonly mode: number }

/** What the first page of an SQLite file says about it. */
export type JournalHeader = {
  readonly isSqlite: boolean
  readonly applicationId: number
  readonly format: number
}

export function lookAtFolder(
  folder: string,
  { isTokenElsewhere }: Pick<FolderFacts, 'isTokenElsewhere'>,
): FolderFacts {
  const stat = statOf(folder)
  const journal = fileFacts(join(folder, 'journal.db'))
  return {
    folder,
    mode: stat === null ? null : stat.mode & 0o777,
    ownerId: stat?.uid ?? -1,
    userId: process.getuid?.() ?? null,
    isWritable: mayWrite(folder),
    disk: stat === null ? null : diskOf(folder),
    journal,
    wal: fileFacts(join(folder, 'journal.db-wal')),
    token: fileFacts(join(folder, 'operator-token')),
    isTokenElsewhere,
    header: journal === null || journal.bytes === 0 ? null : headerOf(journal.path),
    keptCopyMs: stat === null ? null : lastKeptCopy(folder),
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

export function fileFacts(path: string): FileFacts | null {
  const stat = statOf(path)
  return stat === null ? null : { path, bytes: stat.size, mode: stat.mode & 0o777 }
}

export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.R_OK)
    return true
  } catch {
    return false
  }
}

function diskOf(folder: string): FolderFacts['disk'] {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { freeBytes: bavail * bsize, allBytes: blocks * bsize }
  } catch {
    return null
  }
}

/** The file's own words, read without opening it as a database: looking must not leave side files behind. */
function headerOf(path: string): JournalHeader | null {
  const bytes = Buffer.alloc(100)
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    readSync(file, bytes, 0, bytes.length, 0)
  } catch {
    return null
  } finally {
    if (file !== undefined) closeSync(file)
  }
  return {
    isSqlite: bytes.toString('latin1', 0, 15) === 'SQLite format 3',
    format: bytes.readUInt32BE(60),
    applicationId: bytes.readUInt32BE(68),
  }
}

/** Copies that were kept when the format of the journal changed. */
function lastKeptCopy(folder: string): number | null {
  const kept = readdirOf(folder).filter((name) => /^journal-format-\d+-.*\.db$/.test(name))
  const times = kept.map((name) => statOf(join(folder, name))?.mtimeMs ?? 0)
  return times.length === 0 ? null : Math.max(...times)
}

function readdirOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The open-files bound of this process, where the system tells it. */
export function openFilesMax(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
    return soft === 'unlimited' ? Infinity : Number(soft ?? Number.NaN) || null
  } catch {
    return null
  }
}

export function openFilesCount(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}
