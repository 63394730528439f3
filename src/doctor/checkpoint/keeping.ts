import { existsSync } from 'node:fs'
import type { Checkpoint, CheckpointPlace, SkippedFile } from './checkpoint.ts'
import { CheckpointError } from './checkpoint.ts'
import { GitError, type Git } from './git-program.ts'
import type { Ground } from './ground.ts'

/**
 * Checkpoints as commits under a private ref: `refs/plimsoll/checkpoints/<id>`. The commit's parent is the one
 * that the user stood at; its message says what was kept and what was not, as JSON behind a line for people.
 */
export const refFolder = 'refs/plimsoll/checkpoints'

/** A checkpoint with what git knows it by. */
export type KeptTree = {
  readonly checkpoint: Checkpoint
  readonly commit: string
  readonly tree: string
}

export type Standing = { readonly branch: string | null; readonly headCommit: string | null }

/** Where the user stands; a fresh repository has a branch and no commit. */
export async function readStanding(git: Git, { place, refs }: Ground): Promise<Standing> {
  if (place === 'store') return { branch: null, headCommit: null }
  const [branch, headCommit] = await Promise.all([
    lineOf(git(['symbolic-ref', '--quiet', '--short', 'HEAD'], refs)),
    lineOf(git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], refs)),
  ])
  return { branch, headCommit }
}

async function lineOf(output: Promise<Buffer>): Promise<string | null> {
  try {
    return (await output).toString('utf8').trim()
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== null) return null
    throw error
  }
}

export async function keepTree(
  git: Git,
  ground: Ground,
  kept: { readonly checkpoint: Checkpoint; readonly tree: string },
): Promise<void> {
  const { checkpoint, tree } = kept
  const { headCommit, atMs, id } = checkpoint
  const parent = headCommit === null ? [] : ['-p', headCommit]
  const commit = await git(['commit-tree', tree, ...parent, '-F', '-'], {
    ...ground.own,
    input: Buffer.from(message(checkpoint)),
    identity: { atMs },
  })
  // The last argument asks that the ref does not exist: no checkpoint ever replaces another.
  await git(['update-ref', `${refFolder}/${id}`, commit.toString('utf8').trim(), ''], ground.refs)
}

const message = (checkpoint: Checkpoint): string =>
  `Plimsoll checkpoint ${checkpoint.id}\n\n` +
  `The files as they were at that moment. Bring them back with: plimsoll checkpoint restore ${checkpoint.id}\n\n` +
  `${JSON.stringify(bounded(checkpoint))}\n`

/** Names in a message; of more than that only the number matters. */
const namesMax = 500

const bounded = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  skipped: checkpoint.skipped.slice(0, namesMax),
  nested: checkpoint.nested.slice(0, namesMax),
  submodules: checkpoint.submodules.slice(0, namesMax),
})

/**
 * Work trees of one repository share its refs, and a checkpoint is of one of them. A folder that is gone was
 * most likely this one, before it was moved.
 */
export const ofThisFolder = (
  kept: readonly KeptTree[],
  { workTree }: Ground,
): readonly KeptTree[] =>
  kept.filter(({ checkpoint: { folder } }) => folder === workTree || !existsSync(folder))

/** Newest first. A ref that is not of this form is somebody else's and is left alone. */
export async function listKept(git: Git, ground: Ground): Promise<readonly KeptTree[]> {
  const format = '%(refname)%00%(objectname)%00%(tree)%00%(contents:body)%00'
  const output = await git(['for-each-ref', `--format=${format}`, refFolder], ground.refs)
  const fields = output.toString('utf8').split('\0')
  const found: KeptTree[] = []
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [ref = '', commit = '', tree = '', body = ''] = fields.slice(at, at + 4)
    const id = ref.trim().slice(refFolder.length + 1)
    const checkpoint = readBody(body)
    if (checkpoint === undefined || !isCheckpointId(id)) continue
    found.push({ commit, tree, checkpoint: { ...checkpoint, id } })
  }
  return found.toSorted((one, other) => other.checkpoint.atMs - one.checkpoint.atMs)
}

