import type { Storage } from '../../src/storage/storage.ts'
import { SqliteBed, type OpenWriter } from '../contract/sqlite-bed.ts'
import { turns } from '../contract/with-bed.ts'
import { callAll, furnishAll } from './callers.ts'
import { checkPromises, openHolds, type Findings, type Promised } from './promises.ts'
import type { SqlFault } from './sql-faults.ts'

/** Callers at work on a disk that fails at some statements, and afterwards no more. */
export type FaultRun = {
  /** All armed at once; each strikes at its own place. */
  readonly faults: readonly SqlFault[]
  /** Where the writer runs; in the serving thread when it is left out. */
  readonly openWriter?: OpenWriter
}

export type FaultOutcome = Findings & {
  /** How often each fault struck. */
  readonly struck: readonly number[]
  /** Callers who were told that limits are unavailable. */
  readonly toldAway: number
  readonly promises: number
}

const callers = 10
const roundsBefore = 1
const roundsDuring = 5
/** So few sums stay in memory that members are read from the file again and again. */
const sumsMax = 2
/** A fault without an end strikes so often. Each round of callers lets time pass for the next attempt. */
const timesMax = 6

export async function runWithFaults({ faults, openWriter }: FaultRun): Promise<FaultOutcome> {
  const bed = new SqliteBed(openWriter, { sumsMax })
  try {
    const storage = await bed.open()
    await furnishAll(storage)
    return await attack(bed, storage, faults)
  } finally {
    await bed.end()
  }
}

async function attack(
  bed: SqliteBed,
  storage: Storage,
  faults: readonly SqlFault[],
): Promise<FaultOutcome> {
  const promises: Promised[] = []
  const wrong: string[] = []
  let toldAway = 0
  const work = {
    count: callers,
    onPromise: (promised: Promised) => void promises.push(promised),
    onWrong: (what: string) => void wrong.push(what),
    onAway: async () => {
      toldAway += 1
      await turns(1)
      bed.clock.pass(50)
    },
  }
  await callAll(storage, { ...work, rounds: roundsBefore })
  const armed = faults.map((fault) => bed.arm({ times: timesMax, ...fault }))
  await callAll(storage, { ...work, rounds: roundsDuring })
  for (const one of armed) one.end()
  await untilBack(bed, storage)
  await callAll(storage, { ...work, rounds: 1 })
  const left = await leftOpen(storage, promises)
  const findings = await checkPromises(storage, promises)
  return {
    lost: findings.lost,
    deniedFalsely: findings.deniedFalsely,
    broken: [...findings.broken, ...wrong, ...left],
    struck: armed.map((one) => one.struck()),
    toldAway,
    promises: promises.length,
  }
}

async function untilBack(bed: SqliteBed, storage: Storage): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      await furnishedLook(storage)
      return
    } catch {
      await turns(1)
      bed.clock.pass(200)
    }
  }
  throw new Error('The storage did not come back')
}

const furnishedLook = (storage: Storage): Promise<unknown> =>
  storage.updateSystem(() => ({ answer: undefined, entries: [] }))

/** Only holds that somebody was promised, and did not end, may be open. */
async function leftOpen(
  storage: Storage,
  promises: readonly Promised[],
): Promise<readonly string[]> {
  const held = new Set(promises.filter(({ kind }) => kind === 'held').map(({ id }) => id))
  const ended = new Set(
    promises.filter(({ kind }) => kind === 'settled' || kind === 'voided').map(({ id }) => id),
  )
  const open = new Set(await openHolds(storage))
  const leaked = [...open].filter((id) => !held.has(id) || ended.has(id))
  const gone = [...held].filter((id) => !ended.has(id) && !open.has(id))
  return [
    ...leaked.map((id) => `the hold ${id} is leaked`),
    ...gone.map((id) => `the hold ${id} ended by itself`),
  ]
}
