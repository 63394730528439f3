import { fork, type ChildProcess } from 'node:child_process'
import { noHistories } from './checks/history-check.ts'
import { runSeed, type SeedResult } from './run-seed.ts'

export type SeedRow = SeedResult & {
  /** How many steps were asked for, which shows the same again. */
  readonly asked: number
}

export type SeedsWanted = {
  readonly seeds: Iterable<number>
  readonly count: number | null
  readonly steps: number
  /** So many nodes in every world; left out or null, as the seeds have it. */
  readonly nodes?: number | null
  /** No seed begins after this moment of `performance.now()`. */
  readonly untilMs: number
  readonly jobs: number
  /** No seed begins once something was found. */
  readonly isFirstOnly?: boolean
  /** Worlds are judged by their histories alone. */
  readonly isByHistoriesOnly?: boolean
}

/** A process is replaced after so many worlds, so that nothing that one leaves behind adds up. */
const worldsPerProcess = 50

/** One world in this process, or many on several. Resolves when the last one is over. */
export async function runSeeds(
  {
    seeds,
    count,
    steps,
    nodes = null,
    untilMs,
    jobs,
    isFirstOnly,
    isByHistoriesOnly = false,
  }: SeedsWanted,
  tell: (row: SeedRow) => void,
): Promise<void> {
  const how = { steps, isByHistoriesOnly, ...(nodes === null ? {} : { nodes }) }
  const left = seeds[Symbol.iterator]()
  let isEnough = false
  const onRow = (row: SeedRow): void => {
    isEnough ||= isFirstOnly === true && row.violations.length > 0
    tell(row)
  }
  const take = (): number | undefined => {
    if (isEnough || performance.now() >= untilMs) return undefined
    const { value, done } = left.next()
    return done === true ? undefined : value
  }
  if (count === 1) {
    const only = take()
    if (only !== undefined) onRow({ ...(await runSeed({ seed: only, ...how })), asked: steps })
    return
  }
  await Promise.all(Array.from({ length: jobs }, () => work(take, how, onRow)))
}

type Order = {
  readonly seed: number
  readonly steps: number
  readonly nodes?: number
  readonly isByHistoriesOnly: boolean
}

async function work(
  take: () => number | undefined,
  how: Omit<Order, 'seed'>,
  onRow: (row: SeedRow) => void,
): Promise<void> {
  let seed = take()
  while (seed !== undefined) {
    const child = fork(new URL('./seed-worker.ts', import.meta.url), {
      execArgv: process.execArgv,
    })
    let worlds = 0
    while (seed !== undefined && child.connected && worlds < worldsPerProcess) {
      onRow(await ask(child, { seed, ...how }))
      worlds += 1
      seed = take()
    }
    if (child.connected) child.disconnect()
  }
}

/** A process that dies in the middle of a world is a finding, too. */
function ask(child: ChildProcess, order: Order): Promise<SeedRow> {
  return new Promise((resolve) => {
    const done = (row: SeedRow): void => {
      child.off('exit', onExit)
      child.off('message', onMessage)
      resolve(row)
    }
    const onMessage = (result: unknown): void =>
      done({ ...(result as SeedResult), asked: order.steps })
    const onExit = (code: number | null): void => {
      const violations = [`the process of the world ended with ${code}`]
      const figures = {
        entries: 0,
        answersChecked: 0,
        answersInQuarantine: 0,
        serverLives: 0,
        driftsHealed: 0,
        faults: {},
      }
      const seen = { ...figures, commits: {}, histories: noHistories }
      const none = { steps: 0, digest: '', simulatedMs: 0, realMs: 1, counts: {}, seen }
      done({ ...none, violations, seed: order.seed, asked: order.steps })
    }
    child.once('exit', onExit)
    child.once('message', onMessage)
    child.send(order)
  })
}
