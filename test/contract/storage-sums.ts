import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Account } from '../../src/core/account.ts'
import {
  DataFolderUnusableError,
  StorageUnavailableError,
  UnknownScopeError,
  type Storage,
} from '../../src/storage/storage.ts'
import { test } from 'node:test'
import {
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  settle,
  settleUsing,
  topUp,
  voidHold,
  zoe,
} from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { onBed, turns } from './with-bed.ts'

const copyOf = (account: Account): Account => structuredClone(account)

/** Sums are what entries add up to, however they were reached: live, rebuilt, or up to a position. */
export function testSums(makeBed: MakeBed): void {
  onBed(makeBed, 'an account at a position is what it was then', async (_, storage) => {
    await furnish(storage)
    const then: { readonly position: number; readonly account: Account }[] = []
    for (let count = 0; count < 12; count += 1) {
      await authorize(storage, bob, `h${count}`)
      if (count % 2 === 0) await settle(storage, bob, `h${count}`)
      const account = await look(storage, bob, copyOf)
      then.push({ position: storage.durablePosition, account })
    }

    for (const { position, account } of then) {
      assert.deepEqual(await storage.accountAt(bob, position), account)
    }
  })

  onBed(makeBed, 'an account that was not there yet is unknown', async (_, storage) => {
    await furnish(storage)

    await assert.rejects(storage.accountAt(ann, 1), UnknownScopeError)
    const nobody = { ...ann, customerId: zoe.customerId }
    await assert.rejects(storage.accountAt(nobody, storage.durablePosition), UnknownScopeError)
  })

  onBed(makeBed, 'sums after a restart equal those before it', async (bed, storage) => {
    await furnish(storage)
    for (let count = 0; count < 20; count += 1) {
      await authorize(storage, bob, `h${count}`)
      await settleUsing(storage, bob, { hold: `h${count}`, outputTokens: count })
    }
    const before = await look(storage, bob, copyOf)
    await storage.close()

    const reopened = await bed.open()

    assert.deepEqual(await look(reopened, bob, copyOf), before)
  })

  onBed(makeBed, 'verify counts what it read and tells how far it is', async (_, storage) => {
    await furnish(storage)
    await authorize(storage, ann, 'h1')
    let last = { done: 0, total: 0 }

    const report = await storage.verify({
      isHealing: false,
      actor: 'test',
      onProgress: (done, total) => (last = { done, total }),
    })

    assert.equal(report.entryCount, storage.durablePosition)
    assert.equal(report.customerCount, 2)
    assert.equal(report.memberCount, 3)
    assert.equal(report.openHoldCount, 1)
    assert.equal(last.done, last.total)
  })

  testHistories(makeBed)
}

/** Sums that are stored beside the journal, and may be wrong. */
export function testStoredSums(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'D1: with every stored derivation damaged the request is allowed, and the drift found and healed',
    async (bed, storage) => {
      await furnish(storage)
      for (let count = 0; count < 10; count += 1) {
        await authorize(storage, bob, `h${count}`)
        await settle(storage, bob, `h${count}`)
      }
      const before = await look(storage, bob, copyOf)
      await storage.close()
      assert.equal(bed.damageDerivations() > 0, true)

      const reopened = await bed.open()
      const decision = await authorize(reopened, bob, 'after')

      assert.equal(decision.kind, 'allow')
      await voidHold(reopened, bob, 'after')
      const { customer } = await look(reopened, bob, copyOf)
      assert.deepEqual(customer.grants, before.customer.grants)
      const found = await reopened.entries({ kind: 'drift_found' })
      const drifts = found.flatMap(({ body }) => (body.kind === 'drift_found' ? body.drifts : []))
      assert.deepEqual([...new Set(drifts.map(({ where }) => where))].toSorted(), [
        'customer:acme',
        'member:bob',
      ])
      for (const drift of drifts) {
        assert.notEqual(drift.stored, drift.recomputed)
        assert.equal(drift.sincePosition > 0 && drift.sinceMs > 0, true)
      }
      assert.equal(
        bed.logged.some((line) => line.includes('differ from the journal')),
        true,
      )
      await assertClean(reopened)
    },
  )

  onBed(
    makeBed,
    'D1: derivations that are gone are missed, and made anew',
    async (bed, storage) => {
      await furnish(storage)
      for (let count = 0; count < 10; count += 1) await authorize(storage, bob, `h${count}`)
      await storage.close()
      bed.dropDerivations()

      const reopened = await bed.open()
      await look(reopened, bob, balance)
      // A later change waits for the healing entry, so the journal below has it.
      await topUp(reopened, { id: 'after', amountNanos: 1n })

      const found = await reopened.entries({ kind: 'drift_found' })
      assert.equal(found.length > 0, true)
      await assertClean(reopened)
    },
  )

  onBed(
    makeBed,
    'D1: verify finds damage in a running server, and heals it',
    async (bed, storage) => {
      await furnish(storage)
      for (let count = 0; count < 10; count += 1) await authorize(storage, bob, `h${count}`)
      const damaged = bed.damageDerivations()
      assert.equal(damaged > 0, true)

      const found = await storage.verify({ isHealing: false, actor: 'test' })
      const healed = await storage.verify({ isHealing: true, actor: 'test' })

      assert.equal(found.drifts.length > 0, true)
      assert.equal(found.isHealed, false)
      assert.deepEqual(found.faults, [])
      assert.equal(healed.isHealed, true)
      assert.deepEqual(
        healed.drifts.map(({ where, field }) => [where, field]),
        found.drifts.map(({ where, field }) => [where, field]),
      )
      await look(storage, bob, balance)
      await topUp(storage, { id: 'after', amountNanos: 1n })
      await assertClean(storage)
    },
  )
}

