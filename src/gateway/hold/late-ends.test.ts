import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customerId } from '../../core/ids.ts'
import type { GateParts } from '../../operations/parts.ts'
import type { Storage } from '../../storage/storage.ts'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { LateEnds, waitingMax } from './late-ends.ts'

const acme = customerId('acme')
const dayMs = 24 * 60 * 60 * 1000

function openLateEnds() {
  const clock = new ManualClock()
  const quarantined = new Set([acme])
  const left: string[] = []
  const ended: string[] = []
  const assertServed = (id: typeof acme): void => {
    if (quarantined.has(id)) throw new Error('in quarantine')
  }
  const endWithProcess = (): void => quarantined.clear()
  const storage = { quarantine: { assertServed, endWithProcess } } as unknown as Storage
  const parts: Pick<GateParts, 'clock' | 'storage'> = { clock, storage }
  const lateEnds = new LateEnds(parts)
  const add = (customer: typeof acme, name: string): boolean =>
    lateEnds.add({
      customerId: customer,
      sinceMs: 0,
      isBack: false,
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

test('a stop ends every quarantine, tries each end that waits once more, and takes nothing any more', async () => {
  const { clock, ended, left, lateEnds, add } = openLateEnds()
  add(acme, 'acmes')
  clock.pass(dayMs / 2)
  assert.deepEqual([ended, lateEnds.facts()], [[], { count: 1, oldestMs: dayMs / 2 }])

  await lateEnds.stop()

  assert.deepEqual([ended, left], [['acmes'], []])
  assert.deepEqual(lateEnds.facts(), { count: 0, oldestMs: 0 })
  assert.equal(add(acme, 'later'), false)
})

test('only so many ends wait; one more is told at once', () => {
  const { lateEnds, add } = openLateEnds()
  for (let count = 0; count < waitingMax; count += 1) assert.equal(add(acme, `${count}`), true)

  assert.equal(add(acme, 'one more'), false)
  assert.equal(lateEnds.facts().count, waitingMax)
})

test('ends that are tried just now count, and come back to places of their own', async () => {
  const { clock, quarantined, lateEnds, add } = openLateEnds()
  const { promise, resolve } = Promise.withResolvers<void>()
  const left: string[] = []
  const first = { customerId: acme, sinceMs: 0, giveUp: () => void left.push('first') }
  const endAgain = (): Promise<void> => promise
  lateEnds.add({ ...first, isBack: false, endAgain })
  for (let count = 1; count < waitingMax; count += 1) add(acme, `${count}`)
  quarantined.clear()
  clock.pass(5000)
  await Promise.resolve()
  quarantined.add(acme)
  while (add(acme, 'newer')) continue

  assert.equal(lateEnds.facts().count, waitingMax)
  assert.equal(lateEnds.add({ ...first, isBack: true, endAgain }), true)
  resolve()
  clock.pass(5000)
  assert.deepEqual(left, [])
})

test('a stop ends the quarantine also where its ends are tried just then', async () => {
  const { clock, quarantined, lateEnds } = openLateEnds()
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = { customerId: acme, sinceMs: 0, isBack: false, giveUp: () => undefined }
  lateEnds.add({ ...end, endAgain: () => promise })
  quarantined.clear()
  clock.pass(5000)
  quarantined.add(acme)

  const stopped = lateEnds.stop()
  assert.equal(lateEnds.isServed(acme), true)
  resolve()
  await stopped
})
