import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Decision } from '../../src/core/decision.ts'
import { customerId, memberId } from '../../src/core/ids.ts'
import {
  StorageUnavailableError,
  type MemberScope,
  type Storage,
} from '../../src/storage/storage.ts'
import {
  authorize,
  balance,
  look,
  open,
  openHoldIds,
  publishAll,
  seat,
  topUp,
  voidHold,
} from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { isSettled } from '../contract/with-bed.ts'
import { startFaultyWriterThread } from './faulty-writer-thread.ts'
import type { SqlFault } from './sql-faults.ts'

/**
 * The trace that R3 is about: a hold that never became durable must refuse nobody. Two members of one customer
 * whose money pays one request; the hold of the first is the only reason to refuse the second.
 */
const first: MemberScope = { customerId: customerId('tight'), memberId: memberId('first') }
const second: MemberScope = { customerId: customerId('tight'), memberId: memberId('second') }
const enoughForOne = 700n

const writers = [
  { name: 'the serving thread', openWriter: undefined },
  { name: 'a thread of its own', openWriter: startFaultyWriterThread },
]
const losses: readonly SqlFault[] = [
  { kind: 'io', place: 'begin', when: 'before', times: 1 },
  { kind: 'full', place: 'insert entry', when: 'before', times: 1, endsTransaction: true },
  { kind: 'io', place: 'commit', when: 'before', times: 1 },
]
const unknown: SqlFault = { kind: 'io', place: 'commit', when: 'after', times: 1 }

for (const { name, openWriter } of writers) {
  describe(`R3: a refusal never rests on a hold that is lost, written by ${name}`, () => {
    const onTight = (
      about: string,
      check: (bed: SqliteBed, storage: Storage) => Promise<void>,
    ): void =>
      void test(about, async () => {
        const bed = new SqliteBed(openWriter)
        try {
          const storage = await bed.open()
          await publishAll(storage)
          await open(storage, first.customerId)
          await seat(storage, first, 'spent')
          await seat(storage, second, 'spent')
          const { customerId: id } = first
          await topUp(storage, { id: 'all', amountNanos: enoughForOne, customerId: id })
          await check(bed, storage)
        } finally {
          await bed.end()
        }
      })

    for (const loss of [...losses, unknown]) {
      const how = `${loss.kind} ${loss.when} "${loss.place}"`
      onTight(
        `the hold and the refusal that read it are in one batch (${how})`,
        async (bed, storage) => {
          bed.arm(loss)
          const answers = await Promise.allSettled([
            authorize(storage, first, 'lost'),
            authorize(storage, second, 'refused'),
          ])

          assertNobodyDenied(answers)
          await assertRoom(storage)
        },
      )

      onTight(
        `the hold is on its way to the disk when the refusal reads it (${how})`,
        async (bed, storage) => {
          const release = bed.holdCommits()
          const lost = authorize(storage, first, 'lost')
          assert.equal(await isSettled(lost), false)
          bed.arm(loss)
          const refused = authorize(storage, second, 'refused')
          assert.equal(await isSettled(refused), false, 'a refusal waits for what it has read')
          release()

          assertNobodyDenied(await Promise.allSettled([lost, refused]))
          await assertRoom(storage)
        },
      )
    }

    onTight(
      'the hold is durable and the batch after it fails: the refusal stands',
      async (bed, storage) => {
        const release = bed.holdCommits()
        const held = authorize(storage, first, 'held')
        assert.equal(await isSettled(held), false)
        bed.arm({ kind: 'io', place: 'commit', when: 'before', skipped: 1, times: 1 })
        const refused = authorize(storage, second, 'refused')
        const next = topUp(storage, { id: 'late', amountNanos: 1n, customerId: first.customerId })
        release()

        assert.equal((await held).kind, 'allow')
        assert.equal(reasonOf(await refused), 'reserved')
        await assert.rejects(next, StorageUnavailableError)
        assert.deepEqual(await look(storage, first, openHoldIds), ['held'])
        assert.equal(reasonOf(await authorize(storage, second, 'again')), 'reserved')
        await voidHold(storage, first, 'held')
        await assertRoom(storage)
      },
    )

    onTight('money that arrives in a batch that fails admits nobody', async (bed, storage) => {
      const kept = await authorize(storage, first, 'kept')
      assert.equal(kept.kind, 'allow')
      bed.arm({ kind: 'io', place: 'commit', when: 'before', times: 1 })
      const answers = await Promise.allSettled([
        topUp(storage, { id: 'lost', amountNanos: 10_000n, customerId: first.customerId }),
        authorize(storage, second, 'on-lost-money'),
      ])

      assertNobodyDenied(answers)
      assert.equal(await look(storage, first, balance), enoughForOne - 600n)
      assert.equal(reasonOf(await authorize(storage, second, 'again')), 'reserved')
    })
  })
}

/** With every hold of the lost batch gone, the money is there for either. */
async function assertRoom(storage: Storage): Promise<void> {
  for (const scope of [second, first]) {
    const id = `room-${scope.memberId}`
    assert.equal((await authorize(storage, scope, id)).kind, 'allow')
    await voidHold(storage, scope, id)
    assert.deepEqual(await look(storage, scope, openHoldIds), [])
  }
  assert.equal(storage.openHoldCount(first.customerId), 0)
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}

function assertNobodyDenied(answers: readonly PromiseSettledResult<unknown>[]): void {
  for (const answer of answers) {
    assert.equal(answer.status, 'rejected')
    assert.ok(answer.reason instanceof StorageUnavailableError)
  }
}

const reasonOf = (decision: Decision): string =>
  decision.kind === 'deny' ? decision.denial.reason : 'allowed'
