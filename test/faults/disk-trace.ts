import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { readPromises, type Promised } from './promises.ts'

/** What a process did to the files of its data folder, in order, and what it promised in between. */
export type DiskEvent =
  | { readonly kind: 'create' | 'unlink'; readonly name: string }
  | { readonly kind: 'write'; readonly name: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'sync'; readonly name: string }
  | { readonly kind: 'sync folder' | 'sync parent' }
  | { readonly kind: 'promise'; readonly promises: readonly Promised[] }

const script = join(import.meta.dirname, 'power-load.ts')
const calls = 'openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink'

/** Records the real storage, its writer in its own thread, as `strace` sees its system calls. */
export async function recordDisk(): Promise<readonly DiskEvent[]> {
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-power-'))
  try {
    const dataFolder = join(root, 'data')
    const trace = join(root, 'trace')
    const args = ['-f', '-y', '-xx', '-s', '1000000', '-e', `trace=${calls}`, '-o', trace]
    await runToEnd([...args, process.execPath, script, dataFolder])
    return parseTrace(readFileSync(trace, 'latin1'), dataFolder)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function runToEnd(args: readonly string[]): Promise<void> {
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`The recorded process ended with ${String(code)}: ${said}`)
}

/** A call of one thread that was interrupted by another one's stands on two lines. */
export function parseTrace(text: string, dataFolder: string): readonly DiskEvent[] {
  const events: DiskEvent[] = []
  const begun = new Map<string, string>()
  const names = new Set<string>()
  const add = (call: string): void => {
    const event = parseCall(call, dataFolder)
    if (event === undefined) return
    if (event.kind === 'create') {
      if (names.has(event.name)) return
      names.add(event.name)
    }
    if (event.kind === 'unlink') names.delete(event.name)
    events.push(event)
  }
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (rest.endsWith('<unfinished ...>')) {
      const call = rest.slice(0, -'<unfinished ...>'.length)
      // A promise may be heard as soon as it is begun; a sync counts only when it is done.
      if (call.startsWith('write(1')) add(`${call}) = 0`)
      else begun.set(thread, call)
    } else if (resumed !== null) {
      add(`${begun.get(thread) ?? ''}${resumed[1] ?? ''}`)
      begun.delete(thread)
    } else {
      add(rest)
    }
  }
  return events
}

const shape =
  /^(\w+)\((?:(\d+)<([^>]*)>|AT_FDCWD(?:<[^>]*>)?)?,? ?(?:"([^"]*)")?,? ?(.*?)\)\s+= (-?\d+)/

function parseCall(call: string, dataFolder: string): DiskEvent | undefined {
  const [, name = '', fd, fdPath = '', quoted = '', rest = '', result = '-1'] =
    shape.exec(call) ?? []
  if (name === '' || result.startsWith('-')) return undefined
  if (name === 'write' && fd === '1') {
    return { kind: 'promise', promises: readPromises(unhex(quoted).toString('utf8')) }
  }
  const path = unhex(fd === undefined ? quoted : fdPath).toString('utf8')
  if (name === 'fsync' || name === 'fdatasync') {
    if (path === dataFolder) return { kind: 'sync folder' }
    if (path === dirname(dataFolder)) return { kind: 'sync parent' }
  }
  const file = basename(path)
  if (dirname(path) !== dataFolder || !isKept(file)) return undefined
  const numbers = rest.split(', ')
  switch (name) {
    case 'openat':
      return rest.includes('O_CREAT') ? { kind: 'create', name: file } : undefined
    case 'unlink':
      return { kind: 'unlink', name: file }
    case 'pwrite64':
      return { kind: 'write', name: file, at: Number(numbers[1]), bytes: unhex(quoted) }
    case 'ftruncate':
      return { kind: 'truncate', name: file, size: Number(numbers[0]) }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', name: file }
    default:
      throw new Error(`Nobody knows what ${name} does to ${file}`)
  }
}

/** The journal and its logs; the index in shared memory is made anew by the next process. */
const isKept = (name: string): boolean => name.startsWith('journal.db') && !name.endsWith('-shm')

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')
