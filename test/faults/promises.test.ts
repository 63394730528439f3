import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ann, authorize, bob, furnish, settle, voidHold } from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { checkPromises, isKept, promiseLine, readPromises, type Promised } from './promises.ts'

test('a promise that was cut while it was printed was not made', () => {
  const made: Promised = { kind: 'held', scope: ann, id: 'h1' }
  const cut = promiseLine({ kind: 'held', scope: ann, id: 'h2' }).slice(0, -1)

  assert.deepEqual(readPromises(promiseLine(made) + cut), [made])
})

test('the check of promises finds what is lost, what was refused for nothing and what ended otherwise', async () => {
  const bed = new SqliteBed()
  try {
    const storage = await bed.open()
    await furnish(storage)
    await authorize(storage, ann, 'h1')
    await settle(storage, ann, 'h1')
    await authorize(storage, bob, 'h2')
    await voidHold(storage, bob, 'h2')
    const { durablePosition: position } = storage
    const nowMs = storage.recordNowMs()
    const of = async (promised: Promised) => checkPromises(storage, [promised])

    assert.ok(isKept(await of({ kind: 'settled', scope: ann, id: 'h1' })))
    assert.ok(isKept(await of({ kind: 'voided', scope: bob, id: 'h2' })))
    assert.equal((await of({ kind: 'voided', scope: ann, id: 'h1' })).lost.length, 1)
    assert.equal((await of({ kind: 'held', scope: ann, id: 'gone' })).lost.length, 1)
    const { customerId } = ann
    assert.equal((await of({ kind: 'topped_up', customerId, id: 'gone' })).lost.length, 1)
    assert.ok(isKept(await of({ kind: 'topped_up', customerId, id: 'first' })))
    const refused: Promised = { kind: 'denied', scope: bob, id: 'h3', position, nowMs }
    assert.equal((await of(refused)).deniedFalsely.length, 1)
    assert.equal((await of({ ...refused, id: 'h2' })).broken.length, 1)
  } finally {
    await bed.end()
  }
})
