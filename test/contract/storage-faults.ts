import assert from 'node:assert/strict'
import { StorageUnavailableError } from '../../src/storage/storage.ts'
import {
  acme,
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  openHoldIds,
  settle,
  topUp,
  voidHold,
} from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { onBed } from './with-bed.ts'

/** Commits that fail, or may have succeeded: nobody is told what might not be true (R3). */
export function testFaults(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'R3: when a commit fails, everything that was built on it is told so and nothing of it stays',
    async (bed, storage) => {
      await furnish(storage)
      const before = storage.durablePosition

      bed.failNextCommit('before')
      const answers = await Promise.allSettled([
        topUp(storage, { id: 'lost', amountNanos: 50n }),
        authorize(storage, bob, 'h1'),
        look(storage, ann, balance),
      ])

      for (const answer of answers) {
        assert.equal(answer.status, 'rejected')
        assert.ok(answer.reason instanceof StorageUnavailableError)
      }
      assert.equal(await look(storage, ann, balance), 1_000_000n)
      assert.deepEqual(await look(storage, bob, openHoldIds), [])
      assert.equal(storage.openHoldCount(acme), 0)
      assert.deepEqual(storage.openHolds(), { count: 0, firstEndMs: null, oldest: [] })
      assert.equal(storage.durablePosition, before)
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'R3: a hold that was written although its caller was refused is voided before anything else runs',
    async (bed, storage) => {
      await furnish(storage)
      const before = await look(storage, bob, balance)

      bed.failNextCommit('after')
      await assert.rejects(authorize(storage, bob, 'doubtful'), StorageUnavailableError)

      assert.equal(await look(storage, bob, balance), before)
      assert.deepEqual(await look(storage, bob, openHoldIds), [])
      assert.equal(storage.openHoldCount(acme), 0)
      const [placed, ended] = await storage.holdEntries(
        (await lastHeld(storage)) ?? assert.fail('the hold is in the journal'),
      )
      assert.equal(placed?.body.kind, 'held')
      assert.equal(ended?.body.kind === 'voided' && ended.body.cause, 'outcome_unknown')
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'R3: entries that were written although their callers were refused count, once',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'h1')

      bed.failNextCommit('after')
      await assert.rejects(settle(storage, bob, 'h1'), StorageUnavailableError)

      // The caller tries again: the settle is found to have happened.
      assert.deepEqual(await settle(storage, bob, 'h1'), { kind: 'already_ended' })
      assert.equal(await look(storage, bob, balance), 1_000_000n - 490n)
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'R3: holds of doubtful outcome are voided also when the next commits fail, too',
    async (bed, storage) => {
      await furnish(storage)
      bed.failNextCommit('after')
      const first = authorize(storage, bob, 'h1')
      await assert.rejects(first, StorageUnavailableError)

      bed.failNextCommit('after')
      await Promise.allSettled([look(storage, bob, balance), authorize(storage, ann, 'h2')])
      bed.clock.pass(60_000)

      assert.deepEqual(await look(storage, bob, openHoldIds), [])
      assert.deepEqual(await look(storage, ann, openHoldIds), [])
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'D12: while the disk is away every answer is "unavailable", and afterwards all is as before',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, ann, 'h1')
      const position = storage.durablePosition

      const heal = bed.failCommits()
      for (const name of ['h2', 'h3', 'h4']) {
        await assert.rejects(authorize(storage, bob, name), StorageUnavailableError)
      }
      heal()
      bed.clock.pass(60_000)

      const { kind } = await authorize(storage, bob, 'h5')
      assert.equal(kind, 'allow')
      assert.equal(storage.durablePosition > position, true)
      await voidHold(storage, bob, 'h5')
      assert.equal(await look(storage, bob, balance), 1_000_000n)
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'D12: a disk that can be read and not written is recovered from once, when it takes commits again',
    async (bed, storage) => {
      await furnish(storage)
      const heal = bed.failCommits()
      for (const name of ['h1', 'h2', 'h3']) {
        await assert.rejects(authorize(storage, bob, name), StorageUnavailableError)
        bed.clock.pass(100)
      }

      const lost = bed.logged.filter((line) => line.startsWith('the journal could not be written'))
      assert.equal(lost.length, 1)
      heal()
      bed.clock.pass(60_000)
      assert.equal((await authorize(storage, bob, 'h4')).kind, 'allow')
      await assertClean(storage)
    },
  )

  onBed(
    makeBed,
    'L1: what was acknowledged before a crash is there, and what was not is whole or absent',
    async (bed, storage) => {
      await furnish(storage)
      await topUp(storage, { id: 'kept', amountNanos: 11n })
      bed.holdCommits()
      void topUp(storage, { id: 'unknown', amountNanos: 500n }).catch(() => undefined)
      await bed.crash()

      const reopened = await bed.open()

      assert.equal(await look(reopened, ann, balance), 1_000_011n)
      await assertClean(reopened)
    },
  )

  async function lastHeld(storage: Parameters<typeof look>[0]) {
    const [entry] = await storage.entries({
      customerId: acme,
      kind: 'held',
      isNewestFirst: true,
      rowsMax: 1,
    })
    return entry?.body.kind === 'held' ? entry.body.holdId : undefined
  }
}

async function assertClean(storage: Parameters<typeof look>[0]): Promise<void> {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}
