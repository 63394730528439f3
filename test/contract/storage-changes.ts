import assert from 'node:assert/strict'
import { setExtraUsage } from '../../src/core/commands.ts'
import { operationId, systemCustomerId } from '../../src/core/ids.ts'
import {
  OperationConflictError,
  OperationRepeatedError,
  StorageUnavailableError,
  UnknownScopeError,
  type Once,
  type Storage,
} from '../../src/storage/storage.ts'
import { acme, ann, authorize, balance, bob, furnish, look, topUp, zoe } from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { isSettled, onBed, turns } from './with-bed.ts'

const onceOf = (id: string, digest = 'same content'): Once<string> => ({
  operationId: operationId(id),
  operationDigest: digest,
  answerAgain: (first) => `repeated entry ${first.position}`,
})

/** Changes: what they see, in which order, when they answer, and how often they happen. */
export function testChanges(makeBed: MakeBed): void {
  onBed(makeBed, 'an answer leaves only after its entries are durable', async (bed, storage) => {
    await furnish(storage)
    const before = storage.durablePosition

    const release = bed.holdCommits()
    const answer = topUp(storage, { id: 'later', amountNanos: 5n })
    assert.equal(await isSettled(answer), false)
    assert.equal(storage.durablePosition, before)
    release()

    assert.equal(await answer, 'topped up')
    assert.equal(storage.durablePosition, before + 1)
  })

  onBed(
    makeBed,
    'R3: a refusal writes nothing, yet waits for the entries that it read',
    async (bed, storage) => {
      await furnish(storage)

      const release = bed.holdCommits()
      const change = topUp(storage, { id: 'pending', amountNanos: 7n })
      const reader = look(storage, ann, balance)
      const stranger = look(storage, zoe, balance)
      assert.equal(await isSettled(reader), false)
      assert.equal(await isSettled(stranger), true, 'other customers do not wait')
      release()

      assert.equal(await reader, 1_000_007n)
      await change
    },
  )

  onBed(
    makeBed,
    'R3: a refusal that counted the holds of other members waits for them',
    async (bed, storage) => {
      await furnish(storage)

      const release = bed.holdCommits()
      const hold = authorize(storage, ann, 'h1')
      const counting = look(storage, bob, () => storage.openHoldCount(acme))
      assert.equal(await isSettled(counting), false)
      release()

      assert.equal(await counting, 1)
      await hold
    },
  )

  onBed(
    makeBed,
    'changes of one customer run one after another, each on the result of the one before',
    async (_bed, storage) => {
      await furnish(storage)

      const scopes = [ann, bob]
      const seen = await Promise.all(
        Array.from({ length: 60 }, (_, index) => {
          const scope = scopes[index % 2] ?? ann
          return storage.update(scope, ({ customer }, { nowMs }) => ({
            answer: customer.extraUsage.version,
            entries: [
              setExtraUsage({ scope: 'customer', isOn: index % 3 === 0 }, { nowMs, position: 0 }),
            ],
          }))
        }),
      )

      assert.deepEqual(
        seen,
        Array.from({ length: 60 }, (_, index) => index),
      )
    },
  )

  onBed(
    makeBed,
    'a change that throws writes nothing, and the next one runs',
    async (_, storage) => {
      await furnish(storage)
      const before = storage.durablePosition

      const failing = storage.update(ann, () => {
        throw new RangeError('a bug')
      })
      await assert.rejects(failing, RangeError)

      assert.equal(await look(storage, ann, balance), 1_000_000n)
      assert.equal(storage.durablePosition, before)
    },
  )

  onBed(
    makeBed,
    'an entry with another moment than its change is refused',
    async (bed, storage) => {
      await furnish(storage)
      const before = storage.durablePosition
      bed.clock.pass(1000)

      for (const shiftMs of [1, -5000]) {
        const change = storage.updateCustomer(acme, (_state, { nowMs }) => ({
          answer: undefined,
          entries: [
            setExtraUsage(
              { scope: 'customer', isOn: false },
              { nowMs: nowMs + shiftMs, position: 0 },
            ),
          ],
        }))
        await assert.rejects(change, /moment/)
      }

      assert.equal(storage.durablePosition, before)
    },
  )

  onBed(makeBed, 'a change may not write for another member', async (_, storage) => {
    await furnish(storage)

    const change = storage.update(ann, (_account, { nowMs }) => ({
      answer: undefined,
      entries: [
        {
          ...setExtraUsage({ scope: 'member', isOn: false }, { nowMs, position: 0 }),
          memberId: bob.memberId,
        },
      ],
    }))

    await assert.rejects(change, /own member/)
    assert.equal(await look(storage, bob, ({ member }) => member.extraUsage.isOn), true)
  })

  onBed(makeBed, 'the installation is no customer', async (_, storage) => {
    const refused = storage.updateCustomer(systemCustomerId, () => ({ answer: 1, entries: [] }))
    await assert.rejects(refused, UnknownScopeError)
  })

  onBed(makeBed, 'a listener hears which accounts changed, until it stops', async (_, storage) => {
    await furnish(storage)
    const heard: string[] = []

    const stop = storage.onCommit((changed) => {
      for (const { customerId, memberId } of changed) heard.push(`${customerId}/${memberId}`)
    })
    await Promise.all([authorize(storage, ann, 'h1'), topUp(storage, { id: 'x', amountNanos: 1n })])
    stop()
    await authorize(storage, ann, 'h2')

    assert.deepEqual(heard.toSorted(), ['acme/ann', 'acme/null'])
  })

  onBed(makeBed, 'a closed storage answers that limits are unavailable', async (_, storage) => {
    await furnish(storage)
    await storage.close()

    await assert.rejects(look(storage, ann, balance), StorageUnavailableError)
    await storage.close()
  })

  testIdempotency(makeBed)
}

