import { runWithFaults } from './fault-run.ts'
import type { Findings } from './promises.ts'
import { seededDraw } from './seeded-draw.ts'
import type { FaultKind, SqlFault } from './sql-faults.ts'
import type { Place } from './watched-driver.ts'

export type FaultsRun = {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}

export type FaultsOutcome = Findings & {
  readonly tried: ReadonlyMap<string, number>
  readonly struck: number
  readonly toldAway: number
  readonly promises: number
}

const errors: readonly FaultKind[] = ['io', 'full', 'busy', 'corrupt']
const places: readonly Place[] = [
  'begin',
  'insert entry',
  'insert snapshot',
  'commit',
  'rollback',
  'open',
  'close',
  'pragma',
  'read',
  'read chain',
  'read last position',
  'read snapshot',
  'read positions',
  'read rows',
  'read operation',
]

/** One, two or three faults at statements that chance chose, under callers at work; again and again. */
export async function runRandomFaults(run: FaultsRun): Promise<FaultsOutcome> {
  const found = { lost: [] as string[], deniedFalsely: [] as string[], broken: [] as string[] }
  const tried = new Map([1, 2, 3].map((count) => [kindOf(count), 0]))
  let [struck, toldAway, promises] = [0, 0, 0]
  for (let index = 0; index < run.count; index += 1) {
    const draw = seededDraw(run.seed * 1_000_003 + index)
    const faults = Array.from({ length: 1 + (index % 3) }, () => drawFault(draw))
    const kind = kindOf(faults.length)
    const outcome = await runWithFaults({ faults })
    tried.set(kind, (tried.get(kind) ?? 0) + 1)
    struck += outcome.struck.reduce((sum, times) => sum + times, 0)
    toldAway += outcome.toldAway
    promises += outcome.promises
    for (const what of ['lost', 'deniedFalsely', 'broken'] as const) {
      found[what].push(
        ...outcome[what].map((text) => `${kind}: ${JSON.stringify(faults)}: ${text}`),
      )
    }
    run.onProgress(index + 1)
  }
  return { ...found, tried, struck, toldAway, promises }
}

const kindOf = (count: number): string =>
  `${['one statement fails', 'two statements fail', 'three statements fail'][count - 1] ?? ''} under load, for a while`

function drawFault(draw: (below: number) => number): SqlFault {
  const place = places[draw(places.length)] ?? 'begin'
  const isWrite = place === 'begin' || place === 'commit' || place.startsWith('insert')
  return {
    kind: errors[draw(errors.length)] ?? 'io',
    place,
    when: isWrite && draw(3) === 0 ? 'after' : 'before',
    skipped: draw(12),
    times: 1 + draw(6),
    endsTransaction: draw(4) === 0,
  }
}
