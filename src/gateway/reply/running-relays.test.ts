import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import type { Relay } from './relay.ts'
import { RunningRelays } from './running-relays.ts'

function openRelay() {
  const cuts: string[] = []
  const relay: Relay = {
    done: new Promise(() => undefined),
    cut: (lastWords) => void cuts.push(lastWords),
  }
  return { relay, cuts }
}

test('L9: a stop cuts what runs, and what only starts after it', () => {
  const relays = new RunningRelays(new ManualClock())
  const [running, ended, late] = [openRelay(), openRelay(), openRelay()]
  relays.add(running.relay)
  relays.add(ended.relay)
  relays.delete(ended.relay)

  assert.equal(relays.stop('restarting'), 1)
  relays.add(late.relay)

  assert.deepEqual([running.cuts, ended.cuts, late.cuts], [['restarting'], [], ['restarting']])
})

test('a reply is told once its time is over, and not before', () => {
  const clock = new ManualClock()
  const relays = new RunningRelays(clock)
  const { relay } = openRelay()
  let told = 0
  relays.add(relay, 1000, () => {
    told += 1
    relays.delete(relay)
  })

  clock.pass(999)
  assert.equal(told, 0)
  clock.pass(501)
  assert.equal(told, 1)
  clock.pass(5000)
  assert.equal(told, 1)
})
