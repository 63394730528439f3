import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeCheckpoint } from '../src/doctor/checkpoint/take-checkpoint.ts'
import { systemRandom } from '../src/system/random.ts'
import { createSystemClock } from '../src/system/system-clock.ts'

/**
 * How long a checkpoint of 10,000 files takes, beside `git status` on the same work tree, which looks at each of
 * them as well: medians of 15 runs each, taken in turn.
 *
 *   npm run bench -- checkpoint
 */
const files = 10_000
const changed = 50
const runs = 15

export async function run(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-bench-tree-'))
  try {
    await measure(root, join(root, 'tree'))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function measure(root: string, top: string): Promise<void> {
  fill(top)
  const parts = {
    clock: createSystemClock(),
    random: systemRandom,
    environment: { PATH: process.env['PATH'], HOME: root },
    stateFolder: join(root, 'state'),
  }
  const git = (...args: string[]): void =>
    void execFileSync('git', args, { cwd: top, env: parts.environment })
  git('init', '-q')
  git('add', '--all')
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x')
  const checkpoints: number[] = []
  const statuses: number[] = []
  for (let turn = 0; turn < runs; turn += 1) {
    for (let at = 0; at < changed; at += 1) write(top, at * 7, `changed in turn ${turn}\n`)
    checkpoints.push(await timed(() => takeCheckpoint(parts, { folder: top, reason: 'bench' })))
    statuses.push(await timed(() => git('--no-optional-locks', 'status', '--porcelain')))
  }
  const [checkpoint, status] = [median(checkpoints), median(statuses)]
  console.log(
    `${files} files, ${changed} changed since the last commit, medians of ${runs} runs:\n` +
      `checkpoint ${checkpoint.toFixed(0)} ms, git status ${status.toFixed(0)} ms, ` +
      `ratio ${(checkpoint / status).toFixed(1)}`,
  )
}

function fill(top: string): void {
  for (let at = 0; at < files; at += 1) write(top, at, `file ${at}\n`.repeat(40))
}

function write(top: string, at: number, text: string): void {
  const folder = join(top, `folder-${at % 100}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `file-${at}.txt`), text)
}

async function timed(work: () => unknown): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
