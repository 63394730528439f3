import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dayOf,
  distance,
  localMoment,
  localMomentToTheSecond,
  momentWithDistance,
} from './moments.ts'

const at = (text: string): number => Date.parse(text)
const berlin = { nowMs: at('2026-03-28T12:00:00Z'), zone: 'Europe/Berlin' }

test('a moment is written for the clock of the reader, with as much of the date as is needed', () => {
  assert.equal(localMoment(at('2026-03-28T17:05:09Z'), berlin), '18:05')
  assert.equal(localMomentToTheSecond(at('2026-03-28T17:05:09Z'), berlin), '18:05:09')
  assert.equal(localMoment(at('2026-03-28T23:30:00Z'), berlin), 'Sun 29 Mar 00:30')
  assert.equal(localMoment(at('2025-12-31T22:30:00Z'), berlin), '31 Dec 2025 23:30')
  assert.equal(localMoment(at('2027-01-01T00:00:00Z'), berlin), '1 Jan 2027 01:00')
  assert.equal(dayOf(at('2026-03-28T23:30:00Z'), berlin), 'Sun 29 Mar 2026')
})

test('W3: a moment after the clocks change is written in the new offset, its distance in real time', () => {
  const afterChange = at('2026-03-29T10:00:00Z')

  assert.equal(
    momentWithDistance(afterChange, berlin).replaceAll('\u{a0}', ' '),
    'Sun 29 Mar 12:00 (in 22 h)',
  )
})

test('a distance rounds up ahead and down behind, and stays on one line', () => {
  const cases = [
    [0, 'now'],
    [1, 'in 1 s'],
    [59_001, 'in 1 min'],
    [60_001, 'in 2 min'],
    [3_540_001, 'in 1 h'],
    [11_520_000, 'in 3 h 12 min'],
    [90_000_000, 'in 1 d 1 h'],
    [172_800_000, 'in 2 d'],
    [-500, 'now'],
    [-119_999, '1 min ago'],
    [-7_200_000, '2 h ago'],
  ] as const

  for (const [ms, words] of cases) {
    assert.equal(distance(berlin.nowMs + ms, berlin.nowMs).replaceAll('\u{a0}', ' '), words)
    assert.ok(!distance(berlin.nowMs + ms, berlin.nowMs).includes(' '))
  }
})
