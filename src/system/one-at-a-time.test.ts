import assert from 'node:assert/strict'
import test from 'node:test'
import { OneAtATime } from './one-at-a-time.ts'

test('work under one name runs one after another, also after a failure; another name does not wait', async () => {
  const turns = new OneAtATime()
  const told: string[] = []
  const first = Promise.withResolvers<void>()

  const running = [
    turns.run('ann', () => first.promise).catch(() => told.push('failed')),
    turns.run('ann', () => Promise.resolve(told.push('second'))),
    turns.run('ann', () => Promise.resolve(told.push('third'))),
  ]
  await turns.run('bob', () => Promise.resolve(told.push('bob')))
  assert.deepEqual(told, ['bob'])
  first.reject(new Error('it went wrong'))
  await Promise.all(running)

  assert.deepEqual(told.toSorted(), ['bob', 'failed', 'second', 'third'])
  assert.ok(told.indexOf('second') < told.indexOf('third'))
})
