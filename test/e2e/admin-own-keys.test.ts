import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { issueOwnKey, listOwnKeys, revokeOwnKey, rotateKey } from '../../src/operations/own-keys.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { keyId, operationId, type KeyId } from '../../src/core/ids.ts'
import { findKey } from '../../src/operations/find-key.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { answering, startScriptedUpstream } from './scripted-upstream.ts'
import { sessionPlan, type Seat } from './world.ts'

/** Keys in the hands of their member, and the message to try them with. */

// oxlint-disable-next-line typescript/no-explicit-any -- assertions check its shape
type Answer = any

let commands = 0
const asPerson = () => ({ operationId: operationId(`own-${++commands}`), actor: 'person:p1' })

async function keysOf(it: AdminWorld, seat: Seat = it.world.seat): Promise<Answer> {
  const { json } = await it.call('GET', '/api/me/keys', { token: seat.keyText })
  return json
}

const worksWith = async (it: AdminWorld, keyText: string): Promise<boolean> =>
  (await it.call('GET', '/api/me/usage', { token: keyText })).status === 200

describe("a member's own keys", () => {
  test('are listed with the one that asks, and when each was last used', async () => {
    await using it = await openAdminWorld()
    const before = await keysOf(it)
    assert.equal(before.keys[0].lastUsedAtMs, null)
    await it.ask()

    const { keys, mayCreate, createObstacle } = await keysOf(it)

    assert.equal(keys.length, 1)
    assert.equal(keys[0].isCurrent, true)
    assert.ok(keys[0].lastUsedAtMs >= keys[0].issuedAtMs)
    assert.equal(mayCreate, false)
    assert.match(createObstacle, /a key cannot make other keys/)
  })

  test('a key exchanges itself: both work until the new one says that the old one is over', async () => {
    await using it = await openAdminWorld()
    const { seat } = it.world
    const { keys } = await keysOf(it)
    const path = `/api/me/keys/${keys[0].keyId}`
    const asAda = { token: seat.keyText, body: {} }

    const made = await it.call('POST', `${path}/rotate`, asAda)
    const again = await it.call('POST', `${path}/rotate`, asAda)

    assert.equal(made.status, 200, made.text)
    assert.equal(again.json.keyText, made.json.keyText, 'a key has one successor')
    assert.deepEqual(
      [await worksWith(it, seat.keyText), await worksWith(it, made.json.keyText)],
      [true, true],
    )
    const ended = await it.call('POST', `${path}/revoke`, asAda)
    assert.deepEqual(ended.json.revoked, [keys[0].keyId])
    assert.deepEqual(
      [await worksWith(it, seat.keyText), await worksWith(it, made.json.keyText)],
      [false, true],
    )
  })

  test('the new key may end the one whose place it takes, and stays', async () => {
    await using it = await openAdminWorld()
    const { seat } = it.world
    const { keys } = await keysOf(it)
    const path = `/api/me/keys/${keys[0].keyId}`
    const made = await it.call('POST', `${path}/rotate`, { token: seat.keyText, body: {} })

    const asNew = { token: made.json.keyText, body: {} }
    const ended = await it.call('POST', `${path}/revoke`, asNew)
    const renamed = await it.call('POST', `${path}/name`, { ...asNew, body: { name: 'x' } })

    assert.deepEqual(ended.json.revoked, [keys[0].keyId], ended.text)
    assert.equal(renamed.status, 403, 'it cares for nothing else of the old one')
    assert.deepEqual(
      [await worksWith(it, seat.keyText), await worksWith(it, made.json.keyText)],
      [false, true],
    )
  })

  test('who revokes a key from outside ends what it had made of itself', async () => {
    await using it = await openAdminWorld()
    const { seat } = it.world
    const { keys } = await keysOf(it)
    const [{ keyId: first }] = keys
    const second = await it.call('POST', `/api/me/keys/${first}/rotate`, {
      token: seat.keyText,
      body: {},
    })
    const third = await it.call('POST', `/api/me/keys/${second.json.keyId}/rotate`, {
      token: second.json.keyText,
      body: {},
    })

    const ended = await it.call('POST', `/api/customers/acme/keys/${first}/revoke`, { body: {} })

    assert.equal(ended.status, 200)
    for (const keyText of [seat.keyText, second.json.keyText, third.json.keyText])
      assert.equal(await worksWith(it, keyText), false)
  })

  test("the customer's list of keys names the member of each, where it has a name", async () => {
    await using it = await openAdminWorld()
    await it.world.addSeat('bob')
    const body = { memberId: 'ada', name: 'Ada L.', planId: 'test' }
    assert.equal((await it.call('POST', '/api/customers/acme/members', { body })).status, 200)

    const { json } = await it.call('GET', '/api/customers/acme/keys')

    assert.deepEqual(
      json.keys.map(({ memberId, memberName }: Answer) => [memberId, memberName]),
      [
        ['ada', 'Ada L.'],
        ['bob', null],
      ],
    )
  })

  test('a key makes no other keys and cares for no other key', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const { customerId, memberId } = seat
    const other = await issueOwnKey(parts, { customerId, memberId, name: 'laptop', ...asPerson() })
    const asAda = { token: seat.keyText }

    const made = await it.call('POST', '/api/me/keys', { ...asAda, body: {} })
    const path = `/api/me/keys/${other.keyId}`
    const answers = [
      await it.call('POST', `${path}/rotate`, { ...asAda, body: {} }),
      await it.call('POST', `${path}/revoke`, { ...asAda, body: {} }),
      await it.call('POST', `${path}/name`, { ...asAda, body: { name: 'mine' } }),
    ]

    assert.equal(made.json.error.code, 'key_makes_no_keys')
    for (const { status, json } of answers)
      assert.deepEqual([status, json.error.code], [403, 'key_makes_no_keys'])
    assert.equal(await worksWith(it, other.keyText), true)
  })

  test('a person makes, rotates and revokes keys; the new one keeps the name', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const one = await issueOwnKey(parts, { ...scope, name: 'laptop', ...asPerson() })

    const two = await rotateKey(parts, { ...scope, keyId: one.keyId, ...asPerson() })
    const revoked = await revokeOwnKey(parts, { ...scope, keyId: one.keyId, ...asPerson() })

    assert.deepEqual(revoked, [one.keyId], 'what a person made stands for itself')
    assert.deepEqual(
      [await worksWith(it, one.keyText), await worksWith(it, two.keyText)],
      [false, true],
    )
    const { keys } = await keysOf(it)
    const found = keys.find((key: Answer) => key.keyId === two.keyId)
    assert.equal(found.name, 'laptop')
    await assert.rejects(rotateKey(parts, { ...scope, keyId: one.keyId, ...asPerson() }), {
      code: 'key_revoked',
    })
  })

  test('a paused member, or one of a paused customer, gets no key, also none in exchange', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const { keys } = await keysOf(it)
    const path = `/api/me/keys/${keys[0].keyId}/rotate`

    for (const memberId of [scope.memberId, null]) {
      const paused = { ...scope, memberId }
      await setStatus(parts, { ...paused, isActive: false, ...asPerson() })
      const asking = issueOwnKey(parts, { ...scope, ...asPerson() })
      await assert.rejects(asking, { code: 'member_paused' })
      const { status, json } = await it.call('POST', path, { token: seat.keyText, body: {} })
      assert.deepEqual([status, json.error.code], [403, 'member_paused'])
      await setStatus(parts, { ...paused, isActive: true, ...asPerson() })
    }
  })

  test("another member's key is unknown, and so many keys are enough", async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const bob = await it.world.addSeat('bob')
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const { keys } = await keysOf(it, bob)
    const theirs = keyId(keys[0].keyId)

    await assert.rejects(revokeOwnKey(parts, { ...scope, keyId: theirs, ...asPerson() }), {
      code: 'unknown_key',
    })
    for (let count = 1; count < 50; count += 1)
      await issueOwnKey(parts, { ...scope, ...asPerson() })
    await assert.rejects(issueOwnKey(parts, { ...scope, ...asPerson() }), { code: 'too_many_keys' })
  })

  test('a key is renamed by whoever looks after its member', async () => {
    await using it = await openAdminWorld()
    const { keys } = await keysOf(it)
    const path = `/api/customers/acme/members/ada/keys/${keys[0].keyId}/name`

    const { status } = await it.call('POST', path, { body: { name: 'Build server' } })

    assert.equal(status, 200)
    assert.equal((await keysOf(it)).keys[0].name, 'Build server')
    assert.equal((await it.call('POST', path, { body: { name: 'a\u0000b' } })).status, 400)
  })
})

