import { resolve } from 'node:path'
import type { Random } from '../../system/random.ts'
import { CheckpointError, type Checkpoint, type CheckpointParts } from './checkpoint.ts'
import { GitError, createGit, type Git } from './git-program.ts'
import { findGround, type Ground } from './ground.ts'
import {
  beforeRestore,
  chooseKept,
  forgetKept,
  listKept,
  ofThisFolder,
  type KeptTree,
} from './keeping.ts'
import { forgetCopies, listCopies, restoreCopy, type PlainCopy } from './plain-copy.ts'
import { applyInPlace, changedPaths, planInPlace, type InPlacePlan } from './restore-in-place.ts'
import { prepareTarget, restoreToBranch, restoreToFolder } from './restore.ts'
import { isFileError, takeCheckpoint, takeNow } from './take-checkpoint.ts'

/** The checkpoints of one folder, whichever way they are kept: to look at, to bring back, to forget. */
export interface CheckpointBook {
  /** Newest first. */
  list(): Promise<readonly Checkpoint[]>
  find(wanted: string): Promise<Checkpoint>
  /** What the checkpoint has that the commit it stood at has not, as git prints it. */
  changes(wanted: string): Promise<string>
  /** From the checkpoint to the folder as it is now, as git prints it. */
  differences(wanted: string, how: 'whole' | 'names'): Promise<string>
  restoreToFolder(wanted: string, folder: string): Promise<void>
  restoreToBranch(wanted: string, branch: string): Promise<{ readonly commit: string }>
  /** Keeps everything as it is now, and says what would change; `apply` does it. */
  planInPlace(wanted: string): Promise<PlannedRestore>
  forget(ids: readonly string[]): Promise<void>
}

export type PlannedRestore = InPlacePlan & {
  /** Brings back what is there now. */
  readonly undo: Checkpoint
  /** Carries it out; the answer names what could not be written because something unkept was in its way. */
  apply(): Promise<readonly string[]>
}

/** Throws `CheckpointError` with what to do when the folder cannot be looked at. */
export async function openCheckpointBook(
  parts: CheckpointParts,
  folder: string,
): Promise<CheckpointBook> {
  const git = createGit(parts.environment)
  try {
    const ground = await findGround(git, { folder, stateFolder: parts.stateFolder })
    return new GitBook(parts, git, ground)
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode !== null) throw error
    return new CopyBook(parts, resolve(folder))
  }
}

class GitBook implements CheckpointBook {
  readonly #parts: CheckpointParts
  readonly #git: Git
  readonly #ground: Ground

  constructor(parts: CheckpointParts, git: Git, ground: Ground) {
    this.#parts = parts
    this.#git = git
    this.#ground = ground
  }

