import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addPerson, openAdminWorld } from './sign-in-world.ts'

test('an owner seats no more members than the settings allow, however many ask at once; the operator does', async () => {
  await using admin = await openAdminWorld({ ownerSeatsMax: 4 })
  const { customerId, memberId } = admin.world.seat
  const { visitor } = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  await admin.world.addSeat('zed', { customer: 'zeta' })
  const path = `/api/customers/${customerId}/members`
  const body = { planId: 'test' }
  const seat = (name: string) =>
    visitor.call('POST', path, { body, headers: { 'idempotency-key': name } })
  const names = ['one', 'two', 'three', 'four', 'five', 'six']

  const first = await Promise.all(names.map(seat))
  const again = await Promise.all(names.map(seat))

  assert.deepEqual(
    first.map(({ status }) => status).toSorted((one, other) => one - other),
    [200, 200, 200, 409, 409, 409],
  )
  assert.deepEqual(
    again.map(({ text }) => text),
    first.map(({ text }) => text),
    'a repeat is no further seat',
  )
  const { error } = first.find(({ status }) => status === 409)?.json ?? {}
  assert.equal(error.code, 'too_many_seats')
  assert.match(error.message, /has 4 members; from 4 on an owner seats no more/)
  const own = { body: { ...body, memberId } }
  assert.equal((await visitor.call('POST', path, own)).status, 200, 'whoever is seated moves on')
  const paused = { body: { isActive: false } }
  await visitor.call('POST', `${path}/${memberId}/status`, paused)
  assert.equal((await seat('seven')).status, 409, 'a paused member has its seat')
  assert.equal((await admin.call('POST', path, { body })).status, 200)
  assert.equal((await admin.call('GET', path)).json.members.length, 5)
})

test('where owners seat nobody, moving the members that are there is theirs all the same', async () => {
  await using admin = await openAdminWorld({ ownerSeatsMax: 0 })
  const { customerId, memberId } = admin.world.seat
  const { visitor } = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const path = `/api/customers/${customerId}/members`

  const moved = await visitor.call('POST', path, { body: { planId: 'test', memberId } })
  const seated = await visitor.call('POST', path, { body: { planId: 'test' } })

  assert.deepEqual([moved.status, seated.status], [200, 409])
})
