import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../core/entry.ts'
import { bootId, systemCustomerId } from '../core/ids.ts'
import { DamagedEntryError } from '../storage/damaged-entry.ts'
import { StorageUnavailableError, type EntryQuery } from '../storage/storage.ts'
import { entriesPastDamage, unlessDamaged } from './past-damage.ts'

const entryAt = (position: number): Entry => ({
  position,
  atMs: position,
  customerId: systemCustomerId,
  memberId: null,
  legs: [],
  body: { kind: 'swept', bootId: bootId('boot_1'), bootPosition: 1 },
})

/** A journal of so many entries that answers as the file does: the first damaged entry that it meets is told. */
function journalOf(length: number, damaged: readonly number[]) {
  let asked = 0
  const entries = (query: EntryQuery): Promise<readonly Entry[]> => {
    asked += 1
    const { afterPosition = 0, beforePosition = Infinity, rowsMax = 1000 } = query
    const all = Array.from({ length }, (_, index) => index + 1)
    const within = all.filter((at) => at > afterPosition && at < beforePosition)
    if (query.isNewestFirst === true) within.reverse()
    const page = within.slice(0, rowsMax)
    const bad = page.find((at) => damaged.includes(at))
    return bad === undefined
      ? Promise.resolve(page.map(entryAt))
      : Promise.reject(new DamagedEntryError(bad, 'torn'))
  }
  return { entries, asked: () => asked }
}

const positionsOf = (entries: readonly Entry[]) => entries.map(({ position }) => position)

for (const isNewestFirst of [true, false]) {
  const order = isNewestFirst ? 'backwards' : 'forwards'
  test(`D12: read ${order}, a list passes over damaged entries, fills its page and names them`, async () => {
    const storage = journalOf(12, [1, 5, 6, 9, 12])
    const range = { afterPosition: 0, beforePosition: 13, isNewestFirst }

    const all = await entriesPastDamage(storage, { ...range, rowsMax: 50 })
    const page = await entriesPastDamage(storage, { ...range, rowsMax: 3 })

    const readable = [2, 3, 4, 7, 8, 10, 11]
    if (isNewestFirst) readable.reverse()
    assert.deepEqual(positionsOf(all.entries), readable)
    assert.deepEqual(
      all.damaged.toSorted((left, right) => left - right),
      [1, 5, 6, 9, 12],
    )
    assert.deepEqual(positionsOf(page.entries), readable.slice(0, 3))
    assert.deepEqual(
      page.damaged.toSorted((left, right) => left - right),
      isNewestFirst ? [9, 12] : [1],
    )
  })
}

test('a journal that is damaged all over is no list with gaps, and is not asked without end', async () => {
  const everywhere = Array.from({ length: 200 }, (_, index) => index + 1)
  const storage = journalOf(200, everywhere)
  await assert.rejects(
    entriesPastDamage(storage, { isNewestFirst: true, rowsMax: 100 }),
    DamagedEntryError,
  )
  assert.ok(storage.asked() < 60, String(storage.asked()))
})

test('a storage that is away is no damaged account', async () => {
  const away = () => Promise.reject(new StorageUnavailableError('away'))
  await assert.rejects(
    entriesPastDamage({ entries: away }, { rowsMax: 1 }),
    (error) => error instanceof StorageUnavailableError && error.message === 'away',
  )
  await assert.rejects(unlessDamaged(away()), StorageUnavailableError)
  const damaged = Promise.reject(new DamagedEntryError(7, 'torn'))
  assert.deepEqual(await unlessDamaged(damaged), { damagedPosition: 7 })
  assert.deepEqual(await unlessDamaged(Promise.resolve(1)), { answer: 1 })
})
