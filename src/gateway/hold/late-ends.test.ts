import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customerId } from '../../core/ids.ts'
import type { GateParts } from '../../operations/parts.ts'
import type { Storage } from '../../storage/storage.ts'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { LateEnds } from './late-ends.ts'

const [acme, zeta] = [customerId('acme'), customerId('zeta')]
const dayMs = 24 * 60 * 60 * 1000

function openLateEnds() {
  const clock = new ManualClock()
  const quarantined = new Set([acme])
  const left: string[] = []
  const ended: string[] = []
  const assertServed = (id: typeof acme): void => {
    if (quarantined.has(id)) throw new Error('in quarantine')
  }
  const storage = { quarantine: { assertServed } } as unknown as Storage
  const parts: Pick<GateParts, 'clock' | 'storage'> = { clock, storage }
  const lateEnds = new LateEnds(parts)
  const add = (customer: typeof acme, name: string): boolean =>
    lateEnds.add({
      customerId: customer,
      sinceMs: 0,
      endAgain: () => {
        ended.push(name)
        return Promise.resolve()
      },
      giveUp: () => void left.push(name),
    })
  return { clock, quarantined, left, ended, lateEnds, add }
}

test('ends wait while their customer is in quarantine, and come within seconds when it is over', () => {
  const { clock, quarantined, ended, add } = openLateEnds()
  assert.equal(add(acme, 'first'), true)
  clock.pass(dayMs / 2)
  assert.deepEqual(ended, [])

  quarantined.clear()
  clock.pass(5000)

  assert.deepEqual(ended, ['first'])
  clock.pass(dayMs)
  assert.deepEqual(ended, ['first'])
})

test('after a day nothing could be corrected any more: the hold is told, and waits no longer', () => {
  const { clock, quarantined, ended, left, add } = openLateEnds()
  add(acme, 'old')

  clock.pass(dayMs)
  quarantined.clear()
  clock.pass(dayMs)

  assert.deepEqual([ended, left], [[], ['old']])
  assert.equal(add(acme, 'older'), false)
})

test('a stop ends what can be ended, tells the rest, and takes nothing any more', async () => {
  const { quarantined, ended, left, lateEnds, add } = openLateEnds()
  quarantined.add(zeta)
  add(acme, 'acmes')
  add(zeta, 'zetas')
  quarantined.delete(zeta)

  await lateEnds.stop()

  assert.deepEqual([ended, left], [['zetas'], ['acmes']])
  assert.equal(add(acme, 'later'), false)
})