type Step =
  | { readonly kind: 'top_up'; readonly amount: number }
  | { readonly kind: 'authorize' | 'settle' | 'void'; readonly who: 0 | 1; readonly hold: number }
  | { readonly kind: 'fail'; readonly how: 'before' | 'after' }
  | { readonly kind: 'crash' | 'restart' | 'minute' | 'damage' }

const who = fc.constantFrom<0 | 1>(0, 1)
const hold = fc.integer({ min: 0, max: 5 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('top_up'), amount: fc.nat(900) }) },
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constantFrom('authorize', 'settle', 'void'), who, hold }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fail'), how: fc.constantFrom('before', 'after') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('crash', 'restart', 'minute', 'damage') }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 40 },
)

/** Any history, with faults in it, leaves a sound journal and sums equal to a rebuild. */
function testHistories(makeBed: MakeBed): void {
  test('L1, D5: after any history with faults and crashes, live sums equal recomputed ones', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const bed = await makeBed()
        try {
          let storage = await bed.open()
          await furnish(storage)
          for (const [index, step] of history.entries()) {
            storage = await take(bed, storage, { step, index })
          }
          const live = await lookAgain(bed, storage)
          const position = Math.max(live.customer.position, live.member.position)
          const rebuilt = await storage.accountAt(bob, position)
          assert.deepEqual(live.customer, rebuilt.customer)
          assert.deepEqual(live.member, rebuilt.member)
          const { faults } = await storage.verify({ isHealing: true, actor: 'test' })
          assert.deepEqual(faults, [])
          await assertClean(storage)
        } finally {
          await bed.end()
        }
      }),
      { numRuns: 25 },
    )
  })
}

/** Faults that were still waiting meet the sweep, the healing or a payment; the look behind the last of them succeeds. */
async function lookAgain(bed: Bed, storage: Storage): Promise<Account> {
  let isPaid = false
  for (let attempt = 0; attempt < 3 || (!isPaid && attempt < 3 * startsMax); attempt += 1) {
    bed.clock.pass(60_000)
    await turns(20)
    isPaid = await topUp(storage, { id: `attempt${attempt}`, amountNanos: 1n }).then(
      () => true,
      () => false,
    )
  }
  return look(storage, bob, copyOf)
}

type Bed = Awaited<ReturnType<MakeBed>>

/** Failures of callers are part of the history; the storage has to stay right all the same. */
async function take(
  bed: Bed,
  storage: Storage,
  { step, index }: { readonly step: Step; readonly index: number },
): Promise<Storage> {
  switch (step.kind) {
    case 'crash':
      await bed.crash()
      return openAgain(bed)
    case 'restart':
      await storage.close()
      return openAgain(bed)
    case 'minute':
      bed.clock.pass(30_000)
      return storage
    case 'damage':
      bed.damageDerivations()
      return storage
    case 'fail':
      bed.failNextCommit(step.how)
      return storage
    case 'top_up':
      await topUp(storage, { id: `t${index}`, amountNanos: BigInt(step.amount + 1) }).catch(ignore)
      return storage
    default: {
      const scope = step.who === 0 ? ann : bob
      const name = `${scope.memberId}-${step.hold}`
      const act = { authorize: authorizeFresh, settle, void: voidHold }[step.kind]
      await act(storage, scope, name).catch(ignore)
      return storage
    }
  }
}

/** No history arms more faults than it has steps. */
const startsMax = 41

/** A start that a fault prevents says so, and one behind the last waiting fault works. */
async function openAgain(bed: Bed): Promise<Storage> {
  for (let start = 1; ; start += 1) {
    try {
      return await bed.open()
    } catch (error) {
      const isTold =
        error instanceof StorageUnavailableError || error instanceof DataFolderUnusableError
      if (!isTold || start === startsMax) throw error
    }
  }
}

/** A hold's id is used once in real life; a second authorize of an open one is skipped. */
async function authorizeFresh(storage: Storage, scope: typeof ann, name: string): Promise<unknown> {
  const isOpen = await look(storage, scope, ({ member }) =>
    [...member.holds.keys(), ...member.lost.keys()].some((id) => id === name),
  )
  return isOpen ? undefined : authorize(storage, scope, name)
}

const ignore = (): void => undefined

async function assertClean(storage: Storage): Promise<void> {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}
