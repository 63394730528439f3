import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SkippedFile } from './checkpoint.ts'
import { GitError, asList, itemsOf, type Git, type GitCall } from './git-program.ts'
import type { Ground } from './ground.ts'
import { listLooseFiles } from './loose-files.ts'
import { sortOut, type Candidate } from './sort-out.ts'
import { startIndex } from './start-index.ts'

/** The folder as it lies on the disk, as a tree in git's object store. */
export type TreeOfNow = {
  readonly tree: string
  readonly fileCount: number
  readonly skipped: readonly SkippedFile[]
  readonly nested: readonly string[]
  readonly submodules: readonly string[]
  readonly absentCount: number
}

/**
 * Builds it in an index of our own: the user's index, copied, saves reading what did not change; everything
 * that git sees as changed, new or gone since is put on top. The user's own index is only read.
 */
export async function takeTreeOfNow(
  git: Git,
  ground: Ground,
  indexFile: string,
): Promise<TreeOfNow> {
  const own: GitCall = { ...ground.own, indexFile }
  try {
    const started = await startIndex(git, ground, indexFile)
    const listed =
      ground.userIndex === null
        ? await listLooseFiles(ground.workTree)
        : { candidates: await listChanges(git, own), skipped: [] }
    const known = new Set(listed.candidates.map(({ path }) => path.toString('latin1')))
    const dropped = started.dropped.filter((path) => !known.has(path.toString('latin1')))
    const all: readonly Candidate[] = [
      ...listed.candidates,
      ...dropped.map((path): Candidate => ({ path, tag: 'added' })),
    ]
    const sorted = await sortOut(ground.workTree, all)
    await forceRemove(git, own, sorted.gone)
    const changing = await addAll(git, own, sorted.kept)
    // What the index had of them is an old state, and would be taken for this moment's.
    await forceRemove(git, own, changing)
    const tree = await git(['write-tree', '--missing-ok'], own)
    const entries = itemsOf(await git(['ls-files', '-s', '-z'], own))
    const submodules = entries
      .filter((entry) => entry.subarray(0, 6).toString() === '160000')
      .map((entry) => pathOf(entry).toString('utf8'))
    return {
      tree: tree.toString('utf8').trim(),
      fileCount: entries.length - submodules.length,
      skipped: [
        ...listed.skipped,
        ...sorted.skipped,
        ...refusedNames(ground, sorted.kept, [...entries.map(pathOf), ...changing]),
        ...changing.map((path) => ({ path: path.toString('utf8'), why: 'changing' }) as const),
      ],
      nested: sorted.nested,
      submodules,
      absentCount: sorted.gone.filter((path) => started.sparse.has(path.toString('latin1'))).length,
    }
  } finally {
    rmSync(indexFile, { force: true })
    if (existsSync(`${indexFile}.lock`)) rmSync(`${indexFile}.lock`, { force: true })
  }
}

const tab = 9
const pathOf = (entry: Buffer): Buffer => entry.subarray(entry.indexOf(tab) + 1)

/** git passes over names such as `.GIT`, and says nothing of it in its exit code. */
function refusedNames(
  { workTree }: Ground,
  asked: readonly Buffer[],
  taken: readonly Buffer[],
): readonly SkippedFile[] {
  const known = new Set(taken.map((path) => path.toString('latin1')))
  const top = Buffer.from(join(workTree, '/'))
  return asked
    .filter((path) => !known.has(path.toString('latin1')))
    .filter((path) => existsSync(Buffer.concat([top, path])))
    .map((path) => ({ path: path.toString('utf8'), why: 'name' }))
}

/** What git sees as changed (`C`), gone (`R`) or new (`?`) between our index and the disk. */
async function listChanges(git: Git, own: GitCall): Promise<readonly Candidate[]> {
  const asked = ['ls-files', '-t', '-z', '-m', '-d', '-o', '--exclude-standard']
  const items = itemsOf(await git(asked, own))
  const candidates = items.flatMap((item): readonly Candidate[] => {
    const tag = tags.get(String.fromCharCode(item[0] ?? 0))
    return tag === undefined ? [] : [{ tag, path: item.subarray(2) }]
  })
  // A file that is gone is listed as changed as well.
  const gone = new Set(
    candidates.filter(({ tag }) => tag === 'gone').map(({ path }) => path.toString('latin1')),
  )
  return candidates.filter(({ tag, path }) => tag === 'gone' || !gone.has(path.toString('latin1')))
}

const tags: ReadonlyMap<string, Candidate['tag']> = new Map([
  ['C', 'changed'],
  ['R', 'gone'],
  ['?', 'added'],
])

export async function forceRemove(git: Git, own: GitCall, paths: readonly Buffer[]): Promise<void> {
  if (paths.length === 0) return
  await git(['update-index', '-z', '--force-remove', '--stdin'], { ...own, input: asList(paths) })
}

/** Files may go on changing while they are read: then each is tried alone. The answer is what would not stay. */
async function addAll(
  git: Git,
  own: GitCall,
  paths: readonly Buffer[],
): Promise<readonly Buffer[]> {
  const add = (some: readonly Buffer[]): Promise<Buffer> =>
    git(['update-index', '-z', '--add', '--remove', '--replace', '--stdin'], {
      ...own,
      input: asList(some),
    })
  const failed: Buffer[] = []
  const tryAll = async (some: readonly Buffer[]): Promise<void> => {
    if (some.length === 0) return
    try {
      await add(some)
    } catch (error) {
      if (!(error instanceof GitError) || isDiskFull(error)) throw error
      const [only] = some
      if (some.length === 1 && only !== undefined) {
        failed.push(only)
        return
      }
      const half = Math.ceil(some.length / 2)
      await tryAll(some.slice(0, half))
      await tryAll(some.slice(half))
    }
  }
  await tryAll(paths)
  return failed
}

const isDiskFull = (error: GitError): boolean =>
  /No space left|Disk quota|Read-only file system|insufficient permission/i.test(error.message)
