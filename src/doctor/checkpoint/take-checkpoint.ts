import { join } from 'node:path'
import { freshId } from '../../system/random.ts'
import {
  CheckpointError,
  checkpointsMax,
  type Checkpoint,
  type CheckpointOutcome,
  type CheckpointParts,
  type CheckpointRequest,
} from './checkpoint.ts'
import { GitError, createGit, type Git } from './git-program.ts'
import { findGround, type Ground } from './ground.ts'
import { forgetKept, keepTree, listKept, ofThisFolder, readStanding } from './keeping.ts'
import { takePlainCopy } from './plain-copy.ts'
import { takeTreeOfNow, type TreeOfNow } from './tree-of-now.ts'

/**
 * Keeps the folder as it is now. In a repository its objects go into the repository, under a private ref; its
 * index, branches, stash, reflogs and hooks are not touched. Never throws for what the folder or git is like:
 * a rescue that cannot be made is an answer, too.
 */
export async function takeCheckpoint(
  parts: CheckpointParts,
  request: CheckpointRequest,
): Promise<CheckpointOutcome> {
  const git = createGit(parts.environment)
  try {
    return await takeWithGit(git, parts, request)
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode !== null) return failureOf(error)
  }
  try {
    return await takePlainCopy(parts, request)
  } catch (error) {
    return failureOf(error)
  }
}

function failureOf(error: unknown): CheckpointOutcome {
  if (error instanceof CheckpointError || isFileError(error)) {
    return { kind: 'failed', message: error.message }
  }
  throw error
}

async function takeWithGit(
  git: Git,
  parts: CheckpointParts,
  request: CheckpointRequest,
): Promise<CheckpointOutcome> {
  const { folder } = request
  const ground = await findGround(git, { folder, stateFolder: parts.stateFolder })
  const [now, standing, all] = await Promise.all([
    takeNow(git, parts, ground),
    readStanding(git, ground),
    listKept(git, ground),
  ])
  const kept = ofThisFolder(all, ground)
  const [newest] = kept
  const isSame = newest?.tree === now.tree && newest.checkpoint.headCommit === standing.headCommit
  if (newest !== undefined && isSame) return { kind: 'unchanged', checkpoint: newest.checkpoint }
  const checkpoint: Checkpoint = {
    id: freshId(parts.random, 'cp'),
    place: ground.place,
    folder: ground.workTree,
    atMs: parts.clock.wallMs(),
    reason: request.reason,
    sessionId: request.sessionId ?? null,
    ...standing,
    fileCount: now.fileCount,
    skipped: now.skipped,
    nested: now.nested,
    submodules: now.submodules,
    absentCount: now.absentCount,
  }
  await keepTree(git, ground, { checkpoint, tree: now.tree })
  const old = kept.slice(checkpointsMax - 1)
  await forgetKept(git, ground, old)
  return { kind: 'taken', checkpoint, pruned: old.length }
}

/** Two at once must not write one index, so each has a name of its own. */
export const takeNow = (git: Git, parts: CheckpointParts, ground: Ground): Promise<TreeOfNow> =>
  takeTreeOfNow(git, ground, join(ground.ownFolder, freshId(parts.random, 'index')))

export const isFileError = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && 'code' in error
