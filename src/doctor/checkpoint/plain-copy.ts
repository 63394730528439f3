import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { freshId } from '../../system/random.ts'
import {
  checkpointsMax,
  type Checkpoint,
  type CheckpointOutcome,
  type CheckpointParts,
  type CheckpointRequest,
  type SkippedFile,
} from './checkpoint.ts'
import { storeFolder } from './ground.ts'
import { isCheckpointId, readCheckpoint } from './keeping.ts'
import { listLooseFiles } from './loose-files.ts'
import { sortOut } from './sort-out.ts'

/** Where there is no git at all: files copied one by one into the doctor's folder, within the same bounds. */
export type PlainCopy = { readonly checkpoint: Checkpoint; readonly filesFolder: string }

const noteFile = 'checkpoint.json'

const copiesFolder = (stateFolder: string, folder: string): string =>
  join(storeFolder(stateFolder, resolve(folder)), 'copies')

export async function takePlainCopy(
  parts: CheckpointParts,
  request: CheckpointRequest,
): Promise<CheckpointOutcome> {
  const folder = resolve(request.folder)
  const listed = await listLooseFiles(folder)
  const sorted = await sortOut(folder, listed.candidates)
  const id = freshId(parts.random, 'cp')
  const place = join(copiesFolder(parts.stateFolder, folder), id)
  const building = `${place}.part`
  const filesFolder = join(building, 'files')
  mkdirSync(filesFolder, { recursive: true, mode: 0o700 })
  const changing = copyAll(sorted.kept, { from: folder, to: filesFolder, building })
  const checkpoint: Checkpoint = {
    id,
    place: 'copy',
    folder,
    atMs: parts.clock.wallMs(),
    reason: request.reason,
    sessionId: request.sessionId ?? null,
    branch: null,
    headCommit: null,
    fileCount: sorted.kept.length - changing.length,
    skipped: [...listed.skipped, ...sorted.skipped, ...changing],
    nested: sorted.nested,
    submodules: [],
    absentCount: 0,
  }
  writeFileSync(join(building, noteFile), JSON.stringify(checkpoint), { mode: 0o600 })
  renameSync(building, place)
  const old = listCopies(parts.stateFolder, folder).slice(checkpointsMax)
  forgetCopies(parts.stateFolder, old)
  return { kind: 'taken', checkpoint, pruned: old.length }
}

/** Files may change or go meanwhile; those are named. A full disk ends it, and leaves nothing behind. */
function copyAll(
  paths: readonly Buffer[],
  { from, to, building }: { readonly from: string; readonly to: string; readonly building: string },
): readonly SkippedFile[] {
  return paths.flatMap((path): readonly SkippedFile[] => {
    const name = path.toString('utf8')
    try {
      copyOne(from, to, name)
      return []
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT' || code === 'EACCES') return [{ path: name, why: 'changing' }]
      rmSync(building, { recursive: true, force: true })
      throw error
    }
  })
}

function copyOne(from: string, to: string, path: string): void {
  const source = join(from, path)
  const target = join(to, path)
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  if (lstatSync(source).isSymbolicLink()) symlinkSync(readlinkSync(source), target)
  else copyFileSync(source, target)
}

/** Newest first. */
export function listCopies(stateFolder: string, folder: string): readonly PlainCopy[] {
  const copies = copiesFolder(stateFolder, folder)
  if (!existsSync(copies)) return []
  return readdirSync(copies)
    .filter(isCheckpointId)
    .flatMap((id) => {
      const note = join(copies, id, noteFile)
      const checkpoint = existsSync(note) ? readCheckpoint(readFileSync(note, 'utf8')) : undefined
      return checkpoint === undefined
        ? []
        : [{ checkpoint, filesFolder: join(copies, id, 'files') }]
    })
    .toSorted((one, other) => other.checkpoint.atMs - one.checkpoint.atMs)
}

export function forgetCopies(stateFolder: string, copies: readonly PlainCopy[]): void {
  for (const { checkpoint } of copies) {
    const place = join(copiesFolder(stateFolder, checkpoint.folder), checkpoint.id)
    rmSync(place, { recursive: true, force: true })
  }
}

/** Into a folder that is new or empty: copies carry no list of what they would take away. */
export function restoreCopy({ filesFolder }: PlainCopy, to: string): void {
  for (const entry of readdirSync(filesFolder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name).slice(filesFolder.length + 1)
    copyOne(filesFolder, to, path)
  }
}