  async list(): Promise<readonly Checkpoint[]> {
    const kept = await listKept(this.#git, this.#ground)
    return ofThisFolder(kept, this.#ground).map(({ checkpoint }) => checkpoint)
  }

  async find(wanted: string): Promise<Checkpoint> {
    return (await this.#find(wanted)).checkpoint
  }

  async changes(wanted: string): Promise<string> {
    const { checkpoint, tree } = await this.#find(wanted)
    if (checkpoint.headCommit === null) return this.#print(['ls-tree', '-r', '--name-only', tree])
    return this.#diff([checkpoint.headCommit, tree], 'names')
  }

  async differences(wanted: string, how: 'whole' | 'names'): Promise<string> {
    const { tree } = await this.#find(wanted)
    const now = await takeNow(this.#git, this.#parts, this.#ground)
    return this.#diff([tree, now.tree], how)
  }

  async restoreToFolder(wanted: string, folder: string): Promise<void> {
    await restoreToFolder(this.#restoring, await this.#find(wanted), folder)
  }

  async restoreToBranch(wanted: string, branch: string): Promise<{ readonly commit: string }> {
    return restoreToBranch(this.#restoring, await this.#find(wanted), branch)
  }

  async planInPlace(wanted: string): Promise<PlannedRestore> {
    const target = await this.#find(wanted)
    const outcome = await takeCheckpoint(this.#parts, {
      folder: this.#ground.workTree,
      reason: beforeRestore,
    })
    if (outcome.kind === 'failed') {
      throw new CheckpointError(
        `What is there now cannot be kept, so nothing was changed: ${outcome.message}`,
      )
    }
    const now = await this.#find(outcome.checkpoint.id)
    const plan = await planInPlace(this.#git, this.#ground, {
      from: now.tree,
      to: target.tree,
      skipped: now.checkpoint.skipped,
      isSparse: target.checkpoint.absentCount > 0,
    })
    return { ...plan, undo: now.checkpoint, apply: () => this.#apply(plan, now.checkpoint.id) }
  }

  async #apply(plan: InPlacePlan, undo: string): Promise<readonly string[]> {
    try {
      const { tree } = await takeNow(this.#git, this.#parts, this.#ground)
      const moved = await changedPaths(this.#git, this.#ground, [plan.from, tree])
      return await applyInPlace(this.#restoring, plan, moved)
    } catch (error) {
      if (!(error instanceof CheckpointError) && !isFileError(error)) throw error
      throw new CheckpointError(
        `It could not be brought back whole: ${error.message}. What was there before is kept; have it back with: checkpoint restore ${undo} --in-place --yes`,
      )
    }
  }

  async forget(ids: readonly string[]): Promise<void> {
    const kept = await listKept(this.#git, this.#ground)
    const chosen = kept.filter(({ checkpoint }) => ids.includes(checkpoint.id))
    await forgetKept(this.#git, this.#ground, chosen)
  }

  get #restoring(): { readonly git: Git; readonly ground: Ground; readonly random: Random } {
    return { git: this.#git, ground: this.#ground, random: this.#parts.random }
  }

  async #find(wanted: string): Promise<KeptTree> {
    const kept = await listKept(this.#git, this.#ground)
    return chooseKept(wanted === 'latest' ? ofThisFolder(kept, this.#ground) : kept, wanted)
  }

  #diff(trees: readonly [string, string], how: 'whole' | 'names'): Promise<string> {
    const form = how === 'whole' ? ['-p'] : ['--name-status']
    return this.#print([
      'diff-tree',
      '-r',
      '-M',
      '--no-ext-diff',
      '--no-textconv',
      ...form,
      ...trees,
    ])
  }

  async #print(args: readonly string[]): Promise<string> {
    return (await this.#git(args, this.#ground.own)).toString('utf8').trimEnd()
  }
}

/** Where there is no git. */
class CopyBook implements CheckpointBook {
  readonly #parts: CheckpointParts
  readonly #folder: string

  constructor(parts: CheckpointParts, folder: string) {
    this.#parts = parts
    this.#folder = folder
  }

  list(): Promise<readonly Checkpoint[]> {
    return Promise.resolve(this.#copies.map(({ checkpoint }) => checkpoint))
  }

  find(wanted: string): Promise<Checkpoint> {
    return Promise.resolve(chooseKept(this.#copies, wanted).checkpoint)
  }

  changes(): Promise<string> {
    return Promise.reject(needsGit())
  }

  differences(): Promise<string> {
    return Promise.reject(needsGit())
  }

  restoreToFolder(wanted: string, folder: string): Promise<void> {
    const copy = chooseKept(this.#copies, wanted)
    const target = resolve(folder)
    prepareTarget(target)
    restoreCopy(copy, target)
    return Promise.resolve()
  }

  restoreToBranch(): Promise<{ readonly commit: string }> {
    return Promise.reject(needsGit())
  }

  planInPlace(): Promise<PlannedRestore> {
    return Promise.reject(needsGit())
  }

  forget(ids: readonly string[]): Promise<void> {
    forgetCopies(
      this.#parts.stateFolder,
      this.#copies.filter(({ checkpoint }) => ids.includes(checkpoint.id)),
    )
    return Promise.resolve()
  }

  get #copies(): readonly PlainCopy[] {
    return listCopies(this.#parts.stateFolder, this.#folder)
  }
}

const needsGit = (): CheckpointError =>
  new CheckpointError(
    'This needs git, which is not installed. A copy can be brought back with: restore <id> --to <folder>.',
  )
