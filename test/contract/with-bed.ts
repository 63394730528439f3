import { test } from 'node:test'
import type { Storage } from '../../src/storage/storage.ts'
import type { MakeBed, StorageBed } from './storage.ts'

/** One test on a bed of its own, ended whatever happens. */
export function onBed(
  makeBed: MakeBed,
  name: string,
  check: (bed: StorageBed, storage: Storage) => Promise<void>,
): void {
  test(name, async () => {
    const bed = await makeBed()
    try {
      await check(bed, await bed.open())
    } finally {
      await bed.end()
    }
  })
}

/** Whether a promise has settled once everything that is ready has run. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await turns(5)
  return settled
}

/** Lets everything that is ready run, so many times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
