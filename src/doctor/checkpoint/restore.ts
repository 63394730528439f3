import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freshId, type Random } from '../../system/random.ts'
import { CheckpointError } from './checkpoint.ts'
import { GitError, itemsOf, type Git, type GitCall } from './git-program.ts'
import type { Ground } from './ground.ts'
import type { KeptTree } from './keeping.ts'

/** Bringing a checkpoint back beside what is there: into a new folder, or as a new branch. */

export type RestoreParts = { readonly git: Git; readonly ground: Ground; readonly random: Random }

/** Writes every file of the checkpoint into a folder that is new or empty, byte for byte. */
export async function restoreToFolder(
  parts: RestoreParts,
  kept: KeptTree,
  folder: string,
): Promise<void> {
  const target = resolve(folder)
  prepareTarget(target)
  await withTree(parts, kept.tree, async (own) => {
    await parts.git(['checkout-index', '--all', '--force'], {
      ...own,
      cwd: target,
      workTree: target,
    })
  })
}

export function prepareTarget(target: string): void {
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new CheckpointError(
      `${target} is not empty. Name a folder that does not exist yet; nothing was changed.`,
    )
  }
  mkdirSync(target, { recursive: true })
}

/**
 * A new branch whose one new commit has the checkpoint's files, on top of the commit that it stood at. Files
 * are converted as the repository asks (line endings, LFS), as if they had been committed by hand. Nothing
 * is checked out.
 */
export async function restoreToBranch(
  parts: RestoreParts,
  kept: KeptTree,
  branch: string,
): Promise<{ readonly commit: string }> {
  const { git, ground, random } = parts
  if (ground.place === 'store') {
    throw new CheckpointError('This folder is in no repository; restore it with --to <folder>.')
  }
  const { absentCount } = kept.checkpoint
  if (absentCount > 0) {
    throw new CheckpointError(
      `A sparse checkout left ${absentCount} files out of it, and a branch would seem to remove them. Restore it with --to <folder>.`,
    )
  }
  await checkBranchName(git, ground, branch)
  const folder = join(ground.ownFolder, freshId(random, 'files'))
  const indexFile = join(ground.ownFolder, freshId(random, 'index'))
  try {
    await restoreToFolder(parts, kept, folder)
    const user: GitCall = { ...ground.refs, workTree: folder, indexFile, gitDir: gitFolder(ground) }
    await git(['add', '--all', '--force', '.'], { ...user, cwd: folder })
    await addSubmodules(git, user, kept.tree)
    const tree = await git(['write-tree', '--missing-ok'], user)
    const { headCommit, atMs, id } = kept.checkpoint
    const parent = headCommit === null ? [] : ['-p', headCommit]
    const about = `Files of checkpoint ${id}\n`
    const made = await git(['commit-tree', line(tree), ...parent, '-m', about], {
      ...ground.own,
      identity: { atMs },
    })
    const commit = line(made)
    await git(['update-ref', `refs/heads/${branch}`, commit, ''], ground.refs)
    return { commit }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(indexFile, { force: true })
  }
}

/** Our own folder lies in the repository's. */
const gitFolder = ({ ownFolder }: Ground): string => join(ownFolder, '..')

const line = (output: Buffer): string => output.toString('utf8').trim()

async function checkBranchName(git: Git, { refs }: Ground, branch: string): Promise<void> {
  const isGood = await succeeds(git(['check-ref-format', '--branch', branch], refs))
  if (!isGood || branch.startsWith('-')) {
    throw new CheckpointError(`${branch} cannot be the name of a branch.`)
  }
  if (await succeeds(git(['show-ref', '--verify', '--quiet', `refs/heads/${branch}`], refs))) {
    throw new CheckpointError(`There is a branch ${branch} already. Choose another name.`)
  }
}

async function succeeds(output: Promise<Buffer>): Promise<boolean> {
  try {
    await output
    return true
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== null) return false
    throw error
  }
}

/** Submodules have no files here, only the commit that each stood at. */
async function addSubmodules(git: Git, user: GitCall, tree: string): Promise<void> {
  const entries = itemsOf(await git(['ls-tree', '-r', '-z', tree], user))
  for (const entry of entries) {
    if (!entry.subarray(0, 6).equals(gitlink)) continue
    const text = entry.toString('utf8')
    const [, , object = ''] = text.slice(0, text.indexOf('\t')).split(' ')
    const path = text.slice(text.indexOf('\t') + 1)
    await git(['update-index', '--add', '--cacheinfo', `160000,${object},${path}`], user)
  }
}

const gitlink = Buffer.from('160000')

/** Runs with an index that holds this tree and nothing else. */
export async function withTree<Answer>(
  { git, ground, random }: RestoreParts,
  tree: string,
  work: (own: GitCall) => Promise<Answer>,
): Promise<Answer> {
  const indexFile = join(ground.ownFolder, freshId(random, 'index'))
  const own: GitCall = { ...ground.own, indexFile }
  try {
    await git(['read-tree', tree], own)
    return await work(own)
  } finally {
    rmSync(indexFile, { force: true })
  }
}
