import type { SqlFault } from './sql-faults.ts'
import type { Place } from './watched-driver.ts'

/** Where one process is to die. */
export type KillPlan = {
  readonly what: string
  /** At a statement, by itself; by the parent's hand after some promises when it is null. */
  readonly kill: Omit<SqlFault, 'kind'> | null
  /** The kill is armed from this moment on. */
  readonly moment: 'opening' | 'serving' | 'recovery' | 'closing'
  /** The failed commit before a recovery was durable all the same. */
  readonly isCommitKept: boolean
  /** The log is emptied all the time. */
  readonly isEmptyingLog: boolean
  /** The writer runs in a thread of its own, as in the real server. */
  readonly isOwnThread: boolean
  readonly isFreshFolder: boolean
  /** The process ends by itself after so many, or is killed by its parent's hand. */
  readonly promisesMax: number
}

type Draw = (below: number) => number

type Family = {
  readonly what: string
  readonly places: readonly (readonly [Place, 'before' | 'after'])[]
  readonly moment: KillPlan['moment']
  /** Up to so many calls at the place go well first. */
  readonly skippedMax: number
  readonly isEmptyingLog?: boolean
  readonly isFreshFolder?: boolean
}

const families: readonly Family[] = [
  {
    what: 'kill -9 before BEGIN, and right after it',
    places: [
      ['begin', 'before'],
      ['begin', 'after'],
    ],
    moment: 'serving',
    skippedMax: 25,
  },
  {
    what: 'kill -9 around each INSERT',
    places: [
      ['insert entry', 'before'],
      ['insert entry', 'after'],
      ['insert snapshot', 'after'],
    ],
    moment: 'serving',
    skippedMax: 60,
  },
  {
    what: 'kill -9 before COMMIT',
    places: [['commit', 'before']],
    moment: 'serving',
    skippedMax: 25,
  },
  {
    what: 'kill -9 after COMMIT, before anybody was told',
    places: [['commit', 'after']],
    moment: 'serving',
    skippedMax: 25,
  },
  {
    what: 'kill -9 around a checkpoint',
    places: [
      ['checkpoint', 'before'],
      ['checkpoint', 'after'],
    ],
    moment: 'serving',
    skippedMax: 10,
    isEmptyingLog: true,
  },
  {
    what: 'kill -9 while a new file is migrated',
    places: [
      ['pragma', 'after'],
      ['begin', 'before'],
      ['migration', 'before'],
      ['migration', 'after'],
      ['commit', 'before'],
      ['commit', 'after'],
    ],
    moment: 'opening',
    skippedMax: 2,
    isFreshFolder: true,
  },
  {
    what: 'kill -9 while a start ends the holds of the dead process before it',
    places: [
      ['open', 'before'],
      ['read', 'before'],
      ['read last position', 'before'],
      ['insert entry', 'after'],
      ['commit', 'before'],
      ['commit', 'after'],
    ],
    moment: 'opening',
    skippedMax: 3,
  },
  {
    what: 'kill -9 while it recovers from a failed commit',
    places: [
      ['close', 'before'],
      ['open', 'before'],
      ['read', 'before'],
      ['insert entry', 'before'],
      ['commit', 'before'],
      ['commit', 'after'],
    ],
    moment: 'recovery',
    skippedMax: 1,
  },
  {
    what: 'kill -9 while it closes',
    places: [['close', 'before']],
    moment: 'closing',
    skippedMax: 1,
  },
]

/** By the parent's hand at any instruction, in the middle of whatever. */
const anyMoment = 'kill -9 at any moment under load'

export const killKinds: readonly string[] = [...families.map(({ what }) => what), anyMoment]

/** The plan with this number; each family has its turn. */
export function killPlan(index: number, draw: Draw): KillPlan {
  const family = families[index % killKinds.length]
  const shared = {
    isCommitKept: draw(2) === 1,
    isOwnThread: draw(4) === 0,
    isEmptyingLog: family?.isEmptyingLog ?? draw(3) === 0,
    isFreshFolder: family?.isFreshFolder ?? false,
  }
  if (family === undefined) {
    return { what: anyMoment, kill: null, moment: 'serving', ...shared, promisesMax: 1 + draw(150) }
  }
  const { what, places, moment, skippedMax } = family
  const [place, when] = places[draw(places.length)] ?? (['begin', 'before'] as const)
  const kill = { place, when, skipped: draw(skippedMax + 1) }
  const promisesMax = moment === 'closing' ? 20 + draw(40) : 400
  return { what, kill, moment, ...shared, promisesMax }
}
