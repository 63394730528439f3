import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueWords } from './value-words.ts'

test('a setting of many milliseconds or bytes is said in words beside its number, any other is not', () => {
  assert.equal(valueWords('sessionIdleMs', '43200000'), '12 h')
  assert.equal(valueWords('waitMaxMs', '2000'), '2 s')
  assert.equal(valueWords('waitMaxMs', '1500'), null)
  assert.equal(valueWords('drainMs', '0'), null)
  assert.match(valueWords('bodyBytesMax', '33554432') ?? '', /^33.6.MB$/)
  assert.equal(valueWords('adminPort', '4181'), null)
  assert.equal(valueWords('upstreamUrl', 'none'), null)
})