function testIdempotency(makeBed: MakeBed): void {
  const countTopUps = async (storage: Storage): Promise<number> =>
    (await storage.entries({ customerId: acme, kind: 'granted' })).length

  onBed(makeBed, 'L4: the same operation twice is applied once', async (bed, storage) => {
    await furnish(storage)
    const command = { id: 'again', amountNanos: 100n }

    assert.equal(await topUp(storage, command, onceOf('key-1')), 'topped up')
    const repeated = await topUp(storage, command, onceOf('key-1'))
    assert.match(repeated, /^repeated entry \d+$/)
    await storage.close()

    const reopened = await bed.open()
    assert.equal(await topUp(reopened, command, onceOf('key-1')), repeated, 'also after a restart')
    assert.equal(await countTopUps(reopened), 2)
    assert.equal(await look(reopened, ann, balance), 1_000_100n)
  })

  onBed(
    makeBed,
    'L4: the same operation twice at one moment is applied once, and both wait for it',
    async (bed, storage) => {
      await furnish(storage)
      const command = { id: 'race', amountNanos: 100n }

      const release = bed.holdCommits()
      const first = topUp(storage, command, onceOf('key-2'))
      const second = topUp(storage, command, onceOf('key-2'))
      assert.equal(await isSettled(second), false)
      release()

      assert.equal(await first, 'topped up')
      assert.match(await second, /^repeated entry/)
      assert.equal(await look(storage, ann, balance), 1_000_100n)
    },
  )

  onBed(makeBed, 'the same key with other content is a conflict', async (_, storage) => {
    await furnish(storage)
    await topUp(storage, { id: 'one', amountNanos: 100n }, onceOf('key-3', 'a hundred'))

    const other = topUp(storage, { id: 'two', amountNanos: 900n }, onceOf('key-3', 'nine hundred'))

    await assert.rejects(other, OperationConflictError)
    assert.equal(await look(storage, ann, balance), 1_000_100n)
  })

  onBed(makeBed, 'another customer may use the same key, also at once', async (bed, storage) => {
    await furnish(storage)
    const { customerId } = zoe

    const release = bed.holdCommits()
    const mine = topUp(storage, { id: 'mine', amountNanos: 1n }, onceOf('key-4'))
    const theirs = topUp(storage, { id: 'theirs', amountNanos: 2n, customerId }, onceOf('key-4'))
    await turns(5)
    release()

    assert.deepEqual(await Promise.all([mine, theirs]), ['topped up', 'topped up'])
    const later = topUp(storage, { id: 'later', amountNanos: 4n, customerId }, onceOf('key-4'))
    assert.match(await later, /^repeated entry/)
    assert.equal(await look(storage, zoe, balance), 2n)
  })

  onBed(makeBed, 'a refused operation does not use up its key', async (_, storage) => {
    await furnish(storage)

    await storage.updateCustomer(acme, () => ({ answer: 'no', entries: [] }), onceOf('key-5'))

    const next = topUp(storage, { id: 'x', amountNanos: 1n }, onceOf('key-5'))
    assert.equal(await next, 'topped up')
  })

  onBed(
    makeBed,
    'a change that brings a used key by itself is not applied, and is told the first entry',
    async (_, storage) => {
      await furnish(storage)
      const draft = (nowMs: number, digest: string) => ({
        ...setExtraUsage({ scope: 'customer', isOn: false }, { nowMs, position: 0 }),
        operationId: operationId('key-6'),
        operationDigest: digest,
      })
      const send = (digest: string): Promise<undefined> =>
        storage.updateCustomer(acme, (_state, { nowMs }) => ({
          answer: undefined,
          entries: [draft(nowMs, digest)],
        }))

      await send('a')
      const position = storage.durablePosition

      await assert.rejects(send('a'), (error) => {
        return error instanceof OperationRepeatedError && error.first.position === position
      })
      await assert.rejects(send('b'), OperationConflictError)
      assert.equal(storage.durablePosition, position)
    },
  )
}
