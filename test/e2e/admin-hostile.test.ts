import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAdminApi } from '../../src/admin/admin-api.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { openRaw, parseReply, requestBytes, type RawReply } from './raw-http.ts'

/** Requests that no client of ours would send: none opens what its credential does not. */
async function send(
  { admin }: AdminWorld,
  request: {
    readonly method?: string
    readonly path: string
    readonly headers?: readonly (readonly [string, string])[]
    readonly body?: string
  },
): Promise<RawReply> {
  const connection = await openRaw(admin.url)
  const bytes = requestBytes({
    method: 'GET',
    ...request,
    headers: [...(request.headers ?? []), ['Connection', 'close']],
  })
  // The page answers under its own host only.
  connection.write(
    Buffer.from(
      bytes.toString('latin1').replace('Host: gateway', `Host: ${new URL(admin.url).host}`),
      'latin1',
    ),
  )
  return parseReply(await connection.toEnd())
}

const bearer = (token: string) => [['authorization', `Bearer ${token}`]] as const

test('no way of writing a path leads past the credential', async () => {
  await using admin = await openAdminWorld()
  const { keyText } = admin.world.seat
  const position = admin.world.parts.storage.durablePosition
  const paths = [
    '//api/status',
    '/api//status',
    '/api/status/',
    '/api/./status',
    '/api/me/../status',
    '/api/me/%2e%2e/status',
    '/api/me%2f..%2fstatus',
    '/api/me/..%2fstatus',
    '/api/%73tatus',
    '/%61pi/status',
    '/API/status',
    '/api/status%00',
    '/api/status;x=1',
    '/api/status?token=plop_0',
    `/api/status?access_token=${admin.token}`,
    '/api/me/usage/../../customers/acme',
    '/api/customers/acme%2fmembers',
    '/assets/../../api/status',
    '/assets/%2e%2e/%2e%2e/operator-token',
    '/assets/..%2f..%2foperator-token',
    'http://elsewhere/api/status',
    '/api/me\\..\\status',
  ]
  for (const path of paths) {
    for (const headers of [[], bearer(keyText)]) {
      const { status, body } = await send(admin, { path, headers })

      assert.ok([400, 401, 403, 404].includes(status), `${path}: ${status}`)
      assert.ok(!body.includes(admin.token) && !body.includes('bootId'), path)
    }
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test('no method opens or changes anything without its credential, and none repeats what was sent', async () => {
  await using admin = await openAdminWorld()
  const position = admin.world.parts.storage.durablePosition
  const paths = new Set(
    createAdminApi(admin.apiParts, [])
      .routes.filter(({ path }) => path.startsWith('/api/') && !path.includes('*'))
      .map(({ path }) => path.replaceAll(/:(\w+)/g, 'some-$1')),
  )
  assert.ok(paths.size > 20)
  for (const path of paths) {
    for (const method of ['TRACE', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'PROPFIND']) {
      const { status, body, header } = await send(admin, {
        method,
        path,
        headers: [['x-secret', 'the-secret']],
      })

      // Whether anybody is signed in may be asked by everybody.
      const isOpen = method === 'HEAD' && path === '/api/session'
      assert.ok(isOpen || (status >= 400 && status < 500), `${method} ${path}: ${status}`)
      assert.ok(!body.includes('the-secret'), `${method} ${path}`)
      assert.equal(header('access-control-allow-origin'), undefined)
    }
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test('what a page of another site can send without being asked changes nothing', async () => {
  await using admin = await openAdminWorld()
  const position = admin.world.parts.storage.durablePosition
  const path = '/api/customers/acme/extra-usage'
  const simple = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ]
  for (const contentType of [...simple, 'application/jsonp', 'text/plain; application/json', '']) {
    const { status } = await send(admin, {
      method: 'POST',
      path,
      headers: [...bearer(admin.token), ['content-type', contentType], ['idempotency-key', 'k']],
      body: '{"isOn":true}',
    })

    assert.equal(status, 415, contentType)
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test('JSON that is huge or deep is refused, and the server goes on', async () => {
  await using admin = await openAdminWorld()
  const bodies: readonly (readonly [string, number])[] = [
    [`{"isOn":${'['.repeat(250_000)}${']'.repeat(250_000)}}`, 400],
    [`{"isOn":${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}}`, 400],
    [`{"isOn":true,"pad":"${'x'.repeat(600_000)}"}`, 413],
    ['{"isOn":true,"isOn":false}', 400],
    ['{"__proto__":{"isOn":true}}', 400],
    [`{"isOn":${'9'.repeat(400_000)}}`, 400],
  ]
  for (const [text, status] of bodies) {
    const answered = await admin.call('POST', '/api/customers/acme/extra-usage', { text })

    assert.equal(answered.status, status, text.slice(0, 40))
  }
  assert.equal((await admin.call('GET', '/api/status')).status, 200)
})

test('hundreds of wrong operator tokens open nothing and shut nobody out', async () => {
  await using admin = await openAdminWorld()
  const guesses = Array.from({ length: 500 }, (_, i) => `plop_${String(i).padStart(64, '0')}`)
  for (const token of [
    ...guesses,
    admin.token.slice(0, -1),
    `${admin.token}0`,
    admin.token.toUpperCase(),
  ]) {
    assert.equal((await admin.call('GET', '/api/status', { token })).status, 401)
  }

  assert.equal((await admin.call('GET', '/api/status')).status, 200)
})

test('asking for the head of what stays open, or is long, takes nobody a place', async () => {
  await using admin = await openAdminWorld()
  const own = { token: admin.world.seat.keyText }
  const headers = { authorization: `Bearer ${own.token}` }
  const head = (path: string) => fetch(admin.admin.url + path, { method: 'HEAD', headers })

  for (let count = 0; count < 20; count += 1) {
    assert.equal((await head('/api/me/events')).status, 200, `stream ${count}`)
    assert.equal((await head('/api/me/history/file')).status, 200, `file ${count}`)
  }
  assert.equal(admin.admin.isWatched(), false)
  const { status, text } = await admin.call('GET', '/api/me/history/file', own)

  assert.equal(status, 200, text)
})
