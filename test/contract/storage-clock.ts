import assert from 'node:assert/strict'
import { figuresOf } from '../../src/core/figures.ts'
import { holdId, limitId, operationId } from '../../src/core/ids.ts'
import {
  ClockNotCorrectableError,
  OperationConflictError,
  type Storage,
} from '../../src/storage/storage.ts'
import { ann, authorize, bob, furnish, look, openHoldIds, settle } from './accounts.ts'
import { centPrice } from '../rules/books.ts'
import type { MakeBed } from './storage.ts'
import { onBed, turns } from './with-bed.ts'

/** The clock of record as a storage keeps it: jumps and corrections are entries, and windows outlive both. */
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const command = (name: string) => ({ operationId: operationId(name), actor: 'operator' })

async function spend(storage: Storage, name: string): Promise<void> {
  await authorize(storage, ann, name)
  await settle(storage, ann, name)
}

const session = (storage: Storage) =>
  storage.update(ann, (account, context) => {
    const [limit] = figuresOf(account, context).limits
    return { answer: { startMs: limit?.startMs, used: limit?.used }, entries: [] }
  })

const kinds = async (storage: Storage): Promise<string[]> => {
  const adopted = await storage.entries({ kind: 'clock_adopted' })
  const corrected = await storage.entries({ kind: 'clock_corrected' })
  return [...adopted, ...corrected]
    .toSorted((left, right) => left.position - right.position)
    .map(({ body }) => body.kind)
}

async function assertSound(storage: Storage): Promise<void> {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}

