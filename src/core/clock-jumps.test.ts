import assert from 'node:assert/strict'
import { test } from 'node:test'
import { correctedMs, jumpsLeft, reachBack, undoableJumps, undoMaxMs } from './clock-jumps.ts'

const day = 24 * 60 * 60 * 1000
const jump = (fromMs: number, toMs: number) => ({ fromMs, toMs })

test('a jump can be undone for fourteen days, and stands from then on', () => {
  assert.equal(undoMaxMs, 14 * day)
  const jumps = [jump(100 * day, 200 * day)]

  assert.deepEqual(undoableJumps(jumps, 200 * day), jumps)
  assert.deepEqual(undoableJumps(jumps, 214 * day - 1), jumps)
  assert.deepEqual(undoableJumps(jumps, 214 * day), [])
})

test('what later jumps passed over does not count against the fourteen days of an earlier one', () => {
  const first = jump(100 * day, 200 * day)
  const second = jump(210 * day, 300 * day)

  // Ten days passed before the second jump, and three after it.
  assert.deepEqual(undoableJumps([first, second], 303 * day), [first, second])
  // Fourteen after the first is four after the second.
  assert.deepEqual(undoableJumps([first, second], 304 * day), [second])
})

test('a wrong jump is undone to wall time', () => {
  const jumps = [jump(100 * day, 200 * day)]

  assert.equal(correctedMs(jumps, { nowMs: 201 * day, wallMs: 101 * day }), 101 * day)
  assert.equal(correctedMs(jumps, { nowMs: 201 * day, wallMs: 102.5 * day + 0.7 }), 102.5 * day)
})

test('a correction never goes behind the jump, nor behind the time that passed since', () => {
  const jumps = [jump(100 * day, 200 * day)]

  assert.equal(correctedMs(jumps, { nowMs: 200 * day, wallMs: 7 * day }), 100 * day)
  // Two days passed since the jump, so at least two days after it.
  assert.equal(correctedMs(jumps, { nowMs: 202 * day, wallMs: 101 * day }), 102 * day)
})

test('only the jumps that went past wall time are undone, all of them at once', () => {
  const right = jump(10 * day, 20 * day)
  const wrong = jump(25 * day, 100 * day)
  const worse = jump(101 * day, 300 * day)

  // The first one is right and stays: wall time is past where it went.
  assert.equal(correctedMs([right, wrong, worse], { nowMs: 301 * day, wallMs: 28 * day }), 28 * day)
  // Behind the first of them that is undone the clock does not go.
  assert.equal(correctedMs([right, wrong, worse], { nowMs: 301 * day, wallMs: 22 * day }), 27 * day)
  assert.equal(correctedMs([wrong], { nowMs: 100 * day, wallMs: 100 * day }), undefined)
  // One that went exactly to wall time is right as well.
  const exact = jump(10 * day, 24 * day)
  assert.equal(correctedMs([exact, wrong], { nowMs: 100 * day, wallMs: 24 * day }), 25 * day)
})

test('there is nothing to correct without a jump, after its time, or where the clock would not go back', () => {
  const jumps = [jump(100 * day, 200 * day)]

  assert.equal(correctedMs([], { nowMs: 200 * day, wallMs: day }), undefined)
  assert.equal(correctedMs(jumps, { nowMs: 214 * day, wallMs: 101 * day }), undefined)
  assert.equal(correctedMs(jumps, { nowMs: 200 * day, wallMs: 200 * day }), undefined)
  assert.equal(correctedMs(jumps, { nowMs: 200 * day, wallMs: 250 * day }), undefined)
  // A jump of no length has nothing to give back.
  assert.equal(
    correctedMs([jump(200 * day, 200 * day)], { nowMs: 200 * day, wallMs: day }),
    undefined,
  )
})

test('a correction reaches back to the first jump that can be undone, until the last one stands', () => {
  const first = jump(100 * day, 200 * day)
  const second = jump(205 * day, 300 * day)

  assert.equal(reachBack([], 0), undefined)
  assert.equal(reachBack([first], 214 * day), undefined)
  assert.deepEqual(reachBack([first], 201 * day), { sinceMs: 101 * day, untilMs: 114 * day })
  assert.deepEqual(reachBack([first, second], 301 * day), {
    sinceMs: 106 * day,
    untilMs: 219 * day,
  })
  // The order of their starts does not matter: one after a correction may begin before an earlier one.
  assert.deepEqual(reachBack([second, jump(150 * day, 301 * day)], 301 * day), {
    sinceMs: 150 * day,
    untilMs: 219 * day,
  })
})

test('a correction undoes the latest jumps first, and leaves of one what it has not gone back', () => {
  const [first, second] = [jump(10 * day, 20 * day), jump(25 * day, 100 * day)]

  // Forty-one of the seventy-five days of the second, to a clock that was wrong itself.
  assert.deepEqual(jumpsLeft([first, second], { fromMs: 101 * day, toMs: 60 * day }), [
    first,
    jump(25 * day, 59 * day),
  ])
  // All of the second and four days of the first.
  const back = { fromMs: 101 * day, toMs: 22 * day }
  assert.deepEqual(jumpsLeft([first, second], back), [jump(10 * day, 16 * day)])
  assert.deepEqual(jumpsLeft([first, second], { fromMs: 101 * day, toMs: 16 * day }), [])
  assert.deepEqual(jumpsLeft([first], { fromMs: 61 * day, toMs: 51 * day }), [])
  assert.deepEqual(jumpsLeft([], { fromMs: 61 * day, toMs: 51 * day }), [])
})

test('what is left of a jump is undone by the next correction, and all of them go back as far as the jump went', () => {
  const wrong = jump(100 * day, 110 * day)
  const firstBack = { fromMs: 110.5 * day, toMs: 104 * day }
  const left = jumpsLeft([wrong], firstBack)

  const toMs = correctedMs(left, { nowMs: 104.25 * day, wallMs: 100.75 * day })

  assert.equal(toMs, 100.75 * day)
  assert.deepEqual(jumpsLeft(left, { fromMs: 104.25 * day, toMs: 100.75 * day }), [])
})

test('a few minutes that are left of a jump are drift and no jump', () => {
  const minute = 60_000
  const wrong = jump(100 * day, 200 * day)
  const leaving = (restMs: number) =>
    jumpsLeft([wrong], { fromMs: 201 * day, toMs: 101 * day + restMs })

  assert.deepEqual(leaving(5 * minute), [jump(100 * day, 100 * day + 5 * minute)])
  assert.deepEqual(leaving(5 * minute - 1), [])
})

test('a jump that went exactly to where a correction goes stays when those behind it are enough', () => {
  const [right, wrong] = [jump(10 * day, 20 * day), jump(22 * day, 100 * day)]

  assert.deepEqual(jumpsLeft([right, wrong], { fromMs: 101 * day, toMs: 23 * day }), [right])
  assert.deepEqual(jumpsLeft([right, wrong], { fromMs: 98 * day, toMs: 20 * day }), [right])
})

test('no jump is left that ends past where a correction goes', () => {
  const [first, second] = [jump(10 * day, 100 * day), jump(95 * day, 101 * day)]

  assert.deepEqual(jumpsLeft([first, second], { fromMs: 102 * day, toMs: 97 * day }), [
    jump(95 * day, 96 * day),
  ])
})
