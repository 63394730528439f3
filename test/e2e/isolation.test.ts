import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import type { Plan } from '../../src/core/plan.ts'
import { listPlans } from '../../src/operations/list-published.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { createAdminApi } from '../../src/admin/admin-api.ts'
import { addPerson, openAdminWorld, type AdminWorld } from './sign-in-world.ts'
import { sessionPlan } from './world.ts'

/**
 * Every address of the API, called by every kind of caller. What each may is said here once more, by rules of this
 * test's own: an address that is added and is in none of them is the operator's alone.
 */
type Caller = 'nobody' | 'key of A' | 'member of A' | 'owner of A' | 'owner of B' | 'operator'
const callers = [
  'nobody',
  'key of A',
  'member of A',
  'owner of A',
  'owner of B',
  'operator',
] as const satisfies readonly Caller[]

/** The owner of A has a seat; the owner of B has none. */
const seated: readonly Caller[] = ['key of A', 'member of A', 'owner of A']
const signedIn: readonly Caller[] = ['member of A', 'owner of A', 'owner of B', 'operator']
const ownersOfA: readonly Caller[] = ['owner of A', 'operator']

const ownersCommands: readonly RegExp[] = [
  /^(?:extra-usage|spend-cap|auto-reload|members|people)$/,
  /^members\/[^/]+\/(?:status|extra-usage|spend-cap|keys)$/,
  /^(?:members\/[^/]+\/)?keys\/[^/]+\/(?:name|rotate|revoke)$/,
  /^people\/[^/]+\/(?:link|status|remove)$/,
]

function mayCall(method: string, path: string): readonly Caller[] {
  if (/^\/api\/session(?:$|\/)/.test(path)) return callers
  if (/^\/api\/account(?:$|\/)/.test(path)) return signedIn
  if (path.startsWith('/api/me/')) return seated
  if (method === 'GET' && path === '/api/plans') return ['owner of A', 'owner of B', 'operator']
  const below = /^\/api\/customers\/acme(?:\/(.*))?$/.exec(path)
  if (below === null) return ['operator']
  const [, rest = ''] = below
  if (method === 'GET' || ownersCommands.some((each) => each.test(rest))) return ownersOfA
  return ['operator']
}

function addresses({ apiParts, world }: AdminWorld): readonly (readonly [string, string])[] {
  const { memberId } = world.seat
  return createAdminApi(apiParts, [])
    .routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
    .map(({ method, path }) => {
      const named = path.replace(':customerId', 'acme').replace(':memberId', memberId)
      return [method, named.replaceAll(/:(\w+)/g, 'some-$1')] as const
    })
}

test('every address answers those who may, and nobody else: keys, members, owners of two customers, the operator', async () => {
  await using admin = await openAdminWorld()
  const { seat } = admin.world
  const other = await admin.world.addSeat('zoe', { customer: 'zeta' })
  const scope = { customerId: seat.customerId, memberId: seat.memberId }
  const people = {
    'member of A': await addPerson(admin, 'mia@example.com', { role: 'member', ...scope }),
    'owner of A': await addPerson(admin, 'otto@example.com', { role: 'owner', ...scope }),
    'owner of B': await addPerson(admin, 'zara@example.com', {
      role: 'owner',
      customerId: other.customerId,
    }),
    operator: await addPerson(admin, 'olga@example.com', { role: 'operator' }),
  }
  const statusFor = async (caller: Caller, method: string, path: string): Promise<number> => {
    if (caller === 'nobody')
      return (await admin.call(method, path, { token: null, text: '!' })).status
    if (caller === 'key of A') {
      return (await admin.call(method, path, { token: seat.keyText, text: '!' })).status
    }
    // A body that nobody understands: what is let through changes nothing, and says 400.
    const call = people[caller].visitor.call(method, path, { text: '!' })
    return (await call).status
  }
  const all = addresses(admin).filter(
    ([, path]) => !path.endsWith('/events') && path !== '/api/session/sign-out',
  )
  const position = admin.world.parts.storage.durablePosition
  const wrong: string[] = []

  for (const [method, path] of all) {
    const may = mayCall(method, path)
    for (const caller of callers) {
      const status = await statusFor(caller, method, path)
      const isThrough = status !== 401 && status !== 403
      if (isThrough !== may.includes(caller)) wrong.push(`${caller}: ${method} ${path}: ${status}`)
      if (status >= 500) wrong.push(`${caller}: ${method} ${path}: ${status}`)
    }
  }

  assert.ok(all.length >= 60, `${all.length} addresses`)
  assert.deepEqual(wrong, [])
  assert.ok(admin.world.parts.storage.durablePosition - position <= 2, 'something was changed')
})

