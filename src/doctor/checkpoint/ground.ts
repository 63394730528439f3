import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CheckpointError } from './checkpoint.ts'
import { GitError, type Git, type GitCall } from './git-program.ts'

/**
 * Where a folder's checkpoints lie: the work tree, the objects, the refs, and a git folder of our own in which
 * trees are built. That one has its own index, no remote and no hook, and its attributes switch every
 * conversion off, so files are kept byte for byte whatever line endings or filters the user has.
 */
export type Ground = {
  readonly place: 'repository' | 'store'
  readonly workTree: string
  /** Has the refs: the user's repository, or the doctor's store. */
  readonly refs: GitCall
  /** Builds trees: objects go where the refs are. */
  readonly own: GitCall
  readonly ownFolder: string
  /** The user's index, of a repository that has one. */
  readonly userIndex: string | null
  /** How the user's repository converts line endings: `false`, `true`, `input`. */
  readonly autocrlf: string
}

/** Never any conversion: a checkpoint is what lies on the disk. */
const rawAttributes = '* -text -eol -ident -filter -working-tree-encoding -export-subst\n'

export async function findGround(
  git: Git,
  { folder, stateFolder }: { readonly folder: string; readonly stateFolder: string },
): Promise<Ground> {
  assertFolder(folder)
  const found = await findRepository(git, folder)
  return found ?? (await openStore(git, { folder: resolve(folder), stateFolder }))
}

/** Before anything else: a program started in a folder that is not there looks like a missing program. */
function assertFolder(folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats?.isDirectory() === true) return
  throw new CheckpointError(`${folder} is no folder, or cannot be looked at.`)
}

type Located = {
  readonly top: string
  readonly gitDir: string
  readonly index: string
  readonly objects: string
  readonly exclude: string
  readonly format: string
}

/** Undefined when the folder is in no work tree. */
async function findRepository(git: Git, folder: string): Promise<Ground | undefined> {
  const located = await locate(git, folder)
  if (located === undefined) return undefined
  const { top, gitDir, index, objects, exclude, format } = located
  // Its files may lie far from it (`core.worktree`), even within another repository.
  const refs: GitCall = { cwd: top, gitDir }
  const settings = await readSettings(git, refs)
  const ownFolder = join(gitDir, 'plimsoll')
  prepareOwn(ownFolder, format)
  const excluded = existsSync(exclude) ? readFileSync(exclude) : Buffer.alloc(0)
  writeWhole(join(ownFolder, 'info', 'exclude'), excluded)
  const config = [...settings].flatMap(([name, value]) =>
    carriedSettings.has(name) ? [`${name}=${value}`] : [],
  )
  return {
    place: 'repository',
    workTree: top,
    refs,
    own: ownCall({ ownFolder, workTree: top, objects, config }),
    ownFolder,
    userIndex: index,
    autocrlf: settings.get('core.autocrlf') ?? 'false',
  }
}

async function locate(git: Git, folder: string): Promise<Located | undefined> {
  const paths = ['index', 'objects', 'info/exclude'].flatMap((name) => ['--git-path', name])
  const asked = ['--show-toplevel', '--absolute-git-dir', ...paths, '--show-object-format']
  let output: Buffer
  try {
    output = await git(['rev-parse', ...asked], { cwd: folder })
  } catch (error) {
    // Not a repository, a bare one, or one of another user: its folder is then kept like any other.
    if (error instanceof GitError && error.exitCode !== null) return undefined
    throw error
  }
  const lines = output.toString('utf8').split('\n')
  const [top, gitDir, index, objects, exclude, format, ...rest] = lines
  // A name with a line break cannot be told apart here; such a folder is kept like any other.
  if (format === undefined || rest.length !== 1) return undefined
  if (top === undefined || gitDir === undefined || index === undefined) return undefined
  if (objects === undefined || exclude === undefined) return undefined
  return {
    top,
    gitDir,
    index: resolve(folder, index),
    objects: resolve(folder, objects),
    exclude: resolve(folder, exclude),
    format,
  }
}

const carriedSettings: ReadonlySet<string> = new Set([
  'core.filemode',
  'core.symlinks',
  'core.ignorecase',
  'core.precomposeunicode',
  'core.longpaths',
  'core.excludesfile',
])

async function readSettings(git: Git, refs: GitCall): Promise<ReadonlyMap<string, string>> {
  try {
    const output = await git(['config', '-z', '--get-regexp', '^core\\.'], refs)
    const pairs = output
      .toString('utf8')
      .split('\0')
      .filter((line) => line !== '')
    return new Map(
      pairs.map((pair): [string, string] => {
        const end = pair.indexOf('\n')
        return end === -1 ? [pair, 'true'] : [pair.slice(0, end), pair.slice(end + 1)]
      }),
    )
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return new Map()
    throw error
  }
}

/** The doctor's repository for one folder that is in none: objects and refs lie in the state folder. */
async function openStore(
  git: Git,
  { folder, stateFolder }: { readonly folder: string; readonly stateFolder: string },
): Promise<Ground> {
  const ownFolder = storeFolder(stateFolder, folder)
  prepareOwn(ownFolder, 'sha1')
  const objects = join(ownFolder, 'objects')
  mkdirSync(join(objects, 'pack'), { recursive: true, mode: 0o700 })
  mkdirSync(join(objects, 'info'), { recursive: true, mode: 0o700 })
  const own = ownCall({ ownFolder, workTree: folder, objects, config: [] })
  // Fails here, and not half-way, where there is no git.
  await git(['rev-parse', '--git-dir'], own)
  return {
    place: 'store',
    workTree: folder,
    refs: { ...own },
    own,
    ownFolder,
    userIndex: null,
    autocrlf: 'false',
  }
}

/** One folder for each kept folder, named by a digest, because paths can be longer than names. */
export const storeFolder = (stateFolder: string, folder: string): string =>
  join(stateFolder, 'checkpoints', createHash('sha256').update(folder).digest('hex').slice(0, 24))

function ownCall(at: {
  readonly ownFolder: string
  readonly workTree: string
  readonly objects: string
  readonly config: readonly string[]
}): GitCall {
  return {
    cwd: at.workTree,
    gitDir: at.ownFolder,
    workTree: at.workTree,
    objectFolder: at.objects,
    config: ['core.autocrlf=false', 'core.attributesFile=', ...at.config],
  }
}

/** Written by hand, because a git command for it would take longer than all the rest. */
function prepareOwn(folder: string, format: string): void {
  for (const name of ['refs', 'info', 'objects']) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
  }
  const isPlain = format === 'sha1'
  const config =
    `[core]\n\trepositoryformatversion = ${isPlain ? 0 : 1}\n\tbare = false\n` +
    (isPlain ? '' : `[extensions]\n\tobjectformat = ${format}\n`)
  writeWhole(join(folder, 'HEAD'), Buffer.from('ref: refs/heads/none\n'))
  writeWhole(join(folder, 'config'), Buffer.from(config))
  writeWhole(join(folder, 'info', 'attributes'), Buffer.from(rawAttributes))
}

/** Also over what a full disk left half-written: without its attributes, files would be converted. */
function writeWhole(path: string, content: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(content)) return
  // Another checkpoint may be reading it.
  const written = `${path}.${process.pid}.new`
  writeFileSync(written, content, { mode: 0o600 })
  renameSync(written, path)
}
