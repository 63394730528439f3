import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addPerson, goodPassword, openAdminWorld, visit, type AdminWorld } from './sign-in-world.ts'

/** An invitation whose answer nobody got, and what an invitation must not become. */

const mia = 'mia@example.com'
const owner = 'otto@example.com'

function invitationOf(admin: AdminWorld): object {
  const { customerId, memberId } = admin.world.seat
  return { email: mia, name: 'Mia', role: 'member', customerId, memberId }
}

const usingLink = (admin: AdminWorld, code: string) =>
  visit(admin).call('POST', '/api/session/link/password', {
    body: { code, password: goodPassword },
  })

test('an invitation that is made again, by another command, has the same person and the newest link alone', async () => {
  await using admin = await openAdminWorld()
  const { customerId } = admin.world.seat
  const { visitor } = await addPerson(admin, owner, { role: 'owner', customerId })
  const body = invitationOf(admin)
  const path = `/api/customers/${customerId}/people`
  const first = await visitor.call('POST', path, { body, headers: { 'idempotency-key': 'one' } })

  const next = await visitor.call('POST', path, { body, headers: { 'idempotency-key': 'two' } })

  assert.deepEqual([first.status, next.status], [200, 200], next.text)
  assert.deepEqual(next.json.person, first.json.person)
  const old = await usingLink(admin, first.json.link.code)
  assert.deepEqual([old.status, old.json.error.code], [404, 'link_unknown'])
  assert.equal((await usingLink(admin, next.json.link.code)).status, 200)
  const { lines } = (await admin.call('GET', '/api/audit')).json
  const acts = lines.map(({ title }: { title: string }) => title).join('\n')
  assert.equal(acts.match(/A link to set a password was made/g)?.length, 1, acts)
})

test('an invitation is none for whoever has a password, another name or standing, or is switched off', async () => {
  await using admin = await openAdminWorld()
  const { customerId } = admin.world.seat
  const body = invitationOf(admin)
  const invite = (how: object) => admin.call('POST', '/api/people', { body: { ...body, ...how } })
  const { id } = (await invite({})).json.person
  const taken = async (how: object): Promise<void> => {
    const { status, json } = await invite(how)
    assert.deepEqual([status, json.error?.code], [409, 'email_taken'], JSON.stringify(how))
  }

  await taken({ name: 'Maria' })
  await taken({ role: 'owner' })
  await taken({ role: 'owner', memberId: null })
  await taken({ role: 'operator', customerId: null, memberId: null })
  await admin.call('POST', `/api/people/${id}/status`, { body: { isActive: false } })
  await taken({})
  await admin.call('POST', `/api/people/${id}/status`, { body: { isActive: true } })
  const { link } = (await invite({})).json
  assert.equal((await usingLink(admin, link.code)).status, 200)
  await taken({})

  const people = (await admin.call('GET', `/api/customers/${customerId}/people`)).json.people
  assert.equal(people.length, 1)
})

test('an owner gets no link of somebody whom another customer invited', async () => {
  await using admin = await openAdminWorld()
  const { customerId } = admin.world.seat
  const other = await admin.world.addSeat('bob', { customer: 'other' })
  const { visitor } = await addPerson(admin, owner, {
    role: 'owner',
    customerId: other.customerId,
  })
  const invited = await admin.call('POST', '/api/people', { body: invitationOf(admin) })

  const { memberId } = other
  for (const [path, standing] of [
    [customerId, {}],
    [other.customerId, {}],
    [other.customerId, { customerId: other.customerId, memberId }],
  ] as const) {
    const { status, json } = await visitor.call('POST', `/api/customers/${path}/people`, {
      body: { ...invitationOf(admin), ...standing },
    })
    assert.ok(status === 403 || status === 409, `${status} ${JSON.stringify(json)}`)
    assert.equal(json.link, undefined)
  }
  assert.equal((await usingLink(admin, invited.json.link.code)).status, 200)
})
