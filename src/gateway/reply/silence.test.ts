import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { Silence } from './silence.ts'

function listen(): { clock: ManualClock; silence: Silence; told: number[] } {
  const clock = new ManualClock()
  const told: number[] = []
  return { clock, told, silence: new Silence(clock, (maxMs) => told.push(maxMs)) }
}

test('silence is told once, when nothing was heard for so long', () => {
  const { clock, silence, told } = listen()

  silence.allow(1000)
  clock.pass(999)
  assert.deepEqual(told, [])
  clock.pass(1)
  clock.pass(5000)

  assert.deepEqual(told, [1000])
})

test('whatever is heard begins the silence anew', () => {
  const { clock, silence, told } = listen()

  silence.allow(1000)
  for (let heard = 0; heard < 5; heard += 1) {
    clock.pass(900)
    silence.heard()
  }
  assert.deepEqual(told, [])
  clock.pass(1000)

  assert.deepEqual(told, [1000])
})

test('while nobody listens no silence counts', () => {
  const { clock, silence, told } = listen()

  silence.allow(1000)
  silence.pause()
  clock.pass(60_000)
  silence.resume()
  clock.pass(999)
  assert.deepEqual(told, [])
  clock.pass(1)

  assert.deepEqual(told, [1000])
})

test('a sleep of the machine is nobody’s silence', () => {
  const { clock, silence, told } = listen()

  silence.allow(10_000)
  clock.pass(3_600_000)
  assert.deepEqual(told, [])
  clock.pass(10_000)

  assert.deepEqual(told, [10_000])
})

test('after its end, and under a new bound, the old bound says nothing', () => {
  const { clock, silence, told } = listen()

  silence.allow(1000)
  silence.allow(3000)
  clock.pass(2000)
  assert.deepEqual(told, [])
  silence.stop()
  clock.pass(9000)

  assert.deepEqual(told, [])
})
