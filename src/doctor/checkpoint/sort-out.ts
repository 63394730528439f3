import { constants, type Stats } from 'node:fs'
import { access, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileBytesMax, newBytesMax, newFilesMax, type SkippedFile } from './checkpoint.ts'

/** A path, relative to the work tree with `/` between its parts, that may have to go into the checkpoint. */
export type Candidate = {
  readonly path: Buffer
  readonly tag: 'changed' | 'gone' | 'added'
}

export type SortedOut = {
  readonly kept: readonly Buffer[]
  /** No longer there, or not taken although an older state of it is known: an old state would be a false one. */
  readonly gone: readonly Buffer[]
  readonly skipped: readonly SkippedFile[]
  readonly nested: readonly string[]
}

const slash = 47
/** Looked at side by side; more would not be faster. */
const atOnce = 64

/** Which candidates are taken, within the bounds. */
export async function sortOut(
  workTree: string,
  candidates: readonly Candidate[],
): Promise<SortedOut> {
  const kept: Buffer[] = []
  const gone: Buffer[] = []
  const skipped: SkippedFile[] = []
  const nested: string[] = []
  const top = Buffer.from(join(workTree, '/'))
  const isThroughLink = linkFinder(top)
  let bytes = 0
  const takeFile = (path: Buffer, file: FoundFile): void => {
    const isMany = kept.length >= newFilesMax || bytes + file.bytes > newBytesMax
    const why = file.why ?? (isMany ? 'too_many' : undefined)
    if (why === undefined) {
      kept.push(path)
      bytes += file.bytes
      return
    }
    gone.push(path)
    skipped.push({ path: path.toString('utf8'), why })
  }
  for (let from = 0; from < candidates.length; from += atOnce) {
    const some = candidates.slice(from, from + atOnce)
    const looked = await Promise.all(some.map((candidate) => look(top, candidate, isThroughLink)))
    for (const [index, found] of looked.entries()) {
      const path = some[index]?.path ?? Buffer.alloc(0)
      if (found === 'nested') nested.push(path.subarray(0, -1).toString('utf8'))
      else if (found === 'gone') gone.push(path)
      else if (found === 'submodule') kept.push(path)
      else takeFile(path, found)
    }
  }
  return { kept, gone, skipped, nested }
}

type Found = 'gone' | 'nested' | 'submodule' | FoundFile
type FoundFile = { readonly bytes: number; readonly why?: 'too_large' | 'unreadable' }

async function look(
  top: Buffer,
  { path, tag }: Candidate,
  isThroughLink: (path: Buffer) => Promise<boolean>,
): Promise<Found> {
  // git lists a repository within this one as a folder, and does not look into it.
  if (path.at(-1) === slash) return 'nested'
  if (tag === 'gone' || (await isThroughLink(path))) return 'gone'
  const whole = Buffer.concat([top, path])
  const stats = await lstat(whole).catch(() => undefined)
  if (stats === undefined) return 'gone'
  if (stats.isDirectory()) return tag === 'changed' ? 'submodule' : 'gone'
  return lookAtFile(whole, stats)
}

async function lookAtFile(path: Buffer, stats: Stats): Promise<Found> {
  if (stats.isSymbolicLink()) return { bytes: stats.size }
  if (!stats.isFile()) return 'gone'
  if (stats.size > fileBytesMax) return { bytes: 0, why: 'too_large' }
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
  return isReadable ? { bytes: stats.size } : { bytes: 0, why: 'unreadable' }
}

/** Whether a parent of the path is a link: what git knew behind it is not in this work tree any more. */
function linkFinder(top: Buffer): (path: Buffer) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()
  const isLinked = (folder: Buffer): Promise<boolean> => {
    const name = folder.toString('latin1')
    const before = known.get(name)
    if (before !== undefined) return before
    const found = lstat(Buffer.concat([top, folder])).then(
      (stats) => !stats.isDirectory() || isThroughLink(folder),
      () => false,
    )
    known.set(name, found)
    return found
  }
  const isThroughLink = (path: Buffer): Promise<boolean> => {
    const end = path.lastIndexOf(slash)
    return end <= 0 ? Promise.resolve(false) : isLinked(path.subarray(0, end))
  }
  return isThroughLink
}
