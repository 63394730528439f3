import assert from 'node:assert/strict'
import { issueKey, revokeKey } from '../../src/core/commands.ts'
import type { EntryBody } from '../../src/core/entry.ts'
import { keyId, operationId } from '../../src/core/ids.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { acme, ann, authorize, bob, furnish, look, settle, topUp, zoe } from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { isSettled, onBed } from './with-bed.ts'

const aKey = keyId('key_1')
const aKeyHash = 'a'.repeat(64)

function writeKey(storage: Storage, what: 'issue' | 'revoke'): Promise<void> {
  return storage.update(ann, (_account, context) => {
    const draft =
      what === 'issue'
        ? issueKey({ keyId: aKey, keyHash: aKeyHash }, context)
        : revokeKey({ keyId: aKey }, context)
    return { answer: undefined, entries: [{ ...draft, memberId: ann.memberId }] }
  })
}

/** Reading: entries, keys, members, persons, secrets, and the clock of record. */
export function testReads(makeBed: MakeBed): void {
  onBed(makeBed, 'entries come back as they were written', async (bed, storage) => {
    await furnish(storage)
    await authorize(storage, bob, 'h1')
    const position = storage.durablePosition

    const [entry] = await storage.entries({ ...bob, isNewestFirst: true, rowsMax: 1 })

    assert.equal(entry?.position, position)
    assert.equal(entry.customerId, acme)
    assert.equal(entry.memberId, bob.memberId)
    assert.equal(entry.atMs, bed.clock.wallMs())
    assert.deepEqual(entry.legs, [
      { from: 'grant:first:available', to: 'grant:first:held', amount: 600n },
    ])
    assert.equal(entry.body.kind === 'held' && entry.body.amounts.money, 600n)
  })

  onBed(makeBed, 'entries are chosen by account, place, kind and order', async (_, storage) => {
    await furnish(storage)
    for (const name of ['h1', 'h2', 'h3']) {
      await authorize(storage, ann, name)
      await settle(storage, ann, name)
    }
    await authorize(storage, bob, 'h4')
    const positionsOf = async (query: Parameters<Storage['entries']>[0]): Promise<number[]> =>
      (await storage.entries(query)).map(({ position }) => position)

    const all = await positionsOf({})
    const acmes = await positionsOf({ customerId: acme })
    const anns = await positionsOf(ann)
    const shared = await positionsOf({ customerId: acme, isShared: true })
    const helds = await positionsOf({ customerId: acme, kind: 'held' })

    assert.deepEqual(
      all,
      Array.from({ length: storage.durablePosition }, (_x, i) => i + 1),
    )
    assert.equal(anns.length, 7)
    assert.deepEqual(
      shared.map((position) => acmes.includes(position)),
      shared.map(() => true),
    )
    // The customer's opening, its top-up, and Bob's hold on the wallet.
    assert.equal(shared.length, 3)
    assert.equal(helds.length, 4)
    assert.deepEqual(await positionsOf({ ...ann, isNewestFirst: true }), anns.toReversed())
    assert.deepEqual(await positionsOf({ ...ann, rowsMax: 2 }), anns.slice(0, 2))
    const [second = 0, , , fifth = 0] = anns.slice(1)
    const between = { ...ann, afterPosition: second, beforePosition: fifth }
    assert.deepEqual(await positionsOf(between), anns.slice(2, 4))
    const opened = await positionsOf({ kind: 'customer_opened' })
    assert.equal(opened.length, 2)
    assert.deepEqual(await positionsOf({ kind: 'customer_opened', rowsMax: 1 }), opened.slice(0, 1))
    assert.deepEqual(await positionsOf({ customerId: zoe.customerId, kind: 'held' }), [])
  })

  onBed(makeBed, 'entries of several kinds are found in one order', async (_, storage) => {
    await furnish(storage)
    for (const name of ['h1', 'h2']) {
      await authorize(storage, ann, name)
      await settle(storage, ann, name)
    }
    await authorize(storage, bob, 'h3')
    const kindsOf = async (query: Parameters<Storage['entries']>[0]): Promise<string[]> =>
      (await storage.entries(query)).map(({ body }) => body.kind)

    const rare = ['customer_opened', 'granted', 'member_seated'] as const
    const found = await kindsOf({ kinds: rare })
    const everything = await kindsOf({})
    const traffic = await kindsOf({ kinds: ['settled', 'granted'], isNewestFirst: true })
    const annsTraffic = await kindsOf({ ...ann, kinds: ['settled'] })

    assert.deepEqual(
      found,
      everything.filter((kind) => rare.some((one) => one === kind)),
    )
    assert.ok(found.length > 4)
    assert.deepEqual(await kindsOf({ kinds: rare, isNewestFirst: true }), found.toReversed())
    assert.deepEqual(await kindsOf({ kinds: rare, rowsMax: 2 }), found.slice(0, 2))
    const zoes = { kinds: rare, customerId: zoe.customerId } as const
    assert.deepEqual(await kindsOf(zoes), ['customer_opened', 'member_seated'])
    assert.deepEqual(await kindsOf({ kinds: [] }), [])
    assert.deepEqual(traffic, ['settled', 'settled', 'granted'])
    assert.deepEqual(annsTraffic, ['settled', 'settled'])
  })

  onBed(makeBed, 'the newest of several kinds are found far back, too', async (_, storage) => {
    await furnish(storage)
    const caps: number[] = []
    const write = (count: number, body: EntryBody): Promise<void> =>
      storage.updateCustomer(acme, (_state, { nowMs, nextPosition }) => {
        const entries = Array.from({ length: count }, () => ({ atMs: nowMs, legs: [], body }))
        if (body.kind === 'spend_cap_set') {
          caps.unshift(...entries.map((_entry, index) => nextPosition + index).toReversed())
        }
        return { answer: undefined, entries }
      })
    const cap = { kind: 'spend_cap_set', scope: 'customer', cap: { kind: 'unlimited' } } as const
    const pause = { kind: 'status_set', scope: 'customer', isActive: true } as const
    await write(3, cap)
    await write(4100, pause)
    await write(2, cap)
    await write(10, pause)
    const query = { kinds: ['spend_cap_set', 'drift_found'], isNewestFirst: true } as const
    const positionsOf = async (rowsMax: number, more: object = {}): Promise<number[]> =>
      (await storage.entries({ ...query, ...more, rowsMax })).map(({ position }) => position)

    assert.equal(caps.length, 5)
    for (const rowsMax of [1, 2, 3, 5, 100]) {
      assert.deepEqual(await positionsOf(rowsMax), caps.slice(0, rowsMax), `${rowsMax} rows`)
    }
    const [, second = 0] = caps
    assert.deepEqual(await positionsOf(100, { beforePosition: second }), caps.slice(2))
    assert.deepEqual(await positionsOf(100, { afterPosition: second - 1 }), caps.slice(0, 2))
    assert.deepEqual(await positionsOf(100, { customerId: acme }), caps)
  })

  onBed(makeBed, 'entries are found by a text in them', async (_, storage) => {
    await furnish(storage)
    await authorize(storage, ann, 'h1')
    await authorize(storage, bob, 'h2')
    const positionsOf = async (query: Parameters<Storage['entries']>[0]): Promise<number[]> =>
      (await storage.entries(query)).map(({ position }) => position)
    const helds = await positionsOf({ kinds: ['held'] })

    assert.deepEqual(await positionsOf({ kinds: ['held'], bodyText: '"h2"' }), helds.slice(1))
    assert.deepEqual(await positionsOf({ ...ann, bodyText: '"h1"' }), helds.slice(0, 1))
    assert.deepEqual(await positionsOf({ kinds: ['customer_opened'], bodyText: '"h1"' }), [])
    assert.deepEqual(await positionsOf({ kinds: ['held'], bodyText: 'h%' }), [])
  })

  onBed(makeBed, 'the entry of an operation is found by its key', async (_, storage) => {
    await furnish(storage)
    const once = {
      operationId: operationId('find-me'),
      operationDigest: 'd',
      answerAgain: () => 'again',
    }
    await topUp(storage, { id: 'x', amountNanos: 1n }, once)

    const query = { customerId: acme, operationId: operationId('find-me') }
    const [entry] = await storage.entries(query)

    assert.equal(entry?.operationDigest, 'd')
    assert.deepEqual(await storage.entries({ ...query, customerId: zoe.customerId }), [])
  })

  onBed(makeBed, 'what is not durable yet is not shown', async (bed, storage) => {
    await furnish(storage)
    const release = bed.holdCommits()
    const change = topUp(storage, { id: 'pending', amountNanos: 1n })
    await isSettled(change)

    const shown = await storage.entries({ customerId: acme, kind: 'granted' })

    assert.equal(shown.length, 1)
    release()
    await change
  })

  onBed(
    makeBed,
    'a key is found until it is revoked, by what the journal says',
    async (bed, storage) => {
      await furnish(storage)
      assert.equal(await storage.findKey(aKeyHash), undefined)
      await writeKey(storage, 'issue')
      const known = { keyId: aKey, ...ann, isRevoked: false }

      assert.deepEqual(await storage.findKey(aKeyHash), known)
      assert.equal(await storage.findKey('b'.repeat(64)), undefined)
      await writeKey(storage, 'revoke')

      assert.deepEqual(await storage.findKey(aKeyHash), { ...known, isRevoked: true })
      await storage.close()
      const reopened = await bed.open()
      assert.deepEqual(await reopened.findKey(aKeyHash), { ...known, isRevoked: true })
    },
  )

  onBed(
    makeBed,
    'R3: a key whose revocation was written although its caller was refused is revoked',
    async (bed, storage) => {
      await furnish(storage)
      await writeKey(storage, 'issue')
      assert.equal((await storage.findKey(aKeyHash))?.isRevoked, false)

      bed.failNextCommit('after')
      await assert.rejects(writeKey(storage, 'revoke'), StorageUnavailableError)
      await look(storage, ann, () => undefined)

      assert.equal((await storage.findKey(aKeyHash))?.isRevoked, true)
    },
  )

  onBed(makeBed, 'members are listed, of one customer or of all', async (_, storage) => {
    await furnish(storage)

    assert.deepEqual(await storage.members(acme), [ann, bob])
    assert.deepEqual(await storage.members(), [ann, bob, zoe])
  })

  onBed(makeBed, 'a person can be found, changed and erased', async (_, storage) => {
    const person = { id: ann.memberId, name: 'Ann Ångström', email: 'ann@example.test' }
    await storage.putPerson(person)
    await storage.putPerson({ id: acme, name: 'Acme', email: null })
    assert.deepEqual(await storage.findPerson(ann.memberId), person)

    await storage.putPerson({ ...person, name: 'Ann B.' })
    assert.equal((await storage.findPerson(ann.memberId))?.name, 'Ann B.')
    assert.equal((await storage.persons()).length, 2)
    await storage.erasePersons([ann.memberId])

    assert.equal(await storage.findPerson(ann.memberId), undefined)
    assert.equal((await storage.persons()).length, 1)
  })

  onBed(makeBed, 'a secret is made once and kept', async (bed, storage) => {
    let made = 0
    const make = (): string => `secret-${(made += 1)}`

    const [first, second] = await Promise.all([
      storage.secret('signing', make),
      storage.secret('signing', make),
    ])
    assert.equal(first, second)
    await storage.close()

    const reopened = await bed.open()
    assert.equal(await reopened.secret('signing', make), first)
    assert.notEqual(await reopened.secret('other', make), first)
  })

  onBed(
    makeBed,
    'a secret that is replaced stays replaced, and others stay',
    async (bed, storage) => {
      const other = await storage.secret('other', () => 'kept')
      await storage.secret('signing', () => 'old')
      await storage.replaceSecret('signing', 'new')
      await storage.replaceSecret('fresh', 'made')
      await storage.close()

      const reopened = await bed.open()
      assert.equal(await reopened.secret('signing', () => 'again'), 'new')
      assert.equal(await reopened.secret('fresh', () => 'again'), 'made')
      assert.equal(await reopened.secret('other', () => 'again'), other)
    },
  )

  testClock(makeBed)
}

