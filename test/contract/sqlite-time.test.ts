import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setExtraUsage } from '../../src/core/commands.ts'
import { holdId } from '../../src/core/ids.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
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
} from './accounts.ts'
import { SqliteBed } from './sqlite-bed.ts'
import { turns } from './with-bed.ts'

/** Bounds in time and size: deadlines, the audit beside the traffic, journals of more than one segment. */
const onBed = (
  name: string,
  check: (bed: SqliteBed) => Promise<void>,
  more: ConstructorParameters<typeof SqliteBed>[1] = {},
): void => {
  test(name, async () => {
    const bed = new SqliteBed(undefined, more)
    try {
      await check(bed)
    } finally {
      await bed.end()
    }
  })
}

/** Many entries in one change: the member's switch, turned again and again. */
const turnSwitch = (storage: Storage, count: number): Promise<void> =>
  storage.update(ann, (_account, { nowMs }) => ({
    answer: undefined,
    entries: Array.from({ length: count }, (_, index) => ({
      ...setExtraUsage({ scope: 'member', isOn: index % 2 === 1 }, { nowMs, position: 0 }),
      memberId: ann.memberId,
    })),
  }))

onBed(
  'R2: an account whose sums take too long to build is unavailable, never refused; the next try finds them',
  async (bed) => {
    const storage = await bed.open()
    await furnish(storage)
    await turnSwitch(storage, 1200)
    await storage.close()
    const reopened = await bed.open()

    const cold = look(reopened, ann, ({ member }) => member.entryCount)
    bed.clock.pass(5000)

    await assert.rejects(cold, StorageUnavailableError)
    assert.equal(await look(reopened, ann, ({ member }) => member.entryCount), 1201)
  },
  { snapshotEvery: 100_000 },
)

onBed('many callers of one cold account wait for one rebuild', async (bed) => {
  const storage = await bed.open()
  await furnish(storage)
  await turnSwitch(storage, 600)
  await storage.close()
  const reopened = await bed.open()

  const looks = Array.from({ length: 20 }, () => look(reopened, ann, ({ member }) => member))
  const seen = await Promise.all(looks)

  assert.equal(new Set(seen).size, 1, 'all saw the very same sums')
})

onBed(
  'D12: a commit that does not return in time is unavailable, and is cleared up later',
  async (bed) => {
    const storage = await bed.open()
    await furnish(storage)

    const release = bed.holdCommits()
    const stuck = authorize(storage, bob, 'stuck')
    await turns(2)
    bed.clock.pass(10_000)
    await assert.rejects(stuck, StorageUnavailableError)
    const during = look(storage, ann, balance)
    await turns(2)
    bed.clock.pass(5000)
    await assert.rejects(during, StorageUnavailableError)
    release()
    await turns(20)

    assert.deepEqual(await look(storage, bob, openHoldIds), [])
    assert.equal((await storage.findHoldEnd(bob.memberId, holdId('stuck')))?.body.kind, 'voided')
    assert.equal(await look(storage, bob, balance), 1_000_000n)
  },
)

onBed('D1: the audit finds damage in a running server before anybody meets it', async (bed) => {
  const storage = await bed.open()
  await furnish(storage)
  for (let count = 0; count < 6; count += 1) {
    await authorize(storage, bob, `h${count}`)
    await settle(storage, bob, `h${count}`)
  }
  assert.equal(bed.damageDerivations() > 0, true)

  bed.clock.pass(1000)
  await turns(50)
  await authorize(storage, bob, 'after')

  const found = await storage.entries({ kind: 'drift_found' })
  const drifts = found.flatMap(({ body }) => (body.kind === 'drift_found' ? body.drifts : []))
  assert.deepEqual([...new Set(drifts.map(({ where }) => where))].toSorted(), [
    'customer:acme',
    'member:bob',
  ])
  const after = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual([after.faults, after.drifts], [[], []])
})

