import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { CheckpointOutcome } from '../../doctor/checkpoint/checkpoint.ts'
import { takeCheckpoint } from '../../doctor/checkpoint/take-checkpoint.ts'
import type { Finding } from '../../doctor/examine.ts'
import { stateFolder } from '../../doctor/state-folder.ts'
import { checkpointSentences, forFolder } from '../checkpoint-text.ts'
import type { CommandContext } from '../command-line.ts'

/** What became of the files: a checkpoint, or why there is none. */
export type Rescue = CheckpointOutcome | { readonly kind: 'left_out'; readonly why: string }

/** Found on this machine; in a transcript that a person named or piped in; or told in words. */
export type RefusalSource = 'found' | 'named' | 'told'

/**
 * Keeps the files of the refused session as they are now. A transcript that was only named or piped in may be
 * another machine's, so its folder counts only where it is the current one.
 */
export async function rescueFiles(
  { session }: Finding,
  context: CommandContext,
  source: RefusalSource,
): Promise<Rescue> {
  if (source === 'told') return leftOut('a message that is told names no folder')
  const folder = session?.place.workFolder
  if (folder === undefined) return leftOut('the transcript does not say in which folder it ran')
  if (source === 'named' && resolve(folder) !== resolve(context.folder)) {
    return leftOut('the transcript is of another folder than the current one')
  }
  if (!isFolder(folder)) return leftOut(`the folder ${folder} is not there`)
  if (isTooWide(folder, context)) {
    return leftOut(`${folder} is no project folder; take one by hand where your files are`)
  }
  const { clock, random, machine } = context
  const parts = {
    clock,
    random,
    environment: machine.environment,
    stateFolder: stateFolder(machine),
  }
  const sessionId = session?.place.sessionId
  const named = sessionId === undefined ? {} : { sessionId }
  return takeCheckpoint(parts, { folder, reason: 'doctor', ...named })
}

const leftOut = (why: string): Rescue => ({ kind: 'left_out', why })

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** A home folder or a whole disk holds more than anybody's session. */
const isTooWide = (folder: string, { machine }: CommandContext): boolean =>
  resolve(folder) === resolve(machine.home) || dirname(resolve(folder)) === resolve(folder)

/** Lines for a person; indented ones are commands. */
export function rescueLines(rescue: Rescue, context: CommandContext): readonly string[] {
  const byHand = 'By hand:'
  const command = '  npm run plimsoll -- checkpoint take --folder <folder>'
  switch (rescue.kind) {
    case 'left_out':
      return [`No checkpoint of the files: ${rescue.why}. ${byHand}`, command]
    case 'failed':
      return [`The files could not be kept: ${rescue.message} ${byHand}`, command]
    case 'taken':
    case 'unchanged':
      return forFolder(
        checkpointSentences(rescue, context.reader()),
        rescue.checkpoint.folder,
      ).split('\n')
  }
}
