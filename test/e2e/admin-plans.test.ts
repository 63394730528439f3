import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverLimit } from '../../src/admin/contract/plans.ts'
import { parsePlans } from '../../src/config/plans-file.ts'
import { customerId, operationId, planId } from '../../src/core/ids.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import { publishFirstPlans } from '../../src/operations/publish-plans.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { sessionPlan } from './world.ts'

/** Plans as the console reads, tries and publishes them; and customers and members as it finds them. */

const plan = sessionPlan(10_000_000n)
const preview = (admin: AdminWorld, plans: object) =>
  admin.call('POST', '/api/plans/preview', { key: null, body: { content: JSON.stringify(plans) } })

const written = (money: string, more: object = {}) => ({
  plans: {
    test: {
      name: 'Test plan',
      limits: { session: { money, window: { kind: 'session', hours: 5 } } },
      runningMax: 200,
      outputTokensExpected: 100,
      ...more,
    },
  },
})

test('first plans are for an installation that has none, and change nothing of one plan or more', async () => {
  await using admin = await openAdminWorld({ plan })
  const { parts } = admin.world
  const position = parts.storage.durablePosition

  await publishFirstPlans(parts, [{ ...plan, id: planId('demo') }])

  assert.equal(parts.storage.durablePosition, position)
})

test('the credit that a plan includes is there once somebody is seated on it, before anybody asks', async () => {
  const included = { id: 'welcome', amountNanos: 5_000_000_000n, every: 'month' } as const
  await using admin = await openAdminWorld({ plan: { ...plan, grants: [included] } })
  const acme = '/api/customers/acme'
  const balance = async (): Promise<bigint> =>
    BigInt((await admin.call('GET', acme)).json.balanceNanos)
  const before = await balance()

  const body = { memberId: 'bob', name: 'Bob', planId: plan.id }
  await admin.call('POST', `${acme}/members`, { body })

  assert.equal((await balance()) - before, included.amountNanos)
})

test('a preview says in words what a text would change, for whom, and who would be over it; and writes nothing', async () => {
  await using admin = await openAdminWorld({ plan })
  await admin.ask()
  const { position } = (await admin.call('GET', '/api/status')).json

  const lowered = await preview(admin, written('0.004'))
  const raised = await preview(admin, written('0.02', { price: '5' }))
  const same = await preview(admin, written('0.01'))

  assert.equal(lowered.status, 200)
  const [change] = lowered.json.changes
  assert.deepEqual(change.sentences, [
    'Session: lowered from $0.01 to $0.004, for the very next request.',
  ])
  assert.deepEqual([change.planId, change.version, change.isNew], ['test', 2, false])
  assert.equal(change.memberCount, 1)
  assert.equal(change.members[0].member.id, 'ada')
  assert.deepEqual(
    change.over.map((over: OverLimit) => [
      over.member.id,
      over.used,
      over.amountNow,
      over.amountThen,
    ]),
    [['ada', '4500000', '10000000', '4000000']],
  )
  assert.deepEqual(raised.json.changes[0].over, [])
  assert.deepEqual(raised.json.changes[0].sentences, [
    'The price: $5.00 a month, before not sold by the month.',
    'Session: raised from $0.01 to $0.02, for the very next request.',
  ])
  assert.deepEqual([same.json.changes, same.json.unchanged], [[], ['test']])
  assert.equal((await admin.call('GET', '/api/status')).json.position, position)
})

test('a preview names every mistake with its place, those of the journal too', async () => {
  await using admin = await openAdminWorld({ plan })
  const day = { kind: 'day' }

  const wrong = await preview(admin, {
    plans: {
      a: { name: '', limits: { x: { money: 2, window: day }, y: { tokens: -1, window: day } } },
    },
  })
  const otherUnit = await preview(admin, {
    plans: { b: { name: 'B', limits: { session: { tokens: 5, window: day } } } },
  })
  const noJson = await admin.call('POST', '/api/plans/preview', {
    key: null,
    body: { content: '{ "plans": ' },
  })

  assert.deepEqual(
    wrong.json.problems.map(({ path }: { path: string }) => path),
    ['plans.a.name', 'plans.a.limits.x.money', 'plans.a.limits.y.tokens'],
  )
  assert.match(otherUnit.json.problems[0].message, /has counted money before/)
  assert.match(noJson.json.problems[0].message, /^This is not JSON/)
})

test('each version of a plan is kept with what it changed, and all of them as a text that gives the same plans again', async () => {
  await using admin = await openAdminWorld({ plan })
  const content = JSON.stringify(
    written('0.02', {
      price: '20',
      grants: { start: { amount: '1.50', every: 'once' } },
      limits: {
        session: { money: '0.02', window: { kind: 'session', hours: 5 } },
        week: {
          tokens: 5000,
          models: ['claude-opus'],
          window: { kind: 'week', weekday: 'sunday', time: '07:30', zone: 'Europe/Berlin' },
        },
        month: { requests: 9, window: { kind: 'month', zone: 'UTC' } },
      },
    }),
  )

  const applied = await admin.call('POST', '/api/plans', { body: { content } })
  const { json } = await admin.call('GET', '/api/plans/versions')

  assert.equal(applied.status, 200)
  const [book] = json.plans
  assert.deepEqual(
    book.versions.map(({ version }: { version: number }) => version),
    [2, 1],
  )
  assert.ok(
    book.versions[0].changes.includes(
      'Week (claude-opus*): 5000 tokens, a week from Sunday 07:30 (Europe/Berlin) (new).',
    ),
    book.versions[0].changes.join('\n'),
  )
  assert.equal(book.memberCount, 1)
  const again = await admin.call('POST', '/api/plans', { body: { content: json.content } })
  assert.deepEqual(again.json.changed, [], 'the text that was told changes nothing')
  assert.equal(parsePlans(json.content).length, 1)
})

