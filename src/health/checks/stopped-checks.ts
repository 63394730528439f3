import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { bad, fine, warning, type Check, type Finding } from '../check.ts'
import type { FolderFacts } from '../folder-facts.ts'
import { shellWord } from '../../config/shell-word.ts'

/** Checks for a folder whose server does not answer: is it free, and how did the last server end. */
export const stoppedChecks: readonly Check<FolderFacts>[] = [
  { id: 'lock', look: lookAtLock },
  { id: 'last-stop', look: lookAtLastStop },
]

function lookAtLock({ folder }: FolderFacts): Finding {
  const path = join(folder, 'owner.db')
  if (!existsSync(path)) return fine('Nobody has used the folder yet.')
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0, readOnly: true })
    // Reading takes the shared lock, which the owner's exclusive one keeps out.
    lock.prepare('SELECT count(*) FROM sqlite_schema').get()
    return fine('No process owns the folder.')
  } catch {
    return bad({
      found: `A process owns ${folder}, although no server answers.`,
      meaning: 'A second server cannot start on it.',
      say: 'Wait if it starts or stops just now; else end it. Who it is:',
      run: `cat ${shellWord(join(folder, 'owner.txt'))}`,
    })
  } finally {
    lock?.close()
  }
}

function lookAtLastStop({ folder }: FolderFacts): Finding {
  if (!existsSync(join(folder, 'server.json'))) return fine('The last server ended in order.')
  return warning({
    found: 'The last server did not end in order: it was killed, or its machine was.',
    meaning:
      'Nothing acknowledged is lost; requests that ran then are given back at the next start.',
    say: 'Start it again:',
    run: `npm start -- --data-folder ${shellWord(folder)}`,
  })
}
