import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newFilesMax, type SkippedFile } from './checkpoint.ts'
import type { Candidate } from './sort-out.ts'

/** Folders that programs fill by themselves; nobody's work is in them. */
const leftOut: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.mypy_cache',
  '.pytest_cache',
  '.gradle',
  '.cache',
  '.next',
  '.terraform',
  'target',
])

/** Entries that are looked at in a folder which is in no repository: it could be somebody's whole disk. */
export const entriesMax = 200_000

const slash = Buffer.from('/')

/** Every file below a folder that is in no repository, within the bounds; links are not followed. */
export async function listLooseFiles(folder: string): Promise<{
  readonly candidates: readonly Candidate[]
  readonly skipped: readonly SkippedFile[]
}> {
  const candidates: Candidate[] = []
  const skipped: SkippedFile[] = []
  const waiting: Buffer[] = [Buffer.alloc(0)]
  const top = Buffer.from(join(folder, '/'))
  let entries = 0
  // Breadth first, so that where the bound ends it, what lies near the top is there.
  for (let at = 0; at < waiting.length; at += 1) {
    const inside = waiting[at] ?? Buffer.alloc(0)
    const names = await readdir(Buffer.concat([top, inside]), {
      withFileTypes: true,
      encoding: 'buffer',
    }).catch(() => undefined)
    if (names === undefined) {
      skipped.push({ path: inside.toString('utf8'), why: 'unreadable' })
      continue
    }
    const isRepository = inside.length > 0 && names.some(({ name }) => name.toString() === '.git')
    if (isRepository) {
      candidates.push({ path: inside, tag: 'added' })
      continue
    }
    entries += names.length
    if (entries > entriesMax || candidates.length > newFilesMax) {
      skipped.push({ path: inside.length === 0 ? '.' : inside.toString('utf8'), why: 'too_many' })
      continue
    }
    for (const entry of names) {
      const path = Buffer.concat([inside, entry.name])
      if (!entry.isDirectory()) candidates.push({ path, tag: 'added' })
      else if (!leftOut.has(entry.name.toString())) waiting.push(Buffer.concat([path, slash]))
    }
  }
  return { candidates, skipped }
}
