import { lstatSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'

/** A transcript that may be read, and when it was last written. */
export type Found = { readonly path: string; readonly writtenAtMs: number }

export type Search = {
  /** Newest first. */
  readonly transcripts: readonly Found[]
  /** Links, pipes and devices with a transcript's name: left alone. */
  readonly refused: readonly string[]
  /** Folders that this user may not read. */
  readonly unreadable: readonly string[]
  readonly isCutOff: boolean
}

const entriesMax = 50_000
/** `projects/<project>/<session>/subagents/` is the deepest place. */
const depthMax = 4

export function findTranscripts(folders: readonly string[]): Search {
  const transcripts: Found[] = []
  const refused: string[] = []
  const unreadable: string[] = []
  let entries = 0
  const look = (folder: string, depth: number): void => {
    for (const entry of entriesOf(folder, unreadable)) {
      entries += 1
      if (entries > entriesMax) return
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (depth < depthMax) look(path, depth + 1)
      } else if (entry.name.endsWith('.jsonl')) {
        const writtenAtMs = entry.isFile() ? writtenAt(path) : undefined
        if (writtenAtMs === undefined) refused.push(path)
        else transcripts.push({ path, writtenAtMs })
      }
    }
  }
  for (const folder of folders) look(join(folder, 'projects'), 1)
  transcripts.sort((left, right) => right.writtenAtMs - left.writtenAtMs)
  return { transcripts, refused, unreadable, isCutOff: entries > entriesMax }
}

function entriesOf(folder: string, unreadable: string[]): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable.push(folder)
    return []
  }
}

function writtenAt(path: string): number | undefined {
  try {
    return lstatSync(path).mtimeMs
  } catch {
    return undefined
  }
}
