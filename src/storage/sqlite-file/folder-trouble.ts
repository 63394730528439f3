import { DataFolderUnusableError, JournalUnusableError } from '../storage.ts'
import { isDamage } from './damage-list.ts'
import { primaryCode } from './data-folder.ts'

type Kind =
  | 'readOnly'
  | 'notAllowed'
  | 'full'
  | 'noFile'
  | 'notFolder'
  | 'tooLong'
  | 'broken'
  | 'missing'

/** Codes of the system, and the primary result codes of SQLite. */
const kinds: Readonly<Record<string, Kind>> = {
  EROFS: 'readOnly',
  8: 'readOnly',
  EACCES: 'notAllowed',
  EPERM: 'notAllowed',
  3: 'notAllowed',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  13: 'full',
  EMFILE: 'noFile',
  ENFILE: 'noFile',
  14: 'noFile',
  ENOTDIR: 'notFolder',
  EEXIST: 'notFolder',
  EISDIR: 'notFolder',
  ENAMETOOLONG: 'tooLong',
  EIO: 'broken',
  10: 'broken',
  ENOENT: 'missing',
}

/** What it means for a data folder, and what to do. Nothing that was acknowledged is lost by any of them. */
const told: Readonly<Record<Kind, (folder: string) => string>> = {
  readOnly: (folder) =>
    `The data folder ${folder} is read-only. Mount it writable, or name another one with --data-folder.`,
  notAllowed: (folder) =>
    `This user may not read and write everything in the data folder ${folder}. Start the server as the user that owns it, give it to this one (chown -R), or name another with --data-folder.`,
  full: (folder) =>
    `The disk of the data folder ${folder} is full. Make room and start again; everything that was acknowledged is there.`,
  noFile: (folder) =>
    `A file in the data folder ${folder} can be neither opened nor made. See whether the disk has room for files (df -i), and whether this user may write there.`,
  notFolder: (folder) =>
    `The data folder ${folder} has a file where a folder has to be, or a folder in a file's place. Move it away, or name another with --data-folder.`,
  tooLong: (folder) =>
    `The name of the data folder ${folder} is too long for its disk. Choose a shorter one.`,
  broken: (folder) =>
    `The disk of the data folder ${folder} answers with errors. Locks of a network folder are such: keep the folder on a disk of this machine. Else see the system's log.`,
  missing: (folder) =>
    `The data folder ${folder} cannot be made there. Name another with --data-folder.`,
}

const ours = new Set(['data_folder_owned', 'data_folder_unusable', 'journal_unusable'])

/** The same trouble in words that say what to do; an error that is not about the folder stays as it is. */
export function folderTrouble(folder: string, error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (ours.has(code)) return cause
    const primary = primaryCode(cause)
    if (isDamage(cause)) {
      const message = `The journal in ${folder} is damaged where every start has to read it. Keep a copy of the folder, then restore your last backup (docs/backup.md).`
      return new JournalUnusableError(message, { cause: error })
    }
    const kind = kinds[primary ?? code]
    if (kind === undefined) continue
    return new DataFolderUnusableError(`${told[kind](folder)} (${cause.message})`, { cause: error })
  }
  return error
}
