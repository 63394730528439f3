import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../contract/manual-clock.ts'
import { openAdminWorld } from './admin-world.ts'
import { addPerson } from './sign-in-world.ts'
import { sessionPlan } from './world.ts'

/** What the admin API says about the wallet: switches, cap, balance, and the grants behind it. */

const hourMs = 3_600_000
const startMs = Date.UTC(2026, 10, 22, 12)

test('the grants that are shown add up to the balance, in the order in which they pay', async () => {
  const clock = new ManualClock(startMs)
  await using it = await openAdminWorld({ clock, plan: sessionPlan(1n) })
  const { seat } = it.world
  const customer = `/api/customers/${seat.customerId}`
  await it.call('POST', `${customer}/top-ups`, { body: { amountNanos: '5000000000' } })
  await it.call('POST', `${customer}/gifts`, {
    body: { amountNanos: '1000000000', expiresAtMs: startMs + hourMs },
  })
  await it.call('POST', `${customer}/extra-usage`, { body: { isOn: true } })
  for (let asked = 0; asked < 2; asked += 1) assert.equal((await it.ask()).status, 200)

  const own = await it.call('GET', '/api/me/extra-usage', { token: seat.keyText })
  const ofMember = await it.call('GET', `${customer}/members/${seat.memberId}/extra-usage`)
  const ofCustomer = await it.call('GET', `${customer}/extra-usage`)
  const usage = await it.call('GET', '/api/me/usage', { token: seat.keyText })
  clock.pass(hourMs)
  const later = await it.call('GET', '/api/me/extra-usage', { token: seat.keyText })

  const { grants, balanceNanos, heldNanos, spentNanos, member } = own.json
  assert.deepEqual(ofMember.json, own.json)
  assert.deepEqual(ofCustomer.json.grants, grants)
  assert.equal(ofCustomer.json.member, null)
  assert.deepEqual(
    grants.map((grant: { origin: string }) => grant.origin),
    ['gift', 'top_up'],
  )
  assert.equal(sum(grants, 'availableNanos'), BigInt(balanceNanos) - BigInt(heldNanos))
  assert.equal(sum(grants, 'spentNanos'), BigInt(spentNanos))
  assert.ok(BigInt(spentNanos) > 0n)
  assert.equal(balanceNanos, usage.json.figures.extraUsage.balanceNanos)
  assert.equal(member.spentNanos, spentNanos)
  assert.deepEqual([member.isOn, own.json.isOnForCustomer], [true, true])
  // The gift has expired: what it still had is no part of the balance any more.
  assert.deepEqual(
    later.json.grants.map((grant: { origin: string }) => grant.origin),
    ['top_up'],
  )
  assert.equal(later.json.usedUpCount, 1)
  assert.equal(later.json.balanceNanos, '5000000000')
})

test("a member's key does not open another member's wallet or the customer's own address", async () => {
  await using it = await openAdminWorld()
  const { seat } = it.world
  const customer = `/api/customers/${seat.customerId}`

  const answers = await Promise.all(
    [`${customer}/extra-usage`, `${customer}/members/${seat.memberId}/extra-usage`].map((path) =>
      it.call('GET', path, { token: seat.keyText }),
    ),
  )
  const unknown = await it.call('GET', '/api/customers/nobody/extra-usage')

  assert.deepEqual(
    answers.map(({ status }) => status),
    [403, 403],
  )
  assert.equal(unknown.status, 404)
  assert.equal(unknown.json.error.code, 'unknown_scope')
})

test('an owner hears of every change of its customer, and of no other customer', async () => {
  await using it = await openAdminWorld()
  const { customerId } = it.world.seat
  const other = await it.world.addSeat('eve', { customer: 'other' })
  const { visitor } = await addPerson(it, 'owner@example.com', { role: 'owner', customerId })
  const stop = new AbortController()
  const response = await fetch(`${it.admin.url}/api/customers/${customerId}/events`, {
    headers: { cookie: visitor.cookie(), 'sec-fetch-site': 'same-origin' },
    signal: stop.signal,
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const positions: number[] = []
  const hear = async (): Promise<void> => {
    const { value = '' } = (await reader?.read()) ?? {}
    positions.push(Number(/"position":(\d+)/.exec(value)?.[1]))
  }

  await hear()
  await it.ask(other)
  await it.ask()
  await hear()
  const elsewhere = await visitor.call('GET', '/api/customers/other/events')
  stop.abort()

  const [first = 0, second = 0] = positions
  assert.equal(response.status, 200)
  assert.ok(first > 0 && second > first, String(positions))
  assert.equal(elsewhere.status, 403)
})

const sum = (grants: readonly Record<string, string>[], name: string): bigint =>
  grants.reduce((total, grant) => total + BigInt(grant[name] ?? ''), 0n)
