import assert from 'node:assert/strict'
import test from 'node:test'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { nextTurn } from './next-turn.ts'
import { SlowLane } from './slow-lane.ts'

/** A piece that takes this long. */
type Bed = { readonly clock: ManualClock; readonly done: string[] }
const taking =
  ({ clock, done }: Bed, ms: number, name: string) =>
  async () => {
    clock.pass(ms)
    done.push(name)
  }

test('one piece at a time runs, and the next waits for a rest in proportion', async () => {
  const clock = new ManualClock()
  const lane = new SlowLane(clock, 0.25)
  const done: string[] = []

  const first = lane.piece(taking({ clock, done }, 10, 'first'))
  const second = lane.piece(taking({ clock, done }, 10, 'second'))
  await nextTurn()
  clock.pass(29)
  await nextTurn()
  const beforeItsTime = [...done]
  clock.pass(1)
  await first
  await nextTurn()
  clock.pass(30)
  await second

  assert.deepEqual(beforeItsTime, ['first'])
  assert.deepEqual(done, ['first', 'second'])
})

test('a piece that fails tells its own caller, and the next has its turn', async () => {
  const clock = new ManualClock()
  const lane = new SlowLane(clock, 0.5)
  const done: string[] = []

  const failing = lane.piece(async () => {
    throw new Error('unreadable')
  })
  const next = lane.piece(taking({ clock, done }, 1, 'next'))
  const refused = assert.rejects(failing, /unreadable/)
  await nextTurn()
  clock.pass(1)
  await refused
  await nextTurn()
  clock.pass(10)
  await next

  assert.deepEqual(done, ['next'])
})

test('a sleep of the machine in the middle of a piece is no reason for a long rest', async () => {
  const clock = new ManualClock()
  const lane = new SlowLane(clock, 0.25)
  const done: string[] = []

  const piece = lane.piece(taking({ clock, done }, 3_600_000, 'slept through'))
  await nextTurn()
  clock.pass(200)
  await piece

  assert.deepEqual(done, ['slept through'])
})
