import { copyFileSync, globSync, statSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { asList, itemsOf, type Git, type GitCall } from './git-program.ts'
import type { Ground } from './ground.ts'

/**
 * An index to begin with: a copy of the user's, because its entries say which files did not change. An entry
 * whose object is not what lies on the disk (converted line endings, a filter such as LFS, a path that git
 * was told not to look at) is dropped from the copy, so that its file is read as it is.
 */
export async function startIndex(
  git: Git,
  ground: Ground,
  indexFile: string,
): Promise<StartedIndex> {
  if (ground.userIndex === null || !copyIndex(ground.userIndex, indexFile)) {
    return { dropped: [], sparse: new Set() }
  }
  const user: GitCall = { ...ground.refs, indexFile }
  const entries = readEntries(await git(['ls-files', '-s', '-v', '-z'], user))
  const unsure = entries.filter(({ isUnsure }) => isUnsure).map(({ path }) => path)
  const plain = entries.filter(({ isUnsure, isFile }) => !isUnsure && isFile)
  const converted = await findConverted(git, ground, {
    call: user,
    paths: plain.map(({ path }) => path),
  })
  const dropped = [...unsure, ...converted]
  if (dropped.length > 0) {
    const own = { ...ground.own, indexFile, input: asList(dropped) }
    await git(['update-index', '-z', '--force-remove', '--stdin'], own)
  }
  const left = entries.filter(({ isLeftOut }) => isLeftOut)
  return { dropped, sparse: new Set(left.map(({ path }) => path.toString('latin1'))) }
}

export type StartedIndex = {
  readonly dropped: readonly Buffer[]
  /** Of those, the ones that a sparse checkout leaves out, in Latin-1. */
  readonly sparse: ReadonlySet<string>
}

/** False when the repository has no index yet. */
function copyIndex(from: string, to: string): boolean {
  try {
    const { mtimeMs } = statSync(from)
    copyFileSync(from, to)
    // git distrusts entries as young as their index; a copy must not look younger than it is.
    utimesSync(to, mtimeMs / 1000, Math.floor(mtimeMs) / 1000)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
  for (const shared of globSync('sharedindex.*', { cwd: dirname(from) })) {
    copyFileSync(join(dirname(from), shared), join(dirname(to), basename(shared)))
  }
  return true
}

type IndexEntry = {
  readonly path: Buffer
  readonly isFile: boolean
  /** git was told to believe it unchanged, or it is not checked out. */
  readonly isUnsure: boolean
  /** A sparse checkout leaves it out. */
  readonly isLeftOut: boolean
}

/** "H 100644 <object> 0\t<path>"; a small letter means assumed unchanged, an S left out of the checkout. */
function readEntries(output: Buffer): readonly IndexEntry[] {
  return itemsOf(output).map((item) => {
    const tag = String.fromCharCode(item[0] ?? 0)
    return {
      path: item.subarray(item.indexOf(tab) + 1),
      isFile: item.subarray(2, 5).toString('latin1') === '100',
      isUnsure: tag === 'S' || tag !== tag.toUpperCase(),
      isLeftOut: tag.toUpperCase() === 'S',
    }
  })
}

const tab = 9
/** `crlf` is the old name of `text`, which git still knows. */
const lineEndings = new Set(['text', 'eol', 'crlf'])
const attributes = new Set([...lineEndings, 'filter', 'ident', 'working-tree-encoding'])

type Asked = { readonly call: GitCall; readonly paths: readonly Buffer[] }

/** Paths whose object in the index may differ from the bytes of the file. */
async function findConverted(git: Git, ground: Ground, asked: Asked): Promise<readonly Buffer[]> {
  if (asked.paths.length === 0) return []
  const { byFilter, byText } = await readAttributes(git, ground, asked)
  if (byText.size === 0) return byFilter
  const unequal = await findUnequalEnds(git, asked, byText)
  return [...byFilter, ...unequal]
}

async function readAttributes(
  git: Git,
  { autocrlf }: Ground,
  { call, paths }: Asked,
): Promise<{ readonly byFilter: readonly Buffer[]; readonly byText: ReadonlySet<string> }> {
  const isAllText = autocrlf !== 'false'
  const input = asList(paths)
  const items = itemsOf(
    // Only what is set is printed, which in most repositories is nothing.
    await git(['check-attr', '-z', '--stdin', '--all'], { ...call, input }),
  )
  const filtered = new Map<string, Buffer>()
  const byText = new Set<string>(isAllText ? paths.map((path) => path.toString('latin1')) : [])
  for (let at = 0; at + 2 < items.length; at += 3) {
    const [path, name, value] = items.slice(at, at + 3).map((item) => item)
    const said = value?.toString('latin1')
    const attribute = name?.toString('latin1') ?? ''
    const isConverting = attributes.has(attribute) && said !== 'unspecified' && said !== 'unset'
    if (path === undefined || !isConverting) continue
    const key = path.toString('latin1')
    if (lineEndings.has(attribute)) byText.add(key)
    else filtered.set(key, path)
  }
  for (const key of filtered.keys()) byText.delete(key)
  return { byFilter: [...filtered.values()], byText }
}

/** "i/lf    w/crlf  attr/text=auto      \t<path>": equal and not mixed means the same bytes. */
async function findUnequalEnds(
  git: Git,
  { call }: Asked,
  among: ReadonlySet<string>,
): Promise<readonly Buffer[]> {
  const items = itemsOf(await git(['ls-files', '--eol', '-z'], call))
  return items.flatMap((item) => {
    const start = item.indexOf(tab) + 1
    const path = item.subarray(start)
    if (!among.has(path.toString('latin1'))) return []
    const [, inIndex, onDisk] = /^i\/(\S*)\s+w\/(\S*)/.exec(item.toString('latin1')) ?? []
    return inIndex === onDisk && inIndex !== 'mixed' ? [] : [path]
  })
}