const momentOf = (storage: Storage): Promise<number> =>
  storage.update(ann, (_account, { nowMs }) => ({ answer: nowMs, entries: [] }))

/** Jumps of the machine's own clock, where the storage goes by it. */
export function testClockJumps(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'W3: a wall clock that jumps forward is not followed until something confirms it',
    async (bed, storage) => {
      await furnish(storage)
      const before = await momentOf(storage)

      bed.clock.stepWall(3 * 86_400_000)
      assert.equal(await momentOf(storage), before)
      assert.equal(storage.clockStatus().isJumpHeld, true)
      storage.corroborateClock(bed.clock.wallMs() - 1000)

      assert.equal(await momentOf(storage), bed.clock.wallMs())
      assert.equal(storage.recordNowMs(), bed.clock.wallMs())
      assert.equal(storage.clockStatus().isJumpHeld, false)
    },
  )

  onBed(makeBed, 'the operator can adopt the wall clock', async (bed, storage) => {
    await furnish(storage)
    bed.clock.stepWall(3 * 86_400_000)
    assert.equal(storage.clockStatus().isJumpHeld, true)

    storage.adoptWallClock()

    assert.equal(await momentOf(storage), bed.clock.wallMs())
  })
}

function testClock(makeBed: MakeBed): void {
  onBed(makeBed, 'W3: moments never step back, also across a restart', async (bed, storage) => {
    await furnish(storage)
    const before = await momentOf(storage)
    bed.clock.stepWall(-3_600_000)
    assert.equal(await momentOf(storage), before)
    await storage.close()

    const reopened = await bed.open()

    assert.equal(await momentOf(reopened), before)
    bed.clock.pass(10_000)
    assert.equal((await momentOf(reopened)) > before, true)
  })

  onBed(makeBed, 'a look at an account nobody has written is an empty one', async (_, storage) => {
    await furnish(storage)
    const nobody = { ...ann, memberId: bob.memberId, customerId: zoe.customerId }

    assert.equal(await look(storage, nobody, ({ member }) => member.isSeated), false)
  })
}