test('customers and members are found by name and id, whatever their capitals and accents', async () => {
  await using admin = await openAdminWorld({ plan })
  for (const [customerId, name] of [
    ['c1', 'Inês Carvalho'],
    ['c2', 'Harbor Studio'],
    ['c3', 'Zoë and Co'],
  ]) {
    await admin.call('POST', '/api/customers', { body: { customerId, name } })
  }
  for (const [memberId, name] of [
    ['m1', 'Ana Ribeiro'],
    ['m2', 'André Lima'],
  ]) {
    const body = { memberId, name, planId: 'test' }
    await admin.call('POST', '/api/customers/c2/members', { body })
  }
  const found = async (path: string, what: 'customers' | 'members'): Promise<readonly string[]> =>
    (await admin.call('GET', path)).json[what].map(
      (row: { customerId: string; memberId?: string }) => row.memberId ?? row.customerId,
    )

  assert.deepEqual(await found('/api/customers?search=ines', 'customers'), ['c1'])
  assert.deepEqual(await found('/api/customers?search=CO', 'customers'), ['c3'])
  assert.deepEqual(await found('/api/customers?search=c2', 'customers'), ['c2'])
  assert.deepEqual(await found('/api/customers?search=nobody', 'customers'), [])
  assert.deepEqual(await found('/api/customers/c2/members?search=andre', 'members'), ['m2'])
  const first = (await admin.call('GET', '/api/customers?search=c&rowsMax=2')).json
  const rest = await found(
    `/api/customers?search=c&rowsMax=2&afterPosition=${first.afterPosition}`,
    'customers',
  )
  assert.deepEqual(rest, ['c2', 'c3'])
})

test('the list of customers says whose limit is fullest, and a customer without members has none', async () => {
  await using admin = await openAdminWorld({ plan })
  await admin.ask()
  await admin.call('POST', '/api/customers', { body: { customerId: 'empty', name: 'Empty' } })

  const { customers } = (await admin.call('GET', '/api/customers?withLimits=true')).json
  const members = (await admin.call('GET', '/api/customers/acme/members?withLimits=true')).json
  const bare = (await admin.call('GET', '/api/customers')).json

  assert.deepEqual(customers[0].fullest, {
    member: { id: 'ada', name: null },
    title: 'Session',
    usedPercent: 45,
  })
  assert.equal(customers[1].fullest, null)
  assert.equal(members.members[0].limits[0].usedPercent, 45)
  assert.equal(bare.customers[0].fullest, undefined)
})

test('a seat preview says what another plan changes for one member, and seats nobody', async () => {
  await using admin = await openAdminWorld({ plan })
  await admin.ask()
  const small = {
    name: 'Small',
    limits: {
      session: { money: '0.002', window: { kind: 'session', hours: 5 } },
      day: { requests: 3, window: { kind: 'day' } },
    },
  }
  await admin.call('POST', '/api/plans', {
    body: { content: JSON.stringify({ plans: { small } }) },
  })
  const member = '/api/customers/acme/members/ada'

  const { status, json } = await admin.call('GET', `${member}/seat-preview?planId=small`)
  const unknown = await admin.call('GET', `${member}/seat-preview?planId=none`)

  assert.equal(status, 200)
  assert.equal(json.planName, 'Small')
  const [session, day] = json.limits
  assert.deepEqual(
    [session.now.amount, session.next.amount, session.next.used, session.wouldBeUp],
    ['10000000', '2000000', '4500000', true],
  )
  assert.deepEqual([day.now, day.next.amount, day.wouldBeUp], [null, '3', false])
  assert.ok(json.sentences.some((text: string) => text.startsWith('Session: lowered')))
  assert.equal(unknown.status, 404)
  assert.equal((await admin.call('GET', member)).json.planId, 'test')
})

test('of thousands of customers a search reads those that it shows', async () => {
  await using admin = await openAdminWorld({ plan })
  const { storage } = admin.world.parts
  const terms = { zone: 'UTC', isExtraUsageOn: false, cap: { kind: 'unlimited' } } as const
  const bounds = { overrunMaxNanos: 0n, runningMax: 10, isStrict: false }
  for (let first = 0; first < 3000; first += 1000) {
    await Promise.all(
      Array.from({ length: 1000 }, (_none, index) => {
        const id = customerId(`many-${first + index}`)
        const command = { operationId: operationId(`open ${id}`), actor: 'test', customerId: id }
        const name = `Customer ${first + index}`
        return openCustomer(admin.world.parts, { ...command, name, ...terms, ...bounds })
      }),
    )
  }
  let read = 0
  const original = storage.updateCustomer.bind(storage)
  storage.updateCustomer = ((...args: Parameters<typeof original>) => {
    read += 1
    return original(...args)
  }) as typeof storage.updateCustomer

  const { json } = await admin.call('GET', '/api/customers?search=customer%202999')

  assert.deepEqual(
    json.customers.map(({ customerId }: { customerId: string }) => customerId),
    ['many-2999'],
  )
  assert.ok(read <= 2, `${read} customers were read`)
})
