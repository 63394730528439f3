import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeAll } from './console-world.ts'

test('whatever a page did and whatever cannot be closed, everything is closed before the test fails', async () => {
  const closed: string[] = []
  const closing = ['server', 'browser', 'upstream'].map((name) => async () => {
    closed.push(name)
    if (name === 'browser') throw new Error('The browser is gone')
  })

  await assert.rejects(closeAll(closing, ['asked http://elsewhere']), /what the pages must not do/)
  await assert.rejects(closeAll(closing, []), /could not be closed/)
  await closeAll([], [])

  assert.deepEqual(closed, Array(2).fill(['upstream', 'browser', 'server']).flat())
})
