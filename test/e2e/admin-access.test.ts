import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAdminApi } from '../../src/admin/admin-api.ts'
import {
  ensureOperatorToken,
  operatorTokenSecret,
  readOperatorToken,
  sha256Hex,
} from '../../src/admin/callers/operator-token.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { planId } from '../../src/core/ids.ts'
import { systemRandom } from '../../src/system/random.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { callWithHost, openAdminWorld, type AdminWorld } from './admin-world.ts'
import { sessionPlan } from './world.ts'

/** Every address of the API with its method, as the server itself knows them. */
function addresses({ apiParts }: AdminWorld): readonly (readonly [string, string])[] {
  return (
    createAdminApi(apiParts, [])
      .routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
      // Coming in needs no credential: `sign-in.test.ts` has what it needs in its place.
      .filter(({ path }) => !/^\/api\/session(?:$|\/)/.test(path))
      .map(({ method, path }) => [method, path.replaceAll(/:(\w+)/g, 'some-$1')] as const)
  )
}

test('nothing is answered without a credential, or with one that is not known', async () => {
  await using admin = await openAdminWorld()
  const position = admin.world.parts.storage.durablePosition

  const all = addresses(admin)

  assert.ok(all.length >= 30, `${all.length} addresses`)
  for (const [method, path] of all) {
    for (const token of [null, 'plop_wrong', `plim_${'a'.repeat(32)}`, `${admin.token}x`]) {
      const { status, json } = await admin.call(method, path, { token })
      assert.equal(status, 401, `${method} ${path} with ${token}`)
      assert.match(json.error.remedy, /.+/)
    }
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test("a member's key opens nothing of the operator's, and the operator's token nothing of a member's", async () => {
  await using admin = await openAdminWorld()
  const { keyText } = admin.world.seat
  const position = admin.world.parts.storage.durablePosition

  for (const [method, path] of addresses(admin)) {
    const isMembers = path.startsWith('/api/me/')
    const isAccounts = /^\/api\/account(?:$|\/)/.test(path)
    const { status, json } = await admin.call(method, path, {
      token: isMembers ? admin.token : keyText,
    })
    assert.equal(status, 403, `${method} ${path}`)
    const code = isAccounts ? 'accounts_only' : isMembers ? 'members_only' : 'operator_only'
    assert.equal(json.error.code, code)
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test("a member sees its own usage, history and decisions, and nobody else's", async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  const other = await world.addSeat('bob')
  await world.turnOnExtraUsage(5n * nanosPerUnit)
  const decisionId = (await admin.ask()).headers.get('x-plimsoll-decision') ?? ''

  const own = await admin.call('GET', '/api/me/usage', { token: world.seat.keyText })
  const others = await admin.call('GET', '/api/me/usage', { token: other.keyText })
  const explained = await admin.call('GET', `/api/me/decisions/${decisionId}`, {
    token: world.seat.keyText,
  })
  const denied = await admin.call('GET', `/api/me/decisions/${decisionId}`, {
    token: other.keyText,
  })

  assert.equal(own.json.figures.limits[0].used, '4500000')
  assert.equal(own.json.figures.extraUsage.balanceNanos, '5000000000')
  assert.equal(others.json.figures.limits[0].used, '0')
  assert.equal(explained.json.isConfirmed, true)
  assert.equal(denied.status, 404)
  assert.equal(denied.json.error.code, 'decision_unknown')
})

test("what other members spent is in a member's sums, and not in its sight", async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  // A limit of zero admits nothing, so all that eve does is extra usage of the shared wallet.
  const eve = await world.addSeat('eve', { plan: sessionPlan(0n, { id: planId('zero') }) })
  await world.turnOnExtraUsage(5n * nanosPerUnit)
  await admin.ask(eve)
  const decisionId = (await admin.ask()).headers.get('x-plimsoll-decision') ?? ''
  await admin.ask(eve)

  const token = world.seat.keyText
  const history = await admin.call('GET', '/api/me/history', { token })
  const explained = await admin.call('GET', `/api/me/decisions/${decisionId}`, { token })

  const kinds = history.json.lines.map((line: { kind: string }) => line.kind)
  assert.equal(history.json.addsUp, true)
  assert.equal(kinds.filter((kind: string) => kind === 'other_members').length, 2)
  assert.equal(history.json.closingNanos, String(5n * nanosPerUnit - 2n * 4_500_000n))
  assert.ok(explained.json.entries.some((entry: { body: unknown }) => entry.body === null))
  for (const { text } of [history, explained]) assert.ok(!text.includes('eve'), text)
})

test('a revoked key is refused at once, and its open page is told within a heartbeat', async () => {
  const clock = new ManualClock()
  await using admin = await openAdminWorld({ clock })
  const { seat } = admin.world
  const events = await fetch(`${admin.admin.url}/api/me/events`, {
    headers: { authorization: `Bearer ${seat.keyText}` },
  })
  const reader = events.body?.getReader()
  await reader?.read()
  const { keys } = (await admin.call('GET', '/api/customers/acme/keys')).json

  const revoked = await admin.call('POST', `/api/customers/acme/keys/${keys[0].keyId}/revoke`)

  assert.equal(revoked.status, 200)
  assert.equal((await admin.call('GET', '/api/me/usage', { token: seat.keyText })).status, 401)
  clock.pass(15_000)
  let end = await reader?.read()
  while (end?.done === false) end = await reader?.read()
  assert.equal(end?.done, true)
})

test('an event says that an account changed, only to its own customer, and gathers bursts', async () => {
  const clock = new ManualClock()
  await using admin = await openAdminWorld({ clock })
  const { world } = admin
  const stranger = await world.addSeat('zoe', { customer: 'other' })
  const [own, others] = await Promise.all([
    listen(admin, world.seat.keyText),
    listen(admin, stranger.keyText),
  ])
  const before = world.parts.storage.durablePosition

  for (let index = 0; index < 5; index++) await admin.ask()
  clock.pass(250)
  const position = await own.next()
  await admin.call('POST', '/api/customers/other/extra-usage', { body: { isOn: true } })

  assert.ok(position > before)
  assert.equal(await others.next(), world.parts.storage.durablePosition)
  assert.ok(own.count < 5 + 2, `${own.count} events`)
  await Promise.all([own.close(), others.close()])
})

/** The positions that an event stream tells, one by one; the first event, which opens it, is read. */
async function listen(admin: AdminWorld, token: string) {
  const leaving = new AbortController()
  const response = await fetch(`${admin.admin.url}/api/me/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const heard = {
    count: 0,
    async next(): Promise<number> {
      for (;;) {
        const { value = '', done } = (await reader?.read()) ?? { done: true }
        const positions = [...value.matchAll(/"position":(\d+)/g)].map(([, digits]) =>
          Number(digits),
        )
        heard.count += positions.length
        const last = positions.at(-1)
        if (last !== undefined || done) return last ?? NaN
      }
    },
    close: async (): Promise<void> => {
      leaving.abort()
      await reader?.cancel().catch(() => {})
    },
  }
  await heard.next()
  return heard
}

test('only so many pages of one member may listen', async () => {
  await using admin = await openAdminWorld()
  const token = admin.world.seat.keyText
  const streams = await Promise.all(Array.from({ length: 16 }, () => listen(admin, token)))

  const refused = await admin.call('GET', '/api/me/events', { token })

  assert.equal(refused.status, 429)
  assert.equal(refused.json.error.code, 'too_many_streams')
  await Promise.all(streams.map((stream) => stream.close()))
})

test('a host name that was pointed here is refused, own names are answered', async () => {
  await using admin = await openAdminWorld()
  const { port } = admin.admin
  const url = `http://127.0.0.1:${port}/`
  const cases = [
    [`127.0.0.1:${port}`, 200],
    [`localhost:${port}`, 200],
    [`[::1]:${port}`, 200],
    ['plimsoll.example', 200],
    [`PLIMSOLL.example:${port}`, 200],
    [`evil.example:${port}`, 421],
    ['127.0.0.1.evil.example', 421],
    [`127.0.0.1:${port + 1}`, 421],
  ] as const

  for (const [host, expected] of cases) {
    assert.equal((await callWithHost(url, { host })).status, expected, host)
  }
  const api = await callWithHost(`${url}api/status`, {
    host: 'evil.example',
    authorization: `Bearer ${admin.token}`,
  })
  assert.equal(api.status, 421)
})

test("another site's page can neither send a command nor read an answer", async () => {
  await using admin = await openAdminWorld()
  const path = '/api/customers/acme/extra-usage'
  const own = { origin: admin.admin.url }
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${admin.admin.url}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]

  for (const headers of foreign) {
    const { status, json } = await admin.call('POST', path, { headers, body: { isOn: true } })
    assert.equal(status, 403, JSON.stringify(headers))
    assert.equal(json.error.code, 'cross_site')
    assert.equal((await admin.call('GET', '/api/status', { headers })).status, 403)
  }
  const allowed = await admin.call('POST', path, { headers: own, body: { isOn: true } })
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers.get('access-control-allow-origin'), null)
  const preflight = await fetch(admin.admin.url + path, { method: 'OPTIONS', headers: own })
  assert.equal(preflight.headers.get('access-control-allow-origin'), null)
  await preflight.arrayBuffer()
})

test('pages come with a policy that lets nothing from elsewhere in', async () => {
  await using admin = await openAdminWorld({
    mounts: [{ path: '/story', answer: () => new Response('the story') }],
  })

  const page = await admin.call('GET', '/', { token: null })
  const story = await admin.call('GET', '/story', { token: null })
  const files = [...page.text.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, path]) => path)

  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.ok(!/unsafe|https?:/.test(policy), policy)
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
  assert.ok(!/https?:\/\//.test(page.text), 'the page names another host')
  assert.equal(story.text, 'the story')
  assert.ok(files.length >= 2)
  for (const file of files) {
    assert.equal((await admin.call('GET', String(file), { token: null })).status, 200, file ?? '')
  }
  assert.equal((await admin.call('GET', '/assets/../.sources', { token: null })).status, 404)
})

test('the operator token is made once, readable by its owner, and only its digest is kept', async () => {
  await using admin = await openAdminWorld()
  const { storage } = admin.world.parts
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-token-'))
  const path = join(folder, 'operator-token')
  const make = () => ensureOperatorToken({ storage, random: systemRandom }, folder)

  const digest = await make()
  const text = readFileSync(path, 'utf8').trim()

  assert.equal(digest, sha256Hex(text))
  assert.equal(await readOperatorToken(folder), text)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(await make(), digest)
  // Moved away by a careful operator: the token still counts, and is not written again.
  rmSync(path)
  assert.equal(await make(), digest)
  assert.deepEqual(readdirSync(folder), [])
  // A crash between keeping the digest and naming the file is finished by the next start.
  writeFileSync(path, text)
  renameSync(path, `${path}.new`)
  assert.equal(await make(), digest)
  assert.equal(readFileSync(path, 'utf8'), text)
  // So is one that ends while a new token takes its place: before its digest is kept the old one stays, after it the new.
  const fresh = `plop_${'1'.repeat(64)}`
  writeFileSync(`${path}.new`, fresh)
  assert.equal(await make(), digest)
  assert.equal(await readOperatorToken(folder), text)
  writeFileSync(`${path}.new`, fresh)
  await storage.replaceSecret(operatorTokenSecret, sha256Hex(fresh))
  assert.equal(await make(), sha256Hex(fresh))
  assert.equal(await readOperatorToken(folder), fresh)
  assert.deepEqual(readdirSync(folder), ['operator-token'])
  rmSync(folder, { recursive: true })
})

test("a command counts under the key of its caller, so nobody can take up another caller's", async () => {
  await using admin = await openAdminWorld()
  const token = admin.world.seat.keyText

  const members = await admin.call('POST', '/api/me/extra-usage', {
    token,
    key: 'same',
    body: { isOn: false },
  })
  const operators = await admin.call('POST', '/api/customers/acme/extra-usage', {
    key: 'same',
    body: { isOn: true },
  })

  assert.equal(members.status, 200)
  assert.equal(operators.status, 200)
  const entries = await admin.world.parts.storage.entries({
    customerId: admin.world.seat.customerId,
  })
  const actors = entries
    .filter(({ body }) => body.kind === 'extra_usage_set')
    .map(({ actor }) => actor)
  assert.equal(actors.length, 2)
  assert.match(String(actors[0]), /^key:key_/)
  assert.equal(actors[1], 'operator')
})
