import assert from 'node:assert/strict'
import test from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { operationId } from '../../core/ids.ts'
import { FirstAnswers } from './first-answers.ts'

const command = (actor: string, name: string) => ({
  actor,
  operationId: operationId(`${actor}:${name}`),
})
const key = command('operator', 'one')
const dayMs = 24 * 3_600_000

/** Work that counts how often it is done. */
function counting(): { count: number; work: () => Promise<number> } {
  const counted = { count: 0, work: async () => (counted.count += 1) }
  return counted
}

test('a repeat gets the first answer for a day, and is another command after that', async () => {
  const clock = new ManualClock()
  const firsts = new FirstAnswers({ clock })
  const { work } = counting()

  const first = await firsts.once(key, { text: 'a' }, work)
  clock.pass(dayMs - 1)
  const again = await firsts.once(key, { text: 'a' }, work)
  clock.pass(1)
  const later = await firsts.once(key, { text: 'a' }, work)

  assert.deepEqual([first, again, later], [1, 1, 2])
})

test('a command that failed can be sent again, unless it may have been done', async () => {
  const failing = (text: string) => () => Promise.reject<number>(new Error(text))
  const firsts = new FirstAnswers(
    { clock: new ManualClock() },
    (failure) => failure instanceof Error && failure.message === 'no answer',
  )
  const { work } = counting()

  await assert.rejects(firsts.once(key, {}, failing('away')), /away/)
  assert.equal(await firsts.once(key, {}, work), 1)
  const other = command('operator', 'two')
  await assert.rejects(firsts.once(other, {}, failing('no answer')), /no answer/)
  await assert.rejects(firsts.once(other, {}, work), /no answer/)
})

test('however many commands there are, no more than five thousand answers are kept', async () => {
  const firsts = new FirstAnswers({ clock: new ManualClock() })
  const counted = counting()

  await firsts.once(key, {}, counted.work)
  for (let index = 0; index < 5000; index += 1)
    await firsts.once(command('operator', `n${index}`), {}, async () => index)
  await firsts.once(key, {}, counted.work)

  assert.equal(counted.count, 2)
})

test('whoever sends thousands of commands pushes out its own first answers, and nobody else’s', async () => {
  const firsts = new FirstAnswers({ clock: new ManualClock() })
  const ada = counting()
  const mallory = counting()

  await firsts.once(command('key:ada', 'one'), {}, ada.work)
  for (let index = 0; index < 12_000; index += 1)
    await firsts.once(command(`key:m${index % 3}`, `n${index}`), {}, mallory.work)
  const again = await firsts.once(command('key:ada', 'one'), {}, ada.work)
  await firsts.once(command('key:m0', 'n0'), {}, mallory.work)

  assert.deepEqual([again, ada.count, mallory.count], [1, 1, 12_001])
})

test('the longer first answers are, the fewer are kept: whose are longest lose theirs, and nobody else', async () => {
  const firsts = new FirstAnswers({ clock: new ManualClock() })
  const long = 'x'.repeat(256 * 1024)
  const ada = counting()
  const sent: number[] = []
  const send = (index: number) =>
    firsts.once(command('key:mallory', `n${index}`), {}, async () => {
      sent.push(index)
      return { text: long }
    })

  await firsts.once(command('key:ada', 'one'), {}, ada.work)
  for (let index = 0; index < 40; index += 1) await send(index)
  await firsts.once(command('key:ada', 'one'), {}, ada.work)
  for (let index = 39; index > 0; index -= 1) await send(index)

  assert.equal(ada.count, 1)
  const again = sent.slice(40)
  // 19 of them are just under five thousand kilobytes; each that is sent anew takes the place of the oldest.
  assert.deepEqual(
    again,
    Array.from({ length: 20 }, (_, index) => 20 - index),
  )
})

test('an answer that is long and the only one is kept all the same', async () => {
  const firsts = new FirstAnswers({ clock: new ManualClock() })
  let count = 0
  const send = () =>
    firsts.once(key, {}, async () => {
      count += 1
      return 'x'.repeat(6 * 1024 * 1024)
    })

  await send()
  await send()

  assert.equal(count, 1)
})
