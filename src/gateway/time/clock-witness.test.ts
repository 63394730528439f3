import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import type { ReplyHead } from '../reply/upstream.ts'
import { createClockWitness } from './clock-witness.ts'

const dateMs = Date.UTC(2026, 10, 22, 12)

function listen() {
  const clock = new ManualClock(dateMs)
  const heard: number[] = []
  const storage = { corroborateClock: (atMs: number) => void heard.push(atMs) }
  // The other parts are never asked.
  const parts = { clock, storage } as unknown as Parameters<typeof createClockWitness>[0]
  const witness = createClockWitness(parts)
  const say = (...rawHeaders: string[]): void =>
    witness({ status: 200, rawHeaders } as unknown as ReplyHead)
  return { clock, heard, say }
}

const date = new Date(dateMs).toUTCString()

test('W3: the date of an answer is told, at most every ten seconds', () => {
  const { clock, heard, say } = listen()

  say('Date', date)
  say('Date', date)
  clock.pass(10_000)
  say('date', date)

  assert.deepEqual(heard, [dateMs, dateMs])
})

test('W3: a cached answer says how old its date is, and that is added', () => {
  const { heard, say } = listen()

  say('date', date, 'age', '3600')

  assert.deepEqual(heard, [dateMs + 3_600_000])
})

test('W3: an answer without a date, or with nonsense, tells nothing and costs no turn', () => {
  const { clock, heard, say } = listen()

  say('server', 'x')
  say('date', 'yesterday')
  say('date', date, 'age', 'a while')
  clock.pass(10_000)
  say('date', date, 'age', '-5')

  assert.deepEqual(heard, [dateMs, dateMs])
})