describe('keys that are exchanged while something else happens', () => {
  test('a key whose successor is revoked is told so, and gets no dead key in exchange', async () => {
    await using it = await openAdminWorld()
    const { seat } = it.world
    const { keys } = await keysOf(it)
    const rotate = () =>
      it.call('POST', `/api/me/keys/${keys[0].keyId}/rotate`, { token: seat.keyText, body: {} })
    const made = await rotate()
    const ended = await it.call('POST', `/api/me/keys/${made.json.keyId}/revoke`, {
      token: made.json.keyText,
      body: {},
    })
    assert.equal(ended.status, 200)

    const again = await rotate()

    assert.deepEqual([again.status, again.json.error.code], [409, 'successor_revoked'])
    assert.equal(await worksWith(it, seat.keyText), true)
  })

  test('a key that is revoked from outside while it exchanges itself leaves no successor', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const { keys } = await keysOf(it)
    const first = keyId(keys[0].keyId)
    const racing = {
      ...parts,
      storage: beforeUpdate(parts.storage, () =>
        revokeOwnKey(parts, { ...scope, keyId: first, ...asPerson() }),
      ),
    }

    const byItself = { operationId: operationId('race'), actor: `key:${first}` }
    await assert.rejects(rotateKey(racing, { ...scope, keyId: first, ...byItself }), {
      code: 'key_revoked',
    })

    const live = (await listOwnKeys(parts, scope)).filter((key) => key.revokedAtMs === null)
    assert.deepEqual(live, [])
  })

  test('a key that ends itself while it exchanges itself leaves its successor', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const { keys } = await keysOf(it)
    const first = keyId(keys[0].keyId)
    const byItself = (name: string) => ({ operationId: operationId(name), actor: `key:${first}` })
    const racing = {
      ...parts,
      storage: beforeUpdate(parts.storage, () =>
        revokeOwnKey(parts, { ...scope, keyId: first, ...byItself('end') }),
      ),
    }

    const made = await rotateKey(racing, { ...scope, keyId: first, ...byItself('race') })

    assert.equal(await worksWith(it, made.keyText), true)
  })

  test('made under one idempotency key by two customers are two keys, each of its own member', async () => {
    await using it = await openAdminWorld()
    const { parts, seat } = it.world
    const command = asPerson()
    const seats = [seat, await it.world.addSeat('zoe', { customer: 'other' })]

    const keys: { readonly keyId: KeyId; readonly keyText: string }[] = []
    for (const { customerId, memberId } of seats) {
      keys.push(await issueOwnKey(parts, { customerId, memberId, ...command }))
    }

    assert.equal(new Set(keys.map(({ keyText }) => keyText)).size, 2)
    for (const [nth, { keyId: id, keyText }] of keys.entries()) {
      const { customerId, memberId } = seats[nth] ?? seat
      const owner = { customerId, memberId, keyId: id, isRevoked: false }
      assert.deepEqual(await findKey(parts, keyText), owner)
    }
  })

  test('keys in use are bounded, however they are made, also at once; a repeat is answered again', async () => {
    await using it = await openAdminWorld()
    const { seat, parts } = it.world
    const scope = { customerId: seat.customerId, memberId: seat.memberId }
    const commands = Array.from({ length: 60 }, asPerson)

    const made = await Promise.allSettled(
      commands.map((command) => issueOwnKey(parts, { ...scope, ...command })),
    )

    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 49)
    const [one] = commands
    assert.ok(one !== undefined && made[0]?.status === 'fulfilled')
    assert.deepEqual(await issueOwnKey(parts, { ...scope, ...one }), made[0].value)
    const { keyId: old } = made[0].value
    // Whoever exchanges a key has both for a while, so there is room for one more.
    await rotateKey(parts, { ...scope, keyId: old, ...asPerson() })
    await assert.rejects(rotateKey(parts, { ...scope, keyId: old, ...asPerson() }), {
      code: 'too_many_keys',
    })
  })
})

