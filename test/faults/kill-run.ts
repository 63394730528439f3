import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkLeftBehind } from './check-left-behind.ts'
import { killKinds, killPlan, type KillPlan } from './kill-plan.ts'
import { memoryFolder } from './memory-folder.ts'
import { readPromises, type Findings, type Promised } from './promises.ts'
import { seededDraw } from './seeded-draw.ts'

/** Processes that die and start again on the same folders, and what is left of their promises. */
export type KillRun = {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}

export type KillOutcome = Findings & {
  /** How often a process was killed so. */
  readonly kills: ReadonlyMap<string, number>
  readonly promises: number
}

/** After so many deaths the next process begins in a new folder. */
const killsPerFolder = 8
const processesAtOnce = 2

type Tally = {
  readonly kills: Map<string, number>
  readonly lost: string[]
  readonly deniedFalsely: string[]
  readonly broken: string[]
  promises: number
  done: number
  next: number
}

export async function runKills(run: KillRun): Promise<KillOutcome> {
  const tally: Tally = {
    kills: new Map(killKinds.map((kind) => [kind, 0])),
    lost: [],
    deniedFalsely: [],
    broken: [],
    promises: 0,
    done: 0,
    next: 0,
  }
  await Promise.all(Array.from({ length: processesAtOnce }, () => killInTurn(run, tally)))
  return tally
}

async function killInTurn(run: KillRun, tally: Tally): Promise<void> {
  let folder = new KillFolder()
  try {
    while (tally.done < run.count && tally.next < run.count * 2) {
      const index = tally.next
      tally.next += 1
      const plan = killPlan(index, seededDraw(run.seed * 1_000_003 + index))
      if (plan.isFreshFolder || folder.deaths >= killsPerFolder) {
        folder.remove()
        folder = new KillFolder()
      }
      await killOnce(plan, folder, tally)
      run.onProgress(tally.done)
    }
  } finally {
    folder.remove()
  }
}

class KillFolder {
  readonly root = memoryFolder('kill')
  readonly path = join(this.root, 'data')
  readonly promises: Promised[] = []
  deaths = 0

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

async function killOnce(plan: KillPlan, folder: KillFolder, tally: Tally): Promise<void> {
  const { signal, code, printed, complained } = await runUntilDead(plan, folder.path)
  const where = `${plan.what}: ${JSON.stringify(plan.kill)}`
  if (signal === 'SIGKILL') {
    tally.kills.set(plan.what, (tally.kills.get(plan.what) ?? 0) + 1)
    tally.done += 1
    folder.deaths += 1
  } else if (code !== 0) {
    tally.broken.push(`${where}: the process ended with ${code}: ${complained}`)
  }
  const promises = readPromises(printed)
  folder.promises.push(...promises)
  tally.promises += promises.length
  // Every promise that was ever made in this folder, whoever made it.
  const findings = await checkLeftBehind(folder.path, folder)
  for (const kind of ['lost', 'deniedFalsely', 'broken'] as const) {
    tally[kind].push(...findings[kind].map((what) => `${where}: ${what}`))
  }
}

type Death = {
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly printed: string
  readonly complained: string
}

function runUntilDead(plan: KillPlan, dataFolder: string): Promise<Death> {
  const script = join(import.meta.dirname, 'kill-load.ts')
  const child = spawn(process.execPath, [script, dataFolder, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let complained = ''
  let lines = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    for (const letter of text) if (letter === '\n') lines += 1
    if (plan.kill === null && lines >= plan.promisesMax) child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ signal, code, printed, complained }))
  })
}
