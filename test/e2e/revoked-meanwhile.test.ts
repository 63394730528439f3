import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from './raw-http.ts'
import { addPerson, openAdminWorld, type AdminWorld } from './sign-in-world.ts'

/** A command that was begun in time, and whose body comes to its end after its caller lost everything. */

const body = '{"isOn":false}'

/** Everything of a command but its body; the server has asked for that one, so it knows the caller by now. */
async function begin(admin: AdminWorld, path: string, credential: string) {
  const { host } = new URL(admin.admin.url)
  const raw = await openRaw(admin.admin.url)
  raw.write(
    [
      `POST ${path} HTTP/1.1`,
      `host: ${host}`,
      `origin: ${admin.admin.url}`,
      'sec-fetch-site: same-origin',
      'content-type: application/json',
      'idempotency-key: one',
      `content-length: ${body.length}`,
      'expect: 100-continue',
      'connection: close',
      credential,
      '\r\n',
    ].join('\r\n'),
  )
  await raw.until('100 Continue')
  return async (): Promise<string> => {
    raw.write(body)
    return (await raw.toEnd()).toString()
  }
}

const isOn = async (admin: AdminWorld): Promise<boolean> => {
  const { customerId, memberId } = admin.world.seat
  const path = `/api/customers/${customerId}/members/${memberId}`
  return (await admin.call('GET', path)).json.isExtraUsageOn
}

test('an owner who is removed while a command of theirs comes in does no more with it', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId } = admin.world.seat
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const path = `/api/customers/${customerId}/members/${memberId}/extra-usage`
  const before = await isOn(admin)
  const finish = await begin(admin, path, `cookie: ${owner.visitor.cookie()}`)
  assert.equal((await owner.visitor.call('GET', '/api/account')).status, 200)
  assert.equal((await admin.call('POST', `/api/people/${owner.id}/remove`)).status, 200)

  const answered = await finish()

  assert.match(answered, /HTTP\/1.1 401 .*session_over/s)
  assert.deepEqual([before, await isOn(admin)], [true, true])
})

test('a key that is revoked while a command of its comes in does no more with it', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId, keyText } = admin.world.seat
  const member = `/api/customers/${customerId}/members/${memberId}`
  const [key] = (await admin.call('GET', `${member}/keys`)).json.keys
  const finish = await begin(admin, '/api/me/extra-usage', `authorization: Bearer ${keyText}`)
  await admin.call('POST', `${member}/keys/${key.keyId}/revoke`)

  const answered = await finish()

  assert.match(answered, /HTTP\/1.1 401 .*credential_unknown/s)
  assert.equal(await isOn(admin), true)
})

test('a command whose caller stays who it was is done, however late its body comes', async () => {
  await using admin = await openAdminWorld()
  const { keyText } = admin.world.seat
  const finish = await begin(admin, '/api/me/extra-usage', `authorization: Bearer ${keyText}`)
  assert.equal(await isOn(admin), true)

  assert.match(await finish(), /HTTP\/1.1 200 /)
  assert.equal(await isOn(admin), false)
})