test("an owner sees and changes nothing of another customer's, whatever it calls it", async () => {
  await using admin = await openAdminWorld()
  const other = await admin.world.addSeat('zoe', { customer: 'zeta' })
  const { visitor } = await addPerson(admin, 'otto@example.com', {
    role: 'owner',
    customerId: admin.world.seat.customerId,
  })
  const paths = [
    `/api/customers/zeta/members/${other.memberId}/usage`,
    `/api/customers/acme/../zeta/history`,
    `/api/customers/acme%2F..%2Fzeta/history`,
    `/api/customers/%7Aeta/history`,
    `/api/customers//zeta`,
    `/api/customers/nobody`,
    '/api/customers',
    '/api/people',
  ]

  for (const path of paths) {
    const { status, text } = await visitor.call('GET', path)
    assert.equal(status, 403, path)
    assert.ok(!text.includes('zoe'), path)
  }
  // A member of another customer, below the own one.
  const mixed = await visitor.call('GET', `/api/customers/acme/members/${other.memberId}/usage`)
  assert.equal(mixed.status, 404)
  const own = await visitor.call('GET', '/api/customers/acme/people')
  assert.deepEqual(
    own.json.people.map((person: { email: string }) => person.email),
    ['otto@example.com'],
  )
})

test("an owner's new member takes no id that names somebody else, so it neither renames nor reads them", async () => {
  await using admin = await openAdminWorld()
  const { customerId } = admin.world.seat
  const rename = (path: string, id: string, name: string) =>
    admin.call('POST', path, { body: { memberId: id, name, planId: 'test' } })
  await admin.world.addSeat('zoe', { customer: 'zeta' })
  assert.equal((await rename('/api/customers/zeta/members', 'zoe', 'Zoe Zimmer')).status, 200)
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const seat = (memberId: string, name: object) =>
    owner.visitor.call('POST', '/api/customers/acme/members', {
      body: { memberId, planId: 'test', ...name },
    })

  for (const taken of ['zoe', 'zeta', owner.id]) {
    for (const name of [{ name: 'Mallory' }, {}]) {
      const { status, json, text } = await seat(taken, name)
      assert.deepEqual([status, json.error?.code], [409, 'id_taken'], text)
    }
  }
  assert.equal((await seat('max', { name: 'Max' })).json.name, 'Max')
  assert.equal(
    (await seat('max', { name: 'Max M' })).json.name,
    'Max M',
    'its own it may name anew',
  )
  const zoe = await admin.call('GET', '/api/customers/zeta/members/zoe')
  assert.equal(zoe.json.name, 'Zoe Zimmer')
})

test('an owner seats members on plans that the customer has, and is told of no other', async () => {
  await using admin = await openAdminWorld()
  const { parts, seat } = admin.world
  const { customerId, memberId } = seat
  const largest = {
    ...sessionPlan(1000n * nanosPerUnit, { id: planId('largest') }),
    name: 'Largest',
  }
  const test = (await listPlans(parts)).find(({ id }) => id === 'test') ?? largest
  await publishPlans(parts, [test, largest], 'operator')
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const path = `/api/customers/${customerId}/members`
  const preview = `${path}/${memberId}/seat-preview?planId=largest`
  const plans = async (): Promise<readonly string[]> =>
    (await owner.visitor.call('GET', '/api/plans')).json.plans.map(({ id }: Plan) => id)
  const move = (id: string, to: string) =>
    owner.visitor.call('POST', path, { body: { memberId: id, planId: to } })

  assert.deepEqual(await plans(), ['test'])
  for (const refused of [
    await move(memberId, 'largest'),
    await move('new', 'largest'),
    await owner.visitor.call('GET', preview),
  ]) {
    assert.deepEqual([refused.status, refused.json.error?.code], [403, 'owner_not_allowed'])
    assert.match(refused.json.error.message, /"largest" is none of them/)
  }
  const other = { body: { memberId: 'zoe', planId: 'largest' } }
  await admin.world.addSeat('zed', { customer: 'zeta' })
  assert.equal((await admin.call('POST', '/api/customers/zeta/members', other)).status, 200)
  assert.deepEqual(await plans(), ['test'], "another customer's is not its own")

  const byOperator = await admin.call('POST', path, {
    body: { memberId: 'max', planId: 'largest' },
  })
  assert.equal(byOperator.status, 200)
  assert.deepEqual(await plans(), ['test', 'largest'])
  assert.equal((await owner.visitor.call('GET', preview)).status, 200)
  assert.equal((await move('new', 'largest')).json.planId, 'largest')
})

