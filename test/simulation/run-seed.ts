import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { memoryFolder } from '../faults/memory-folder.ts'
import type { EventKind } from './engine/timeline.ts'
import { untilQuiet } from './engine/quiet.ts'
import { isOfTheDead } from './engine/server.ts'
import type { HistoryEvent } from './history-log.ts'
import { judgeHistories, noHistories, type HistoriesSeen } from './checks/history-check.ts'
import { lookAtEverything } from './checks/last-look.ts'
import { BrokenRules } from './faults/broken-rules.ts'
import { TroubleMaker } from './faults/trouble-maker.ts'
import { seeEverythingResolve } from './liveness.ts'
import { mixOf, mixOfNodes, type Mix } from './mix.ts'
import type { NodeBug } from './nodes/database-types.ts'
import { NodeTroubles } from './nodes/node-troubles.ts'
import { beginLives } from './people/begin-lives.ts'
import { World } from './world.ts'

export type SeedRun = {
  readonly seed: number
  readonly steps: number
  /** So many nodes; left out, as the seed has it. */
  readonly nodes?: number
  readonly bugs?: readonly NodeBug[]
  /** In the place of what the seed has. */
  readonly mix?: Partial<Mix>
  readonly onHistory?: (event: HistoryEvent) => void
  readonly isByHistoriesOnly?: boolean
  readonly onProgress?: (steps: number) => void
}

export type SeedResult = {
  readonly seed: number
  readonly steps: number
  readonly digest: string
  readonly simulatedMs: number
  readonly realMs: number
  readonly counts: Readonly<Partial<Record<EventKind, number>>>
  readonly seen: {
    readonly entries: number
    readonly answersChecked: number
    readonly answersInQuarantine: number
    readonly serverLives: number
    readonly driftsHealed: number
    /** How the database of several nodes answered their commits. */
    readonly commits: Readonly<Record<string, number>>
    readonly faults: Readonly<Record<string, number>>
    readonly histories: HistoriesSeen
  }
  readonly violations: readonly string[]
}

/** Runs one world for so many steps, and then to its end. */
export async function runSeed(run: SeedRun): Promise<SeedResult> {
  const {
    seed,
    steps,
    nodes,
    bugs = [],
    mix = {},
    onHistory,
    onProgress,
    isByHistoriesOnly = false,
  } = run
  let histories = noHistories
  const beganMs = performance.now()
  const root = memoryFolder('simulation')
  const clean = (): void => rmSync(root, { recursive: true, force: true })
  process.once('exit', clean)
  const drawn = nodes === undefined ? mixOf(seed) : mixOfNodes(seed, nodes)
  const world = new World(
    { ...drawn, ...mix },
    {
      root: join(root, 'world'),
      bugs,
      ...(onHistory === undefined ? {} : { onHistory }),
      isByHistoriesOnly,
    },
  )
  const troubles = new TroubleMaker(world)
  const brokenRules = new BrokenRules(world)
  const nodeTroubles = world.cluster && new NodeTroubles(world, world.cluster)
  const onStray = (error: unknown): void => {
    if (!isOfTheDead(error)) world.blame('nobody caught an error', describe(error))
  }
  process.on('unhandledRejection', onStray)
  process.on('uncaughtException', onStray)
  try {
    world.servers.start()
    beginLives(world)
    void troubles.live()
    void brokenRules.live()
    void nodeTroubles?.live()
    while (world.timeline.steps < steps && world.violations.length === 0) {
      if (!(await world.move()))
        world.blame('the world stands still', 'nothing will happen any more')
      if (world.timeline.steps % 1000 === 0) onProgress?.(world.timeline.steps)
    }
    troubles.end()
    nodeTroubles?.end()
    void world.during(brokenRules.end())
    if (world.violations.length === 0) await seeEverythingResolve(world)
    if (world.violations.length === 0) await lookAtEverything(world)
    if (world.violations.length === 0) histories = await judgeHistories(world)
  } catch (error) {
    world.blame('the simulation itself fails', describe(error))
  } finally {
    world.servers.end()
    await untilQuiet()
    process.off('unhandledRejection', onStray)
    process.off('uncaughtException', onStray)
    clean()
    process.removeListener('exit', clean)
  }
  return {
    seed,
    steps: world.timeline.steps,
    digest: world.timeline.digest(),
    simulatedMs: world.timeline.nowMs,
    realMs: performance.now() - beganMs,
    counts: Object.fromEntries(world.timeline.counts),
    seen: {
      entries: world.books.entryCount,
      answersChecked: world.answers.checked,
      answersInQuarantine: world.quarantines.answers,
      serverLives: world.servers.lives,
      driftsHealed: world.books.driftCount,
      commits: Object.fromEntries(world.cluster?.database.answers ?? []),
      faults: Object.fromEntries([
        ...troubles.counts,
        ...(nodeTroubles?.counts ?? []),
        ['broken rule', brokenRules.count],
      ]),
      histories,
    },
    violations: world.violations,
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
