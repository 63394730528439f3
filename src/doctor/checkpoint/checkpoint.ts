import type { Clock } from '../../system/clock.ts'
import type { Random } from '../../system/random.ts'

/**
 * A checkpoint keeps a folder as it is at this moment, so that the work of a session that was cut off can be
 * had back. It cannot bring back what the folder was before. Nothing of the user's repository is touched but
 * its object store, which gains objects, and one private ref.
 */
export type Checkpoint = {
  readonly id: string
  readonly place: CheckpointPlace
  /** The top of what was kept. */
  readonly folder: string
  readonly atMs: number
  /** Why it was taken, in a few words: `doctor`, `by hand`, `before restore`. */
  readonly reason: string
  readonly sessionId: string | null
  /** Where the repository stood; null for a branch when it was detached, for a commit before the first one. */
  readonly branch: string | null
  readonly headCommit: string | null
  readonly fileCount: number
  readonly skipped: readonly SkippedFile[]
  /** Repositories within this one that are no submodules: their files are not kept, only their names are told. */
  readonly nested: readonly string[]
  /** Submodules: the commit that each stands at is kept, and not what was changed in them. */
  readonly submodules: readonly string[]
  /** Files that a sparse checkout left out: they were not there, and nobody removed them. */
  readonly absentCount: number
}

/**
 * `repository`: objects and a ref in the user's own repository. `store`: the folder is in no repository, so
 * its files lie in one of the doctor's own. `copy`: there is no git at all, so they are copied.
 */
export type CheckpointPlace = 'repository' | 'store' | 'copy'

export type SkippedFile = { readonly path: string; readonly why: SkipReason }
export type SkipReason = 'too_large' | 'unreadable' | 'too_many' | 'changing' | 'name'

export type CheckpointRequest = {
  /** Any folder within what is to be kept. */
  readonly folder: string
  readonly reason: string
  readonly sessionId?: string
}

export type CheckpointOutcome =
  | { readonly kind: 'taken'; readonly checkpoint: Checkpoint; readonly pruned: number }
  /** Nothing changed since this one, so it stands for now as well. */
  | { readonly kind: 'unchanged'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'failed'; readonly message: string }

export type CheckpointParts = {
  readonly clock: Clock
  readonly random: Random
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The doctor's own folder: checkpoints of folders that are in no repository lie here. */
  readonly stateFolder: string
}

/** Something that a person has to do or know; anything else that is thrown is a bug. */
export class CheckpointError extends Error {
  readonly code = 'checkpoint_failed'
}

/** A single file beyond this is left out and named. */
export const fileBytesMax = 50 * 1024 * 1024
/** New or changed files that one checkpoint takes, and their bytes all together; the rest is left out and named. */
export const newFilesMax = 100_000
export const newBytesMax = 1024 * 1024 * 1024
/** Checkpoints of one folder; a further one drops the oldest. */
export const checkpointsMax = 200