/** The same storage, where something happens just before the first change of an account. */
function beforeUpdate(storage: Storage, happens: () => Promise<unknown>): Storage {
  let isFirst = true
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return async (...values: unknown[]) => {
        if (name === 'update' && isFirst) {
          isFirst = false
          await happens()
        }
        return Reflect.apply(value, target, values) as unknown
      }
    },
  })
}

describe('a test message', () => {
  const send = (it: AdminWorld, body: object, seat: Seat = it.world.seat) =>
    it.call('POST', '/api/me/test-message', { token: seat.keyText, body })

  test('goes through the gateway and tells the answer, its cost and who paid', async () => {
    await using it = await openAdminWorld()

    const { status, json } = await send(it, { model: 'claude-sonnet-4-5' })

    assert.equal(status, 200)
    assert.equal(json.status, 200)
    assert.equal(json.text, 'Hello.')
    assert.equal(json.source, 'plan')
    assert.equal(json.costNanos, '4500000')
    const figures = await it.world.figures()
    assert.equal(figures.limits[0]?.used, 4_500_000n, 'it uses the plan as any message does')
    const request = await it.call('GET', `/api/me/requests/${json.holdId}`, {
      token: it.world.seat.keyText,
    })
    assert.equal(request.json.settle.costNanos, '4500000')
  })

  test('that is refused shows the refusal with its decision', async () => {
    await using it = await openAdminWorld({ plan: sessionPlan(0n) })

    const { json } = await send(it, { model: 'claude-sonnet-4-5' })

    assert.equal(json.status, 429)
    assert.equal(json.text, null)
    assert.match(json.problem, /explain dn_/)
    assert.match(json.decisionId, /^dn_/)
  })

  test("goes with a key of one's own only", async () => {
    await using it = await openAdminWorld()
    const bob = await it.world.addSeat('bob')

    for (const keyText of [bob.keyText, `plim_${'0'.repeat(32)}`]) {
      const { status, json } = await send(it, { model: 'claude-sonnet-4-5', keyText })
      assert.deepEqual([status, json.error.code], [404, 'unknown_key'])
    }
    const own = await send(it, { model: 'claude-sonnet-4-5', keyText: it.world.seat.keyText })
    assert.equal(own.json.status, 200)
  })

  test('waits for those that are on the way', async () => {
    const waiting: ServerResponse[] = []
    const both = Promise.withResolvers<void>()
    const upstream = createServer((_request, response) => {
      if (waiting.push(response) === 2) both.resolve()
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    await using it = await openAdminWorld({ upstream: { url: `http://127.0.0.1:${port}` } })
    const model = 'claude-sonnet-4-5'

    const running = [send(it, { model }), send(it, { model })]
    await both.promise
    const third = await send(it, { model })

    assert.deepEqual([third.status, third.json.error.code], [429, 'too_fast'])
    for (const response of waiting) response.writeHead(400).end('{}')
    for (const { json } of await Promise.all(running)) assert.equal(json.status, 400)
    upstream.close()
  })

  test('that is sent again under its key is sent and paid once, also while it runs', async (t) => {
    const upstream = await startScriptedUpstream(answering('Hello.', { input_tokens: 1000 }))
    t.after(() => upstream.close())
    await using it = await openAdminWorld({ upstream: { url: upstream.url } })
    const sendAs = (key: string, text: string) =>
      it.call('POST', '/api/me/test-message', {
        token: it.world.seat.keyText,
        key,
        body: { model: 'claude-sonnet-4-5', text },
      })

    const both = await Promise.all([sendAs('one', 'Hi'), sendAs('one', 'Hi')])
    const again = await sendAs('one', 'Hi')
    const other = await sendAs('one', 'Something else')
    const next = await sendAs('two', 'Hi')

    assert.equal(upstream.calls.length, 2)
    for (const { json } of [...both, again]) assert.deepEqual(json, both[0].json)
    assert.deepEqual([other.status, other.json.error.code], [409, 'operation_conflict'])
    assert.notEqual(next.json.holdId, both[0].json.holdId)
  })

  test('whose answer is longer than is shown says so, and what it cost', async (t) => {
    const text = 'x'.repeat(300 * 1024)
    const upstream = await startScriptedUpstream(answering(text, { input_tokens: 1000 }))
    t.after(() => upstream.close())
    await using it = await openAdminWorld({ upstream: { url: upstream.url } })

    const { status, json } = await send(it, { model: 'claude-sonnet-4-5' })

    assert.equal(status, 200)
    assert.equal(json.status, 200)
    assert.equal(json.text, null)
    assert.match(json.problem, /longer than 256 kB/)
    assert.equal(json.source, 'plan')
    assert.notEqual(json.costNanos, null)
  })

  test('that was not sent because the gateway was away can be sent again under its key', async () => {
    await using it = await openAdminWorld()
    const url = it.apiParts.about.gatewayUrl
    const { port } = new URL(url)
    await it.world.gateway.close()
    const sendOne = () =>
      it.call('POST', '/api/me/test-message', {
        token: it.world.seat.keyText,
        key: 'one',
        body: { model: 'claude-sonnet-4-5' },
      })

    const away = await sendOne()
    const standIn = createServer((_request, response) => response.writeHead(400).end('{}'))
    await new Promise<void>((resolve) => standIn.listen(Number(port), '127.0.0.1', resolve))
    const sent = await sendOne()
    standIn.close()

    assert.equal(away.json.error.code, 'gateway_away')
    assert.equal(sent.json.status, 400)
  })

  test('is answered with the reason when the gateway is away', async () => {
    await using it = await openAdminWorld()
    await it.world.gateway.close()

    const { status, json } = await send(it, { model: 'claude-sonnet-4-5' })

    assert.deepEqual([status, json.error.code], [503, 'gateway_away'])
  })
})
