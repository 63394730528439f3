import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkLeftBehind } from './check-left-behind.ts'
import { recordDisk, type DiskEvent } from './disk-trace.ts'
import { LossyDisk, lossKinds, type LossKind } from './lossy-disk.ts'
import { memoryFolder } from './memory-folder.ts'
import type { Findings, Promised } from './promises.ts'
import { seededDraw } from './seeded-draw.ts'

export type PowerRun = {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}

export type PowerOutcome = Findings & {
  readonly tried: ReadonlyMap<string, number>
  readonly events: number
}

/** One recorded process, and the power gone again and again at any point of its record. */
export async function runPowerLosses({ count, seed, onProgress }: PowerRun): Promise<PowerOutcome> {
  const events = await recordDisk()
  const found = { lost: [] as string[], deniedFalsely: [] as string[], broken: [] as string[] }
  const tried = new Map<string, number>(lossKinds.map((kind) => [kind, 0]))
  const disk = new LossyDisk()
  let taken = 0
  for (let index = 0; index < count; index += 1) {
    const draw = seededDraw(seed * 1_000_003 + index)
    for (
      const until = Math.ceil(((index + 1) * events.length) / count);
      taken < until;
      taken += 1
    ) {
      disk.take(events[taken] as DiskEvent)
    }
    const kind = lossKinds[index % lossKinds.length] as LossKind
    const outcome = await openAfter(disk.lose(kind, draw), [...disk.promises])
    tried.set(kind, (tried.get(kind) ?? 0) + 1)
    for (const what of ['lost', 'deniedFalsely', 'broken'] as const) {
      found[what].push(...outcome[what].map((text) => `${kind}: after event ${taken}: ${text}`))
    }
    onProgress(index + 1)
  }
  return { ...found, tried, events: events.length }
}

async function openAfter(
  files: ReadonlyMap<string, Buffer>,
  promises: readonly Promised[],
): Promise<Findings> {
  const root = memoryFolder('power')
  try {
    const folder = join(root, 'data')
    if (files.size > 0) mkdirSync(folder, { mode: 0o700 })
    for (const [name, content] of files) writeFileSync(join(folder, name), content)
    return await checkLeftBehind(folder, { promises })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
