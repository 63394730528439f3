import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, countdown, span } from './time.ts'

/** Spans of time in words that send nobody too early. */

const minuteMs = 60_000
const hourMs = 60 * minuteMs

test('a countdown rounds up, so that nobody comes too early', () => {
  const told = [
    [0, 'in 0 s'],
    [400, 'in 1 s'],
    [59_001, 'in 1 min'],
    [3 * hourMs + 11 * minuteMs + 1, 'in 3 h 12 min'],
    [2 * 24 * hourMs, 'in 2 d'],
    [-5000, 'in 0 s'],
  ] as const

  assert.deepEqual(
    told.map(([ms]) => countdown(1_000_000 + ms, 1_000_000)),
    told.map(([, words]) => words),
  )
})

test('what is past rounds down', () => {
  assert.equal(ago(0, 400), 'just now')
  assert.equal(ago(0, 59_900), '59 s ago')
  assert.equal(ago(0, 119_000), '1 min ago')
})

test('minutes that round up to an hour are told as one', () => {
  assert.equal(span(3599), '1 h')
  assert.equal(span(24 * 3600 - 1), '1 d')
})