onBed('W3: a jump is in the journal before drift that is found at the new time', async (bed) => {
  const storage = await bed.open()
  await furnish(storage)
  for (let count = 0; count < 6; count += 1) {
    await authorize(storage, bob, `h${count}`)
    await settle(storage, bob, `h${count}`)
  }
  assert.equal(bed.damageDerivations() > 0, true)
  const before = storage.durablePosition

  bed.clock.stepWall(30 * 24 * 3_600_000)
  storage.adoptWallClock()
  bed.clock.pass(1000)
  await turns(50)
  await authorize(storage, bob, 'after')

  const later = await storage.entries({ afterPosition: before })
  const kinds = later.map(({ body }) => body.kind)
  assert.equal(kinds.includes('drift_found'), true)
  assert.equal(kinds[0], 'clock_adopted')
  assert.equal(kinds.filter((kind) => kind === 'clock_adopted').length, 1)
  const { faults } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual(faults, [])
})

onBed('an account spread over several segments is read whole and in order', async (bed) => {
  const storage = await bed.open()
  await furnish(storage)
  await authorize(storage, ann, 'early')
  const positions = [storage.durablePosition]
  for (let count = 0; count < 4; count += 1) {
    await turnSwitch(storage, 2500)
    await authorize(storage, bob, `h${count}`)
    positions.push(storage.durablePosition)
  }
  await settle(storage, ann, 'early')

  const ends = await storage.holdEntries(holdId('early'))
  assert.deepEqual(
    ends.map(({ body }) => body.kind),
    ['held', 'settled'],
  )
  const counted: number[] = []
  for (const position of positions) {
    counted.push((await storage.accountAt(ann, position)).member.entryCount)
  }
  assert.deepEqual(counted, [2, 2502, 5002, 7502, 10_002])
  const newest = await storage.entries({ ...bob, isNewestFirst: true, rowsMax: 3 })
  assert.deepEqual(
    newest.map(({ position }) => position),
    positions.slice(2).toReversed(),
  )
  let read = 0
  for (let afterPosition = 0; ;) {
    const page = await storage.entries({ customerId: acme, afterPosition })
    if (page.length === 0) break
    read += page.length
    afterPosition = page.at(-1)?.position ?? Infinity
  }
  const system = (await storage.entries({ kind: 'boot' })).length
  assert.equal(read > 10_000 && system === 1, true)
})

onBed(
  'D6: the mark of a sweep never passes a hold that is open, so the next boot finds it',
  async (bed) => {
    const storage = await bed.open()
    await furnish(storage)
    await authorize(storage, bob, 'old')
    for (let count = 0; count < 23; count += 1) await turnSwitch(storage, 3000)
    await authorize(storage, bob, 'new')
    bed.clock.pass(1000)
    await turns(20)
    await settle(storage, bob, 'old')
    bed.clock.pass(1000)
    await turns(20)
    await turnSwitch(storage, 1)
    const marks = await storage.entries({ kind: 'swept' })
    assert.equal(marks.length, 2, 'one by the boot, one since')
    await bed.crash()

    const reopened = await bed.open()

    assert.deepEqual(await look(reopened, bob, openHoldIds), [])
    assert.equal((await reopened.findHoldEnd(bob.memberId, holdId('new')))?.body.kind, 'expired')
    assert.equal(reopened.openHoldCount(acme), 0)
  },
  { snapshotEvery: 4096 },
)

onBed(
  'an account that writes rarely gets a snapshot, too, so that its rebuild begins not too far back',
  async (bed) => {
    const storage = await bed.open()
    await furnish(storage)
    const snapshots = (): readonly unknown[] =>
      bed.inFile((db) => db.prepare('SELECT member_id FROM snapshot ORDER BY member_id').all())
    await turnSwitch(storage, 20)
    assert.deepEqual(snapshots(), [])

    await turnSwitch(storage, 20)
    await authorize(storage, bob, 'rare')

    assert.deepEqual(
      snapshots().map((row) => Object.values(row as object)),
      [[''], ['ann'], ['bob']],
    )
    await turnSwitch(storage, 5)
    const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual([faults, drifts], [[], []])
  },
  { snapshotEvery: 100_000, sealAgeMax: 40 },
)
