import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide } from '../../src/core/authorize.ts'
import { publishPlan, publishPrice } from '../../src/core/commands.ts'
import type { Decision } from '../../src/core/decision.ts'
import { priceId } from '../../src/core/ids.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { bob, furnish, planOf, price, requestOf } from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { startFaultyWriterThread } from './faulty-writer-thread.ts'
import type { SqlFault } from './sql-faults.ts'

/**
 * Plans and prices are sums, too: published in a commit that failed they decide nothing, and in one that is in
 * the file they do, whatever its publisher was told. Bob's plan has no room, until a new version gives him some.
 */
const dear = { ...price, id: priceId('dear-price'), model: 'dear-model' }

const fails: readonly SqlFault[] = [
  { kind: 'io', place: 'begin', when: 'before', times: 1 },
  { kind: 'full', place: 'insert entry', when: 'before', times: 1, endsTransaction: true },
  { kind: 'io', place: 'commit', when: 'before', times: 1 },
]
const unknown: SqlFault = { kind: 'io', place: 'commit', when: 'after', times: 1 }

const publishRoom = (storage: Storage): Promise<void> =>
  storage.updateSystem((system, context) => {
    const plan = publishPlan(system, planOf('spent', 10n ** 15n), context)
    return { answer: undefined, entries: plan === undefined ? [] : [plan] }
  })

const publishDear = (storage: Storage): Promise<void> =>
  storage.updateSystem((_system, context) => ({
    answer: undefined,
    entries: [publishPrice(dear, context)],
  }))

type Asked = { readonly hold: string; readonly isDear: boolean }

/** A decision of Bob's that writes nothing: only what it reads is looked at. */
function decideOnly(storage: Storage, { hold, isDear }: Asked): Promise<Decision> {
  return storage.update(bob, (account, context) => {
    const request = requestOf({ hold, bootId: storage.bootId, customerRunningCount: 0 })
    const { facts } = request
    const asked = { ...facts, priceId: isDear ? dear.id : facts.priceId }
    return { answer: decide(account, { ...request, facts: asked }, context).decision, entries: [] }
  })
}

const sourceOf = (decision: Decision): string =>
  decision.kind === 'allow' ? decision.allowance.source : decision.denial.reason

/** What Bob's next requests are told, of the old price and of the new one. */
async function told(storage: Storage): Promise<readonly string[]> {
  const cheap = sourceOf(await decideOnly(storage, { hold: 'cheap', isDear: false }))
  return [cheap, sourceOf(await decideOnly(storage, { hold: 'dear', isDear: true }))]
}

const writers = [
  { name: 'the serving thread', openWriter: undefined },
  { name: 'a thread of its own', openWriter: startFaultyWriterThread },
]
/** An answer that waits for an entry which never comes is a failure, too. */
const endsSoon = { timeout: 30_000 }
const before = ['extra_usage', 'model_unpriced']
const after = ['plan', 'plan']

for (const { name, openWriter } of writers) {
  describe(`R3: plans and prices whose commit went wrong, written by ${name}`, () => {
    for (const fault of [...fails, unknown]) {
      const expected = fault === unknown ? after : before
      const outcome = fault === unknown ? 'of unknown outcome, and in the file,' : 'that is lost'
      for (const isRestarted of [false, true]) {
        const when = isRestarted ? 'after a crash and a start' : 'at once'
        test(
          `a commit ${outcome} (${fault.kind} ${fault.when} "${fault.place}") decides as the file says, ${when}`,
          endsSoon,
          async () => {
            const bed = new SqliteBed(openWriter)
            try {
              let storage = await bed.open()
              await furnish(storage)
              assert.deepEqual(await told(storage), before)

              bed.arm(fault)
              const answers = await Promise.allSettled([
                publishRoom(storage),
                publishDear(storage),
                decideOnly(storage, { hold: 'reads-it', isDear: false }),
              ])

              for (const answer of answers) {
                assert.equal(answer.status, 'rejected')
                assert.ok(answer.reason instanceof StorageUnavailableError)
              }
              if (isRestarted) {
                await bed.crash()
                storage = await bed.open()
              }
              assert.deepEqual(await told(storage), expected)
              if (fault !== unknown) {
                await publishRoom(storage)
                await publishDear(storage)
                assert.deepEqual(await told(storage), after)
              }
              const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
              assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
            } finally {
              await bed.end()
            }
          },
        )
      }
    }
  })
}
