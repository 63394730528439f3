import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCallerKey } from './caller-key.ts'

const key = 'plim_0123456789abcdef0123456789abcdef'

test('a key is read from x-api-key, from a bearer, or from both when they are equal', () => {
  const found = { kind: 'key', keyText: key, isOauthStyle: false }

  assert.deepEqual(readCallerKey(['X-API-Key', key]), found)
  assert.deepEqual(readCallerKey(['authorization', `Bearer ${key}`]), found)
  assert.deepEqual(readCallerKey(['Authorization', `bearer  ${key} `]), found)
  assert.deepEqual(readCallerKey(['x-api-key', key, 'Authorization', `Bearer ${key}`]), found)
})

test('two different credentials are conflicting, and none is missing', () => {
  const other = `${key}x`

  assert.equal(readCallerKey(['x-api-key', key, 'x-api-key', other]).kind, 'conflicting')
  assert.equal(
    readCallerKey(['x-api-key', key, 'authorization', `Bearer ${other}`]).kind,
    'conflicting',
  )
  assert.equal(readCallerKey(['x-api-key', key, 'authorization', 'Basic abc']).kind, 'conflicting')
  assert.equal(readCallerKey(['x-api-key', '  ', 'authorization', '']).kind, 'missing')
  assert.equal(readCallerKey([]).kind, 'missing')
})

test('a bearer with an oauth beta is OAuth style; an api key with one is not', () => {
  const bearer = ['authorization', `Bearer ${key}`]
  const beta = ['anthropic-beta', 'claude-code-20250219, oauth-2025-04-20']

  assert.deepEqual(readCallerKey([...bearer, ...beta]), {
    kind: 'key',
    keyText: key,
    isOauthStyle: true,
  })
  assert.deepEqual(readCallerKey(['x-api-key', key, ...beta]), {
    kind: 'key',
    keyText: key,
    isOauthStyle: false,
  })
  assert.deepEqual(readCallerKey([...bearer, 'anthropic-beta', 'not-oauth-1']), {
    kind: 'key',
    keyText: key,
    isOauthStyle: false,
  })
})
