import assert from 'node:assert/strict'
import test from 'node:test'
import { customerId } from '../../src/core/ids.ts'
import { demoOpening } from '../../src/operations/demo-world.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { addPerson } from './sign-in-world.ts'

/** Whoever belongs to a demo customer goes with it; everybody else stays. */

const invented = customerId('invented')

/** A customer as a first start opens them, with one member. */
async function addDemoCustomer(admin: AdminWorld): Promise<void> {
  await openCustomer(admin.world.parts, {
    operationId: demoOpening(invented),
    actor: 'operator',
    customerId: invented,
    name: 'Invented',
    zone: 'UTC',
    isExtraUsageOn: false,
    cap: { kind: 'unlimited' },
    isStrict: false,
    overrunMaxNanos: 0n,
    runningMax: 10,
  })
  const seat = { body: { memberId: 'ines', planId: 'test' } }
  const seated = await admin.call('POST', '/api/customers/invented/members', seat)
  assert.equal(seated.status, 200)
}

const emailsOf = async (admin: AdminWorld): Promise<readonly string[]> =>
  (await admin.call('GET', '/api/people')).json.people.map((one: { email: string }) => one.email)

test('removing the demo world removes the accounts of its people, says how many, and lets in nobody new', async () => {
  await using admin = await openAdminWorld()
  await addDemoCustomer(admin)
  const own = { role: 'owner', customerId: 'acme' } as const
  const theirs = { role: 'owner', customerId: 'invented' } as const
  const seated = { role: 'member', customerId: 'invented', memberId: 'ines' } as const
  const { visitor: owner } = await addPerson(admin, 'owner@acme.example', own)
  const { visitor: guest } = await addPerson(admin, 'guest@demo.example', theirs)
  const { visitor: ines } = await addPerson(admin, 'ines@demo.example', seated)
  const before = await ines.call('GET', '/api/me/usage')

  const first = await admin.call('POST', '/api/demo-world/remove')
  const second = await admin.call('POST', '/api/demo-world/remove')

  const invited = { email: 'late@demo.example', name: 'Late', ...theirs, memberId: null }
  const late = await admin.call('POST', '/api/people', { body: invited })
  assert.equal(before.status, 200)
  assert.deepEqual(first.json.removed, ['invented'])
  assert.deepEqual([first.json.accountsRemoved, second.json.accountsRemoved], [2, 0])
  assert.deepEqual(await emailsOf(admin), ['owner@acme.example'])
  assert.equal((await guest.call('GET', '/api/customers/invented/people')).status, 401)
  assert.equal((await ines.call('GET', '/api/me/usage')).status, 401)
  assert.equal((await owner.call('GET', '/api/session')).json.kind, 'signed_in')
  assert.deepEqual([late.status, late.json.error.code], [404, 'unknown_scope'])
})

test('after the removal of the demo world the overview counts traffic anew', async () => {
  await using admin = await openAdminWorld()
  await addDemoCustomer(admin)
  await admin.ask()
  const before = (await admin.call('GET', '/api/overview')).json.traffic

  await admin.call('POST', '/api/demo-world/remove')
  const removed = (await admin.call('GET', '/api/overview')).json.traffic
  await admin.ask()
  await admin.call('POST', '/api/demo-world/remove')
  const after = (await admin.call('GET', '/api/overview')).json.traffic

  assert.equal(before.totals.plan, 1)
  assert.deepEqual(removed.totals, {})
  assert.ok(removed.sinceMs >= before.sinceMs)
  assert.equal(after.totals.plan, 1, 'a removal that finds nothing forgets nothing')
})
