import { spawn } from 'node:child_process'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { MutantTree } from './mutant-tree.ts'
import type { Line } from './run-killers.ts'

/** What some test files said of a tree. */
export type Verdict = {
  readonly kind: 'failed' | 'broken' | 'passed' | 'too_long'
  /** The first test that failed, or why a file is broken. */
  readonly what: string
  readonly file: string
  readonly seconds: number
}

const runner = join(import.meta.dirname, 'run-killers.ts')

/** Runs test files of a tree until one test fails, and ends whatever still runs then. */
export async function tryTests(
  tree: MutantTree,
  files: readonly string[],
  maxMs: number,
): Promise<Verdict> {
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env
  const startedMs = performance.now()
  const paths = files.map((file) => join(tree.folder, file))
  // A group of its own: tests start servers, and all of them have to end with it.
  const child = spawn(process.execPath, [runner, ...paths], {
    cwd: tree.folder,
    env: { ...env, TMPDIR: tree.temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const group = child.pid
  const end = (): void => endGroup(group)
  // Before the tree is removed, which they would go on writing into.
  process.prependOnceListener('exit', end)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, maxMs)
  const line = await firstVerdict(child.stdout)
  clearTimeout(timer)
  end()
  process.removeListener('exit', end)
  const seconds = (performance.now() - startedMs) / 1000
  if (isLate) return { kind: 'too_long', what: `${maxMs} ms`, file: '', seconds }
  if (line?.kind === 'failed') {
    return { kind: 'failed', what: line.name, file: relative(tree.folder, line.file), seconds }
  }
  if (line?.kind === 'end' && line.passed > 0) {
    return { kind: 'passed', what: `${line.passed} tests`, file: '', seconds }
  }
  const [what, file] = line?.kind === 'broken' ? [line.why, line.file] : ['no test ran', '']
  return { kind: 'broken', what, file: relative(tree.folder, file), seconds }
}

async function firstVerdict(output: NodeJS.ReadableStream): Promise<Line | undefined> {
  for await (const text of createInterface({ input: output })) {
    if (text.startsWith('{"kind":')) return JSON.parse(text) as Line
  }
  return undefined
}

function endGroup(group: number | undefined): void {
  if (group === undefined) return
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
