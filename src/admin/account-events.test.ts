import assert from 'node:assert/strict'
import test from 'node:test'
import { customerId, memberId } from '../core/ids.ts'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { openAccountEvents } from './account-events.ts'

const storage = { onCommit: () => () => undefined, durablePosition: 1 } as never

test('the pages of one customer leave room for those of another and for the operator', async () => {
  const events = openAccountEvents({ storage, clock: new ManualClock(0) })
  const isStillAllowed = (): Promise<boolean> => Promise.resolve(true)
  const open = (customer: string, member: number): Response =>
    events.open({
      customerId: customerId(customer),
      memberId: memberId(`m${member}`),
      isStillAllowed,
    })
  const streams = Array.from({ length: 1000 }, (_, count) => open('acme', count >> 4))

  assert.throws(() => open('acme', 999), { code: 'too_many_streams' })
  const others = [open('beta', 1), events.openForAll({ version: () => 0, isStillAllowed })]
  await streams.pop()?.body?.cancel()
  others.push(open('acme', 999))
  assert.equal(events.openCount, 1002)

  for (const stream of [...streams, ...others]) await stream.body?.cancel()
  assert.equal(events.openCount, 0, 'who left is forgotten')
  events.close()
})
