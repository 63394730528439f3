import { bad, fine, sizeText, warning, type Check } from '../check.ts'
import type { FolderFacts } from '../folder-facts.ts'
import { shellWord } from '../../config/shell-word.ts'

/** Checks of the data folder itself: they work with and without a server on it. */

const giga = 1_000_000_000
/** Below the first a person should look, below the second the journal may stop within hours. */
const diskLowBytes = 2 * giga
const diskOutBytes = giga / 5
const diskLowShare = 0.05
const walLargeBytes = giga / 4
const applicationId = 0x506c696d

export const folderChecks = (formatKnown: number): readonly Check<FolderFacts>[] => [
  { id: 'folder', look: lookAtFolderItself },
  { id: 'operator-token', look: lookAtToken },
  { id: 'disk-space', look: lookAtDisk },
  { id: 'journal-file', look: (facts) => lookAtJournal(facts, formatKnown) },
  { id: 'wal', look: lookAtWal },
]

function lookAtFolderItself(facts: FolderFacts): ReturnType<typeof fine> {
  const { folder, mode, ownerId, userId, isWritable } = facts
  if (mode === null) {
    return bad({
      found: `There is no data folder at ${folder}.`,
      meaning: 'A server started here begins with an empty journal.',
      say: 'Name the right folder with --data-folder, or start the server once to make it:',
      run: `npm start -- --data-folder ${shellWord(folder)}`,
    })
  }
  if (!isWritable) {
    return bad({
      found: `${folder} cannot be written by this user.`,
      meaning: 'No decision can be made: each one has to be written first.',
      say: 'Give the folder to the user that runs the server, or mount it writable:',
      run: `chown -R "$(id -u)" ${shellWord(folder)} && chmod -R u+rwX ${shellWord(folder)}`,
    })
  }
  if ((mode & 0o077) !== 0) {
    return bad({
      found: `${folder} is open to other users of this machine (mode ${mode.toString(8)}).`,
      meaning: 'They can read the journal and the operator token.',
      say: 'Close it:',
      run: `chmod 700 ${shellWord(folder)}`,
    })
  }
  if (userId !== null && userId !== 0 && ownerId !== userId) {
    return warning({
      found: `${folder} belongs to another user than the one who asks.`,
      meaning: 'New files will belong to somebody else, who can then lock the server out.',
      say: 'Run the server and the command line as the owner of the folder, or give it to this user:',
      run: `chown -R "$(id -u)" ${shellWord(folder)}`,
    })
  }
  return fine(`${folder} is private and writable.`)
}

function lookAtToken({
  token,
  isTokenElsewhere,
  journal,
  folder,
}: FolderFacts): ReturnType<typeof fine> {
  if (token === null && (isTokenElsewhere || journal === null)) {
    return fine('The operator token is not kept in the data folder.')
  }
  if (token === null) {
    return warning({
      found: `There is no operator token in ${folder}.`,
      meaning: 'Commands cannot be sent to the server on this folder. No backup holds the token.',
      say: 'If you keep it elsewhere, put it back or set PLIMSOLL_OPERATOR_TOKEN. If it is lost, stop the server and make a new one:',
      run: 'plimsoll operator-token new',
    })
  }
  if ((token.mode & 0o077) === 0) return fine('Only its owner can read the operator token.')
  return bad({
    found: `${token.path} can be read by other users (mode ${token.mode.toString(8)}).`,
    meaning: 'Whoever has this token may do everything.',
    say: 'Close it:',
    run: `chmod 600 ${shellWord(token.path)}`,
  })
}

function lookAtDisk({ disk, folder }: FolderFacts): ReturnType<typeof fine> {
  if (disk === null) return fine('The system does not say how much room is left on the disk.')
  const { freeBytes, allBytes } = disk
  const left = `${sizeText(freeBytes)} of ${sizeText(allBytes)} are free on the disk of ${folder}.`
  const trouble = {
    found: left,
    meaning:
      'When it is full, every request is answered with 503; nothing that was acknowledged is lost.',
    say: 'Make room on this disk, or stop the server and move the folder to a larger one. What takes the room:',
    run: `du -xh -d 2 ${shellWord(folder)} | sort -h`,
  }
  if (freeBytes < diskOutBytes) return bad(trouble)
  const isLow = freeBytes < diskLowBytes && freeBytes < allBytes * diskLowShare
  return isLow ? warning(trouble) : fine(left)
}

function lookAtJournal(facts: FolderFacts, formatKnown: number): ReturnType<typeof fine> {
  const { journal, header, folder } = facts
  if (journal === null || journal.bytes === 0) {
    return facts.wal === null
      ? fine('There is no journal yet; the first start makes it.')
      : fine('The journal is being made.')
  }
  if (header === null || !header.isSqlite) {
    return bad({
      found: `${journal.path} is not a journal: it is damaged, or a file of something else.`,
      meaning: 'No server can start on this folder.',
      say: `Keep a copy of ${folder}, then restore it from the last backup.`,
      run: null,
    })
  }
  if (header.applicationId !== applicationId && header.applicationId !== 0) {
    return bad({
      found: `${journal.path} is a database of another program.`,
      meaning: 'No server can start on this folder; nothing in it was changed.',
      say: 'Choose another data folder with --data-folder.',
      run: null,
    })
  }
  if (header.format > formatKnown) {
    return bad({
      found: `${journal.path} has format ${header.format}; this version knows ${formatKnown}.`,
      meaning: 'It was written by a newer Plimsoll, and this one will not start on it.',
      say: 'Start the newer version, or restore the copy that it made before it changed the format (docs/running.md).',
      run: null,
    })
  }
  const kept =
    facts.keptCopyMs === null
      ? ''
      : ' A copy from before the last change of format is kept beside it.'
  return fine(`The journal has ${sizeText(journal.bytes)}, format ${header.format}.${kept}`)
}

function lookAtWal({ wal }: FolderFacts): ReturnType<typeof fine> {
  const bytes = wal?.bytes ?? 0
  if (bytes < walLargeBytes) return fine(`The write-ahead log has ${sizeText(bytes)}.`)
  return warning({
    found: `The write-ahead log has grown to ${sizeText(bytes)}.`,
    meaning:
      'A program keeps the journal open for reading, so the log cannot be folded into it; it takes disk and slows a start.',
    say: 'End whatever else has the file open, or restart the server. Who has it open:',
    run: wal === null ? null : `fuser -v ${shellWord(wal.path)}`,
  })
}
