import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilUnwatched } from './until-unwatched.ts'

test('the story ends after ten checks in a row that found nobody looking', async () => {
  const due: (() => void)[] = []
  const clock = {
    wallMs: () => 0,
    elapsedMs: () => 0,
    after: (_delayMs: number, callback: () => void) => {
      due.push(callback)
      return () => {}
    },
  }
  let viewers = 0
  let isEnded = false
  const ended = untilUnwatched(clock, () => viewers).then(() => (isEnded = true))
  const check = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += 1) due.shift()?.()
    await Promise.resolve()
  }

  await check(9)
  viewers = 1
  await check(1)
  viewers = 0
  await check(9)
  assert.equal(isEnded, false)
  await check(1)
  await ended

  assert.equal(isEnded, true)
})