test('an owner invites members of the own customer, and makes nobody more than that', async () => {
  await using admin = await openAdminWorld()
  const { seat } = admin.world
  const other = await admin.world.addSeat('zoe', { customer: 'zeta' })
  const { customerId } = seat
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const rival = await addPerson(admin, 'rita@example.com', { role: 'owner', customerId })
  const stranger = await addPerson(admin, 'zara@example.com', {
    role: 'member',
    customerId: other.customerId,
    memberId: other.memberId,
  })
  const invite = (body: object) =>
    owner.visitor.call('POST', '/api/customers/acme/people', {
      body: { email: 'new@example.com', name: 'New', ...body },
    })

  const refused = [
    await invite({ role: 'operator' }),
    await invite({ role: 'owner', customerId }),
    await invite({ role: 'member', customerId: other.customerId, memberId: other.memberId }),
    await invite({ role: 'member', customerId, memberId: other.memberId }),
    await owner.visitor.call('POST', `/api/customers/acme/people/${rival.id}/link`),
    await owner.visitor.call('POST', `/api/customers/acme/people/${rival.id}/remove`),
    await owner.visitor.call('POST', `/api/customers/acme/people/${stranger.id}/link`),
    await owner.visitor.call('POST', `/api/people/${stranger.id}/remove`),
    await owner.visitor.call('POST', `/api/people/${owner.id}/role`, {
      body: { role: 'operator' },
    }),
  ]
  const made = await invite({ role: 'member', customerId, memberId: seat.memberId })

  assert.deepEqual(
    refused.map(({ status }) => status),
    [403, 403, 403, 404, 403, 403, 404, 403, 403],
  )
  assert.equal(made.status, 200)
  const link = await owner.visitor.call(
    'POST',
    `/api/customers/acme/people/${made.json.person.id}/link`,
  )
  assert.equal(link.status, 200)
  assert.equal((await stranger.visitor.call('GET', '/api/account')).status, 200)
})

test('what somebody does stands in the journal under an opaque id, and never under a name', async () => {
  await using admin = await openAdminWorld()
  const { customerId } = admin.world.seat
  const { id, visitor } = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })

  const set = await visitor.call('POST', '/api/customers/acme/extra-usage', {
    body: { isOn: true },
  })

  assert.equal(set.status, 200)
  const [entry] = await admin.world.parts.storage.entries({
    customerId,
    isNewestFirst: true,
    rowsMax: 1,
  })
  assert.deepEqual([entry?.body.kind, entry?.actor], ['extra_usage_set', `person:${id}`])
  assert.ok(
    !JSON.stringify(entry, (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    ).includes('otto'),
  )
})

test('a paused member is told who can resume it, and whoever is named can', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId, keyText } = admin.world.seat
  const { visitor } = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const customer = `/api/customers/${customerId}`
  const said = async (): Promise<string | undefined> =>
    (await admin.call('GET', '/api/me/usage', { token: keyText })).json.blocked?.sentence
  const set = (path: string, isActive: boolean) =>
    visitor.call('POST', `${path}/status`, { body: { isActive } })

  assert.equal((await set(`${customer}/members/${memberId}`, false)).status, 200)
  const ofMember = await said()
  assert.equal((await set(`${customer}/members/${memberId}`, true)).status, 200)
  const resumed = await said()
  await admin.call('POST', `${customer}/status`, { body: { isActive: false } })
  const ofCustomer = await said()

  assert.match(ofMember ?? '', /until an owner or the operator resumes it/)
  assert.equal(resumed, undefined)
  assert.match(ofCustomer ?? '', /until the operator resumes it/)
  assert.equal((await set(customer, true)).status, 403)
})
