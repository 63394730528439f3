import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Entry } from '../core/entry.ts'
import { customerId, holdId, memberId, priceId } from '../core/ids.ts'
import type { EntryQuery, Storage } from '../storage/storage.ts'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { nextTurn } from '../system/next-turn.ts'
import { UsageReadings } from './usage-readings.ts'

const acme = customerId('acme')
const ann = memberId('ann')
const firstMs = Date.UTC(2026, 10, 22)
const everything = { customerId: acme, sinceMs: 0 }
const allTime = { fromMs: 0, toMs: Infinity }

/** A journal in memory whose pages a test holds back or lets fail. */
class SlowJournal {
  readonly entriesHeld: Entry[] = []
  pageCount = 0
  failing = 0
  before: () => Promise<void> = () => Promise.resolve()

  get durablePosition(): number {
    return this.entriesHeld.length
  }

  settle(count: number): void {
    for (let made = 0; made < count; made += 1) {
      const position = this.entriesHeld.length + 1
      this.entriesHeld.push(settledAt(position))
    }
  }

  async entries(query: EntryQuery): Promise<readonly Entry[]> {
    if (query.kind === 'clock_corrected') return []
    this.pageCount += 1
    await this.before()
    if (this.failing > 0) {
      this.failing -= 1
      throw new Error('the disk is away')
    }
    const { afterPosition = 0, beforePosition = Infinity, rowsMax = 1000 } = query
    const found = this.entriesHeld.filter(
      ({ position }) => position > afterPosition && position < beforePosition,
    )
    return (query.isNewestFirst === true ? found.toReversed() : found).slice(0, rowsMax)
  }
}

const settledAt = (position: number): Entry => ({
  position,
  atMs: firstMs + position * 60_000,
  customerId: acme,
  memberId: ann,
  legs: [],
  body: {
    kind: 'settled',
    holdId: holdId(`hold_${position}`),
    source: 'plan',
    model: 'opus',
    priceId: priceId('p'),
    usage: { input: 1 },
    marks: [],
    costNanos: 1n,
    chargedNanos: 0n,
    overrunNanos: 0n,
    isEstimate: false,
    isLate: false,
    upstreamRequestId: null,
    bucket: '',
    spendMonth: null,
    memberSpendMonth: null,
    overrunReserveNanos: 0n,
  },
})

function openReadings(): { readings: UsageReadings; journal: SlowJournal; clock: ManualClock } {
  const journal = new SlowJournal()
  const clock = new ManualClock()
  const storage = journal as unknown as Storage
  return { readings: new UsageReadings({ storage, clock }), journal, clock }
}

/** Time goes on, a little each turn, until this is done. */
async function whilePassing<Value>(clock: ManualClock, work: Promise<Value>): Promise<Value> {
  let isOver = false
  void work.finally(() => (isOver = true))
  while (!isOver) {
    await nextTurn()
    clock.pass(1)
  }
  return work
}

const requestsIn = (reading: Awaited<ReturnType<UsageReadings['read']>>): number =>
  reading.cells.within(allTime).reduce((sum, cell) => sum + cell.requests, 0)

describe('readings of usage', () => {
  test('an answer that waited long enough says how far it came, and the next one is whole', async () => {
    const { readings, journal, clock } = openReadings()
    journal.settle(2500)
    const held = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    journal.before = async () => {
      if (journal.pageCount === 2) {
        arrived.resolve()
        await held.promise
      }
    }

    const early = readings.read({ ...everything, waitMs: 800 })
    await arrived.promise
    clock.pass(800)
    const partly = await early
    held.resolve()
    // After a page that took so long, the reading rests.
    const whole = await whilePassing(clock, readings.read({ ...everything, waitMs: 800 }))

    assert.equal(partly.isComplete, false)
    assert.equal(partly.wholeSinceMs, firstMs + 1501 * 60_000 + 1, 'a page of the newest thousand')
    assert.equal(whole.isComplete, true)
    assert.equal(requestsIn(whole), 2500)
  })

  test('later entries are added without reading the earlier ones again', async () => {
    const { readings, journal } = openReadings()
    journal.settle(3000)
    await readings.read({ ...everything, waitMs: 1 })
    const pages = journal.pageCount
    journal.settle(5)

    const reading = await readings.read({ ...everything, waitMs: 1 })

    assert.equal(requestsIn(reading), 3005)
    assert.equal(reading.position, 3005)
    assert.equal(journal.pageCount, pages + 1)
  })

  test('only as much is read as the asked range needs, and the rest when somebody asks', async () => {
    const { readings, journal } = openReadings()
    journal.settle(3000)

    const late = await readings.read({
      ...everything,
      sinceMs: firstMs + 2900 * 60_000,
      waitMs: 1,
    })
    assert.equal(journal.pageCount, 1)
    assert.equal(late.isComplete, true)

    assert.equal(requestsIn(await readings.read({ ...everything, waitMs: 1 })), 3000)
  })

  test('a page that failed is told, and what was counted before it is not counted twice', async () => {
    const { readings, journal } = openReadings()
    journal.settle(2500)
    await readings.read({ ...everything, sinceMs: firstMs + 2400 * 60_000, waitMs: 1 })
    journal.failing = 1

    await assert.rejects(readings.read({ ...everything, waitMs: 1 }), /disk is away/)

    assert.equal(requestsIn(await readings.read({ ...everything, waitMs: 1 })), 2500)
  })

  test('many who ask at once share one reading', async () => {
    const { readings, journal } = openReadings()
    journal.settle(2500)

    const all = await Promise.all(
      Array.from({ length: 20 }, () => readings.read({ ...everything, waitMs: 1 })),
    )

    assert.ok(all.every((reading) => requestsIn(reading) === 2500))
    assert.equal(journal.pageCount, 3)
  })
})