function readBody(body: string): Checkpoint | undefined {
  const line = body.split('\n').find((each) => each.startsWith('{'))
  return line === undefined ? undefined : readCheckpoint(line)
}

/** A written checkpoint, if it is one; whatever else stands there is not trusted. */
export function readCheckpoint(text: string): Checkpoint | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const { id, place, folder, atMs, reason, fileCount } = fields
  if (typeof id !== 'string' || !isCheckpointId(id) || !isPlace(place)) return undefined
  if (typeof folder !== 'string' || typeof reason !== 'string') return undefined
  if (typeof atMs !== 'number' || typeof fileCount !== 'number') return undefined
  return {
    id,
    place,
    folder,
    atMs,
    reason,
    fileCount,
    sessionId: textOrNull(fields['sessionId']),
    branch: textOrNull(fields['branch']),
    headCommit: textOrNull(fields['headCommit']),
    skipped: listOf(fields['skipped'], readSkipped),
    nested: listOf(fields['nested'], textOrNull),
    submodules: listOf(fields['submodules'], textOrNull),
    absentCount: typeof fields['absentCount'] === 'number' ? fields['absentCount'] : 0,
  }
}

const places: readonly CheckpointPlace[] = ['repository', 'store', 'copy']
const isPlace = (value: unknown): value is CheckpointPlace =>
  places.some((place) => place === value)

export const isCheckpointId = (text: string): boolean => /^cp_[0-9a-z]{16}$/.test(text)

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function listOf<Item>(value: unknown, read: (one: unknown) => Item | null): readonly Item[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one) => {
    const item = read(one)
    return item === null ? [] : [item]
  })
}

function readSkipped(value: unknown): SkippedFile | null {
  if (typeof value !== 'object' || value === null) return null
  const { path, why }: Readonly<Record<string, unknown>> = { ...value }
  const known = (['too_large', 'unreadable', 'too_many', 'changing', 'name'] as const).find(
    (one) => one === why,
  )
  return typeof path === 'string' && known !== undefined ? { path, why: known } : null
}

/** The reason of a checkpoint that only undoes a restore: nobody means it by `latest`. */
export const beforeRestore = 'before restore'

/** The checkpoint of this id, or the newest for `latest`; a part of an id will do where only one begins so. */
export function chooseKept<One extends { readonly checkpoint: Checkpoint }>(
  all: readonly One[],
  wanted: string,
): One {
  const [newest] = all
  if (newest === undefined) {
    throw new CheckpointError('There is no checkpoint of this folder yet.')
  }
  if (wanted === 'latest') {
    return all.find(({ checkpoint }) => checkpoint.reason !== beforeRestore) ?? newest
  }
  const full = wanted.startsWith('cp_') ? wanted : `cp_${wanted}`
  const fitting = all.filter(({ checkpoint }) => checkpoint.id.startsWith(full))
  const [only, other] = fitting
  if (only === undefined)
    throw new CheckpointError(`There is no checkpoint ${wanted} of this folder.`)
  if (other !== undefined) throw new CheckpointError(`Several checkpoints begin with ${wanted}.`)
  return only
}

/** Forgets checkpoints. Their objects go with git's own next clean-up, in a store with the next forgetting. */
export async function forgetKept(
  git: Git,
  ground: Ground,
  kept: readonly KeptTree[],
): Promise<void> {
  if (kept.length === 0) return
  const lines = kept.map(
    ({ checkpoint, commit }) => `delete ${refFolder}/${checkpoint.id} ${commit}\n`,
  )
  await git(['update-ref', '--stdin'], { ...ground.refs, input: Buffer.from(lines.join('')) })
  if (ground.place === 'store') await git(['prune', `--expire=${pruneAge}`], ground.own)
}

/** Another checkpoint that is being made right now has objects that no ref names yet. */
const pruneAge = '10.minutes.ago'
