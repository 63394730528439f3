import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathSlipOf, routeOf } from './route.ts'

test('a path is matched without its query string', () => {
  assert.equal(routeOf('POST', '/v1/messages?beta=true'), 'messages')
  assert.equal(routeOf('POST', '/v1/messages'), 'messages')
  assert.equal(routeOf('POST', '/v1/messages/count_tokens?beta=true'), 'count_tokens')
  assert.equal(routeOf('GET', '/v1/models?limit=1000'), 'models')
  assert.equal(routeOf('GET', '/v1/models/claude-opus-5-5'), 'models')
  assert.equal(routeOf('HEAD', '/'), 'probe')
  assert.equal(routeOf('HEAD', '/api/hello'), 'probe')
})

test('a path that is not metered is unknown, however it is dressed up', () => {
  const dressedUp: readonly (readonly [string, string])[] = [
    ['GET', '/v1/messages'],
    ['POST', '/v1/messages/'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1//messages'],
    ['POST', '/V1/messages'],
    ['POST', '/v1/complete'],
    ['POST', 'http://elsewhere/v1/messages'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/..'],
    ['GET', '/v1/models/%2e%2e'],
    ['GET', '/v1/models/a%2Fb'],
    ['GET', '/v1/models/a/../../files'],
    ['GET', '/v1/models/../messages/batches'],
    ['DELETE', '/v1/models/a'],
    ['POST', '/v1/files'],
    ['GET', '/'],
    ['GET', '/api/hello'],
  ]
  for (const [method, url] of dressedUp) {
    assert.equal(routeOf(method, url), 'unknown', `${method} ${url}`)
  }
})

test('a base address with /v1 at its end and a browser are told apart from other wrong paths', () => {
  assert.equal(pathSlipOf('POST', '/v1/v1/messages?beta=true'), 'version_twice')
  assert.equal(pathSlipOf('GET', '/'), 'browser')
  assert.equal(pathSlipOf('POST', '/'), undefined)
  assert.equal(pathSlipOf('POST', '/v1/files'), undefined)
})
