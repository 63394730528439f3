import { spawn } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { checkBackup, restoreBackup } from '../../src/storage/backup/restore-backup.ts'
import { checkLeftBehind } from './check-left-behind.ts'
import { memoryFolder } from './memory-folder.ts'
import { readPromises, type Findings, type Promised } from './promises.ts'
import { seededDraw } from './seeded-draw.ts'

/** Backups of a journal under load, each restored and checked; and processes that die in one, or in a restore. */
export type BackupOutcome = Findings & { readonly tried: ReadonlyMap<string, number> }

const [taken, killedBackups, killedRestores] = [
  'backups under load, restored and checked',
  'kill -9 in the middle of a backup',
  'kill -9 in the middle of a restore',
]

export async function runBackups(run: {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}): Promise<BackupOutcome> {
  const tried = new Map([taken, killedBackups, killedRestores].map((what) => [what, 0]))
  const found = { lost: [] as string[], deniedFalsely: [] as string[], broken: [] as string[] }
  for (let index = 0; index < run.count; index += 1) {
    const root = memoryFolder('backups')
    const note = (what: string, findings: Findings): void => {
      tried.set(what, (tried.get(what) ?? 0) + 1)
      for (const kind of ['lost', 'deniedFalsely', 'broken'] as const) {
        found[kind].push(...findings[kind].map((text) => `${what}: round ${index}: ${text}`))
      }
    }
    try {
      await dieTwice(root, seededDraw(run.seed * 1_000_003 + index), note)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      found.broken.push(`${taken}: round ${index}: ${text}`)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
    run.onProgress(index + 1)
  }
  return { ...found, tried }
}

/** About as long as a backup of these journals takes, in milliseconds; one follows the other. */
const killWithinMs = 60

async function dieTwice(
  root: string,
  draw: (below: number) => number,
  note: (what: string, findings: Findings) => void,
): Promise<void> {
  const [data, file] = [join(root, 'data'), join(root, 'copy.db')]
  const linesMin = 50 + draw(400)
  const printed = await runUntilKilled(['backup', data, file], {
    isDue: (lines) =>
      lines.length >= linesMin && lines.filter((line) => line === '# done').length > 0,
    afterMs: draw(killWithinMs),
  })
  const promises = promisesIn(printed)
  // A look at a copy: the restore has to do with the log that the kill left.
  cpSync(data, join(root, 'look'), { recursive: true })
  note(killedBackups, await checkLeftBehind(join(root, 'look'), { promises }))

  const inBackup = promisesIn(printed.slice(0, beginOfLastDone(printed)))
  await checkBackup(file, () => undefined)
  const restored = join(root, 'restored')
  const startedMs = performance.now()
  await restoreBackup({ file, dataFolder: restored, isReplacing: false, nowMs: 0 }, () => undefined)
  const restoreMs = performance.now() - startedMs
  note(taken, await checkLeftBehind(restored, { promises: inBackup }))

  await runUntilKilled(['restore', data, file], {
    isDue: (lines) => lines.length > 0,
    // Some come after its end: then all of it has to have happened.
    afterMs: draw(Math.ceil(restoreMs * 3)),
  })
  const after = await checkLeftBehind(data, { promises: inBackup })
  // Whatever came of it, the journal that was there before is there still, in its place or beside it.
  const kept = await keptJournal(data, join(root, 'kept'))
  const before = await checkLeftBehind(kept, { promises })
  note(killedRestores, {
    lost: [...after.lost, ...before.lost],
    deniedFalsely: [...after.deniedFalsely, ...before.deniedFalsely],
    broken: [...after.broken, ...before.broken],
  })
}

/** The folder itself where nothing was replaced, else one with what was kept. */
async function keptJournal(data: string, into: string): Promise<string> {
  const name = readdirSync(data).find((each) => /^journal\.replaced-.*\.db$/.test(each))
  if (name === undefined) return data
  mkdirSync(into, { mode: 0o700 })
  for (const end of ['', '-wal']) {
    const from = join(data, `${name}${end}`)
    if (existsSync(from)) copyFileSync(from, join(into, `journal.db${end}`))
  }
  return into
}

/** A backup that is there may also be the one after the last that was told. */
function beginOfLastDone(printed: readonly string[]): number {
  return printed.lastIndexOf('# begun', printed.lastIndexOf('# done'))
}

const promisesIn = (lines: readonly string[]): readonly Promised[] =>
  readPromises(lines.filter((line) => !line.startsWith('#')).join('\n') + '\n')

async function runUntilKilled(
  args: readonly string[],
  kill: { readonly isDue: (lines: readonly string[]) => boolean; readonly afterMs: number },
): Promise<readonly string[]> {
  const script = join(import.meta.dirname, 'backup-load.ts')
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complained = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_code, signal) => resolve(signal))
  })
  const lines: string[] = []
  let isDue = false
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (isDue || !kill.isDue(lines)) continue
    isDue = true
    void wait(kill.afterMs).then(() => child.kill('SIGKILL'))
  }
  if ((await ended) !== 'SIGKILL') throw new Error(`It ended by itself: ${complained}`)
  // A line that the kill has cut was no promise.
  return lines.filter((line) => line.startsWith('#') || line.endsWith('}'))
}