export function testClock(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'W3: after a glitch to 2027 and back the session of before runs on with what was used in it',
    async (bed, storage) => {
      await furnish(storage)
      await spend(storage, 'before')
      const before = await session(storage)
      const aheadMs = Date.UTC(2027, 0, 1) - bed.clock.wallMs()
      bed.clock.stepWall(aheadMs)
      storage.adoptWallClock()
      await spend(storage, 'ahead')
      assert.notEqual((await session(storage)).startMs, before.startMs)
      const ahead = storage.durablePosition
      bed.clock.stepWall(-aheadMs)
      bed.clock.pass(hourMs)
      const behind = storage.clockStatus()
      assert.deepEqual([behind.isBehind, behind.correctsToMs], [true, bed.clock.wallMs()])

      const correction = await storage.correctClock(command('correct'))

      assert.equal(correction.toMs, bed.clock.wallMs())
      assert.deepEqual(await session(storage), before)
      const after = storage.clockStatus()
      assert.deepEqual([after.isBehind, after.correctsToMs], [false, null])
      await spend(storage, 'after')
      assert.equal((await session(storage)).used, (before.used ?? 0n) * 2n)
      assert.deepEqual(await kinds(storage), ['clock_adopted', 'clock_corrected'])
      await assertSound(storage)
      await storage.close()

      const again = await bed.open()

      assert.equal((await session(again)).used, (before.used ?? 0n) * 2n)
      const then = await again.accountAt(ann, ahead)
      assert.equal(then.member.windows.get(limitId('session'))?.startMs !== before.startMs, true)
      await assertSound(again)
    },
  )

  onBed(
    makeBed,
    'W3: a correction is made once by its key, and only where a jump is to be undone',
    async (bed, storage) => {
      await furnish(storage)
      bed.clock.stepWall(-hourMs)
      await assert.rejects(storage.correctClock(command('none')), ClockNotCorrectableError)
      bed.clock.stepWall(hourMs + dayMs)
      storage.adoptWallClock()
      bed.clock.stepWall(-dayMs)

      const first = await storage.correctClock(command('one'))

      assert.deepEqual(await storage.correctClock(command('one')), first)
      await assert.rejects(storage.correctClock(command('two')), ClockNotCorrectableError)
      assert.deepEqual(await kinds(storage), ['clock_adopted', 'clock_corrected'])
    },
  )

  onBed(
    makeBed,
    'the key of another operation corrects no clock, and harms nobody',
    async (bed, storage) => {
      await furnish(storage)
      await storage.updateSystem(
        (_system, { nowMs }) => ({
          answer: undefined,
          entries: [
            {
              atMs: nowMs,
              actor: 'operator',
              legs: [],
              body: { kind: 'price_published', price: centPrice },
            },
          ],
        }),
        { ...command('used'), operationDigest: 'other', answerAgain: () => undefined },
      )
      bed.clock.stepWall(dayMs)
      storage.adoptWallClock()
      bed.clock.stepWall(-dayMs)

      await assert.rejects(storage.correctClock(command('used')), OperationConflictError)

      await spend(storage, 'goes-on')
      assert.equal((await storage.correctClock(command('fresh'))).toMs, bed.clock.wallMs())
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a correction never goes back behind the jump, nor behind the time that passed since',
    async (bed, storage) => {
      await furnish(storage)
      const beforeMs = storage.recordNowMs()
      bed.clock.stepWall(dayMs)
      storage.adoptWallClock()
      bed.clock.pass(2 * hourMs)
      await spend(storage, 'ahead')
      bed.clock.stepWall(-40 * dayMs)

      const { toMs } = await storage.correctClock(command('correct'))

      assert.equal(toMs, beforeMs + 2 * hourMs)
      await spend(storage, 'after')
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a correction that could not be written leaves the clock where the journal is',
    async (bed, storage) => {
      await furnish(storage)
      bed.clock.stepWall(3 * dayMs)
      storage.adoptWallClock()
      await spend(storage, 'ahead')
      const aheadMs = storage.recordNowMs()
      bed.clock.stepWall(-3 * dayMs)

      bed.failNextCommit('before')
      await assert.rejects(storage.correctClock(command('lost')))
      await spend(storage, 'later')

      assert.equal(storage.recordNowMs() >= aheadMs, true)
      assert.deepEqual(await kinds(storage), ['clock_adopted'])
      await assertSound(storage)
      await storage.correctClock(command('again'))
      await spend(storage, 'back')
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a jump whose entry was lost with its batch is told again before anything at the new time',
    async (bed, storage) => {
      await furnish(storage)
      bed.clock.stepWall(3 * dayMs)
      storage.adoptWallClock()
      bed.failNextCommit('before')
      await assert.rejects(authorize(storage, ann, 'lost'))

      await spend(storage, 'kept')

      assert.deepEqual(await kinds(storage), ['clock_adopted'])
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a jump that was corrected is not told again, also not after a commit that failed',
    async (bed, storage) => {
      await furnish(storage)
      bed.clock.stepWall(3 * dayMs)
      storage.adoptWallClock()
      await spend(storage, 'ahead')
      bed.clock.stepWall(-3 * dayMs)
      await storage.correctClock(command('correct'))
      bed.failNextCommit('before')
      await assert.rejects(authorize(storage, ann, 'lost'))

      await spend(storage, 'kept')

      assert.deepEqual(await kinds(storage), ['clock_adopted', 'clock_corrected'])
      await assert.rejects(storage.correctClock(command('again')), ClockNotCorrectableError)
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a jump is undone once, also when the clock that it was corrected to was wrong itself',
    async (bed, storage) => {
      await furnish(storage)
      for (const aheadMs of [10 * hourMs, 100 * hourMs]) {
        bed.clock.stepWall(aheadMs)
        storage.adoptWallClock()
        await spend(storage, `ahead-${aheadMs}`)
      }
      // As far as the second jump can be undone to a clock that is wrong all the same.
      bed.clock.stepWall(-30 * hourMs)
      const first = await storage.correctClock(command('first'))
      assert.equal(first.toMs, bed.clock.wallMs())
      // And then the rest of it and the other, by their own size: further than both went nothing goes.
      bed.clock.stepWall(-100 * hourMs)
      const second = await storage.correctClock(command('second'))
      assert.equal(second.toMs, second.fromMs - 80 * hourMs)

      await assert.rejects(storage.correctClock(command('third')), ClockNotCorrectableError)
      await spend(storage, 'after')
      assert.deepEqual(await kinds(storage), [
        'clock_adopted',
        'clock_adopted',
        'clock_corrected',
        'clock_corrected',
      ])
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: what a correction to a wrong clock left of a jump is undone when the clock is right, windows and all',
    async (bed, storage) => {
      await furnish(storage)
      await spend(storage, 'before')
      const before = await session(storage)
      bed.clock.stepWall(10 * dayMs)
      storage.adoptWallClock()
      await spend(storage, 'ahead')
      bed.clock.stepWall(-6 * dayMs)
      await storage.correctClock(command('half'))
      await spend(storage, 'still-ahead')
      assert.notEqual((await session(storage)).startMs, before.startMs)
      bed.clock.stepWall(-4 * dayMs)
      bed.clock.pass(hourMs)
      assert.equal(storage.clockStatus().correctsToMs, bed.clock.wallMs())

      const { toMs } = await storage.correctClock(command('rest'))

      assert.equal(toMs, bed.clock.wallMs())
      assert.deepEqual(await session(storage), before)
      await spend(storage, 'after')
      await assert.rejects(storage.correctClock(command('none')), ClockNotCorrectableError)
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a jump is told once, however many come after it, also around a commit that failed',
    async (bed, storage) => {
      await furnish(storage)
      for (let nth = 0; nth < 10; nth += 1) {
        bed.clock.stepWall(hourMs)
        storage.adoptWallClock()
        await spend(storage, `jump-${nth}`)
      }
      assert.equal((await kinds(storage)).length, 10)
      bed.failNextCommit('before')
      await assert.rejects(authorize(storage, ann, 'lost'))

      await spend(storage, 'kept')

      assert.equal((await kinds(storage)).length, 10)
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: neither a jump nor a correction ends a running request: holds live by the time that passes',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'running')
      bed.clock.stepWall(40 * dayMs)
      storage.adoptWallClock()
      for (let second = 0; second < 20; second += 1) {
        bed.clock.pass(1000)
        await turns(10)
      }
      assert.deepEqual(await look(storage, bob, openHoldIds), [holdId('running')])
      await authorize(storage, ann, 'ahead')
      bed.clock.stepWall(-40 * dayMs)
      await storage.correctClock(command('correct'))

      const open = async () => [
        ...(await look(storage, ann, openHoldIds)),
        ...(await look(storage, bob, openHoldIds)),
      ]
      const beforeMs = bed.clock.elapsedMs()
      for (let round = 0; round < 200 && (await open()).length > 0; round += 1) {
        bed.clock.pass(1000)
        await turns(10)
      }
      assert.deepEqual(await open(), [], 'when their time is up, and not weeks later')
      assert.equal(bed.clock.elapsedMs() - beforeMs >= 30_000, true)
      await assertSound(storage)
    },
  )

  onBed(
    makeBed,
    'W3: a held jump is told once when it comes and once when it is over',
    async (bed, storage) => {
      await furnish(storage)
      const told = bed.logged.length
      bed.clock.stepWall(40 * dayMs)
      for (let count = 0; count < 5; count += 1) {
        bed.clock.pass(1000)
        await spend(storage, `held${count}`)
        await turns(5)
      }
      assert.deepEqual(bed.logged.slice(told).filter((line) => line.includes('jumped')).length, 1)
      assert.equal(storage.clockStatus().isJumpHeld, true)

      bed.clock.stepWall(-40 * dayMs)
      await spend(storage, 'over')

      assert.equal(storage.clockStatus().isJumpHeld, false)
      assert.deepEqual(await kinds(storage), [])
    },
  )
}
