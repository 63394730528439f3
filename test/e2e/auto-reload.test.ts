import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HistoryAnswer } from '../../src/admin/contract/answers.ts'
import type { Nanos } from '../../src/core/money.ts'
import { nanosPerUnit, smaller } from '../../src/core/money.ts'
import { AutoReloads } from '../../src/operations/auto-reload.ts'
import { MoneyBook } from '../../src/operations/money-book.ts'
import { walletBinding } from '../../src/operations/waiting-line.ts'
import { operatorGrant } from '../../src/payments/operator-grant.ts'
import type { PaymentAnswer, PaymentMethod } from '../../src/payments/payments.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { addPerson } from './sign-in-world.ts'
import { sessionPlan } from './world.ts'

const customer = '/api/customers/acme'
const dollars = (amount: number): string => String(BigInt(amount) * nanosPerUnit)
const setting = {
  kind: 'on',
  thresholdNanos: dollars(5),
  amountNanos: dollars(20),
  monthMaxNanos: dollars(50),
}
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const hourMs = 3_600_000

/** A plan that pays nothing, extra usage on, nothing in the wallet. */
async function openReloading(
  terms: {
    readonly clock?: ManualClock
    readonly order?: number
    readonly waitMaxMs?: number
  } = {},
): Promise<AdminWorld> {
  const { order = 1000, ...options } = terms
  const admin = await openAdminWorld({ plan: sessionPlan(0n), ...options })
  await admin.call('POST', `${customer}/extra-usage`, { body: { isOn: true } })
  await admin.call('POST', `${customer}/standing-order`, {
    body: { monthMaxNanos: dollars(order) },
  })
  return admin
}

const turnOn = (admin: AdminWorld) =>
  admin.call('POST', `${customer}/auto-reload`, { body: setting })

const shown = async (admin: AdminWorld) => (await admin.call('GET', `${customer}/auto-reload`)).json

type Watching = { readonly reloads: AutoReloads; [Symbol.asyncDispose](): Promise<void> }

function watch(
  admin: AdminWorld,
  change: { method?: PaymentMethod; storage?: Storage } = {},
): Watching {
  const { storage: opened, clock } = admin.world.parts
  const { storage = opened, method = operatorGrant(storage) } = change
  const reloads = new AutoReloads({ storage, clock, logger: quiet }, method)
  return { reloads, [Symbol.asyncDispose]: () => reloads.close() }
}

/** A way to pay that answers when and what a test says, and counts. */
class SlowMethod implements PaymentMethod {
  readonly name = 'operator_grant'
  readonly keys: string[] = []
  readonly #asked = Promise.withResolvers<void>()
  readonly #answer = Promise.withResolvers<PaymentAnswer>()
  readonly asked = this.#asked.promise
  readonly answer = this.#answer.resolve

  async pay({ key }: { readonly key: string }): Promise<PaymentAnswer> {
    this.keys.push(key)
    this.#asked.resolve()
    return this.#answer.promise
  }
}

async function reloadLines(admin: AdminWorld): Promise<HistoryAnswer['lines']> {
  const { lines, addsUp }: HistoryAnswer = (await admin.call('GET', `${customer}/history`)).json
  assert.ok(addsUp)
  return lines.filter((line) => line.origin === 'auto_reload')
}

/** Takes so much of what is available out of the wallet, of each grant in turn. */
async function spend({ world }: AdminWorld, nanos: Nanos): Promise<void> {
  const { storage } = world.parts
  const { customerId } = world.seat
  await storage.updateCustomer(customerId, ({ customer: { grants } }, { nowMs: atMs }) => {
    let missing = nanos
    const entries = [...grants.values()].flatMap(({ grantId, availableNanos }) => {
      const amount = smaller(missing, availableNanos)
      missing -= amount
      const [from, to] = [`grant:${grantId}:available`, `grant:${grantId}:refunded`]
      const body = { kind: 'refunded' as const, grantId }
      return amount === 0n ? [] : [{ atMs, body, legs: [{ from, to, amount }] }]
    })
    return { answer: undefined, entries }
  })
}

test('O9: turning auto-reload on below the threshold reloads once, and history tells it as a top-up of its own', async () => {
  await using admin = await openReloading()
  await using watching = watch(admin)

  const answered = await turnOn(admin)
  await watching.reloads.settled()

  const after = await shown(admin)
  const lines = await reloadLines(admin)
  const book = await new MoneyBook(admin.world.parts, 'UTC').look()
  assert.ok(book.kind === 'counted')
  assert.equal(book.today.toppedUpNanos, 20n * nanosPerUnit)
  assert.equal(answered.status, 200)
  assert.deepEqual(
    [after.state, after.balanceNanos, after.reloadedNanos, after.reloadCount],
    ['ready', dollars(20), dollars(20), 1],
  )
  assert.deepEqual(
    lines.map(({ kind, title, actor, changeNanos }) => ({ kind, title, actor, changeNanos })),
    [
      {
        kind: 'top_up',
        title: 'Top-up by auto-reload',
        actor: 'auto-reload',
        changeNanos: dollars(20),
      },
    ],
  )
})

test('O9: it is off until somebody turns it on, and stays off once it was turned off', async () => {
  await using admin = await openReloading()
  await using watching = watch(admin)
  await watching.reloads.start()
  await admin.call('POST', `${customer}/top-ups`, { body: { amountNanos: '1' } })
  await watching.reloads.settled()
  const before = await shown(admin)
  await turnOn(admin)
  await watching.reloads.settled()
  await admin.call('POST', `${customer}/auto-reload`, { body: { kind: 'off' } })

  await spend(admin, 1n)
  await admin.call('POST', `${customer}/extra-usage`, { body: { isOn: true } })
  await admin.call('POST', `${customer}/members`, { body: { memberId: 'ada', planId: 'test' } })
  await using again = watch(admin)
  await again.reloads.start()
  await Promise.all([watching.reloads.settled(), again.reloads.settled()])

  assert.deepEqual([before.state, before.reloadCount], ['off', 0])
  assert.equal((await shown(admin)).state, 'off')
  assert.equal((await reloadLines(admin)).length, 1)
})

test('O9: a need that came while nobody looked is met at the next start, and by several who look at once only once', async () => {
  await using admin = await openReloading()
  await turnOn(admin)
  const all = Array.from({ length: 5 }, () => watch(admin).reloads)

  await Promise.all(all.map((reloads) => reloads.start()))
  await Promise.all(all.map((reloads) => reloads.settled()))

  assert.equal((await reloadLines(admin)).length, 1)
  for (const reloads of all) await reloads.close()
})

test('O9: a start meets the needs of all who ever turned it on, however many pages they fill', async () => {
  await using admin = await openReloading()
  const { storage } = admin.world.parts
  const names = ['acme', 'other', 'third', 'fourth']
  for (const name of names) {
    if (name !== 'acme') await admin.world.addSeat(`of-${name}`, { customer: name })
    const of = `/api/customers/${name}`
    await admin.call('POST', `${of}/extra-usage`, { body: { isOn: true } })
    await admin.call('POST', `${of}/standing-order`, { body: { monthMaxNanos: dollars(1000) } })
    await admin.call('POST', `${of}/auto-reload`, { body: setting })
  }
  const inPages: Storage = Object.create(storage, {
    updateCustomer: { value: storage.updateCustomer.bind(storage) },
    onCommit: { value: () => () => undefined },
    entries: {
      value: (query: Parameters<Storage['entries']>[0]) =>
        storage.entries({ ...query, rowsMax: 1 }),
    },
  })
  await using watching = watch(admin, { storage: inPages, method: operatorGrant(storage) })

  await watching.reloads.start()
  await watching.reloads.settled()

  for (const name of names) {
    const { state } = (await admin.call('GET', `/api/customers/${name}/auto-reload`)).json
    const { json } = await admin.call('GET', `/api/customers/${name}`)
    assert.equal(json.balanceNanos, String(setting.amountNanos), `${name} ${state}`)
  }
})

test('O9: a start that could not read who turned it on reads again, and meets every need', async () => {
  const clock = new ManualClock()
  await using admin = await openReloading({ clock })
  const { storage } = admin.world.parts
  await turnOn(admin)
  let readCount = 0
  const failing: Storage = Object.create(storage, {
    updateCustomer: { value: storage.updateCustomer.bind(storage) },
    onCommit: { value: storage.onCommit.bind(storage) },
    entries: {
      value: (...given: Parameters<Storage['entries']>) => {
        readCount += 1
        const away = new StorageUnavailableError('away')
        return readCount === 1 ? Promise.reject(away) : storage.entries(...given)
      },
    },
  })
  await using watching = watch(admin, { storage: failing })

  const started = watching.reloads.start()
  await until(() => {
    clock.pass(60_000)
    return readCount > 1
  })
  await started
  await watching.reloads.settled()

  assert.equal((await reloadLines(admin)).length, 1)
})

test('O9: every settle is looked at: money that real requests spend is reloaded, never beyond the maximum', async () => {
  await using admin = await openReloading()
  await using watching = watch(admin)
  await turnOn(admin)
  await watching.reloads.settled()
  await spend(admin, 15n * nanosPerUnit)
  await watching.reloads.settled()
  const atThreshold = (await shown(admin)).reloadCount

  await admin.ask()
  await watching.reloads.settled()

  const after = await shown(admin)
  assert.equal(atThreshold, 1)
  assert.deepEqual([after.state, after.reloadCount, after.reloadedNanos], ['ready', 2, dollars(40)])
})

test('O9: turned off while a payment is under way, nothing is booked', async () => {
  await using admin = await openReloading()
  const method = new SlowMethod()
  await using watching = watch(admin, { method })
  await turnOn(admin)
  await method.asked

  await admin.call('POST', `${customer}/auto-reload`, { body: { kind: 'off' } })
  method.answer({ kind: 'paid' })
  await watching.reloads.settled()

  assert.deepEqual(await reloadLines(admin), [])
  assert.equal(method.keys.length, 1)
})

test('O9: a payment whose booking failed is asked for again by the same name, and booked once', async () => {
  const clock = new ManualClock()
  await using admin = await openReloading({ clock })
  const { storage } = admin.world.parts
  let isFailing = true
  const failing: Storage = Object.create(storage, {
    updateCustomer: {
      value: (...given: Parameters<Storage['updateCustomer']>) =>
        given[2] !== undefined && isFailing
          ? Promise.reject(new StorageUnavailableError('away'))
          : storage.updateCustomer(...given),
    },
    onCommit: { value: storage.onCommit.bind(storage) },
    entries: { value: storage.entries.bind(storage) },
  })
  const method = new SlowMethod()
  method.answer({ kind: 'paid' })
  await using watching = watch(admin, { method, storage: failing })
  await turnOn(admin)
  await watching.reloads.settled()
  const failed = await reloadLines(admin)
  isFailing = false

  clock.pass(60_000)
  await watching.reloads.settled()

  assert.equal(failed.length, 0)
  assert.equal((await reloadLines(admin)).length, 1)
  assert.equal(method.keys.length, 2)
  assert.equal(new Set(method.keys).size, 1)
})

test('O9: a payment without an answer is given up and asked for again by the same name; a stop waits for none', async () => {
  const clock = new ManualClock()
  await using admin = await openReloading({ clock })
  const method = new SlowMethod()
  const { reloads } = watch(admin, { method })
  await turnOn(admin)
  await method.asked
  clock.pass(60_000)
  await reloads.settled()
  clock.pass(60_000)
  await until(() => method.keys.length === 2)

  await reloads.close()

  assert.equal(method.keys.length, 2)
  assert.equal(new Set(method.keys).size, 1)
  assert.deepEqual(await reloadLines(admin), [])
})

test('O9: a refusal stops it with its reason, and is asked again with growing pauses, never in a loop', async () => {
  const clock = new ManualClock()
  await using admin = await openReloading({ clock })
  const method = new SlowMethod()
  method.answer({ kind: 'refused', reason: 'standing_order_used_up' })
  await using watching = watch(admin, { method })
  await turnOn(admin)
  await watching.reloads.settled()
  const counts: number[] = []

  for (const ms of [59_999, 1, 60_000, 60_000, hourMs, hourMs]) {
    clock.pass(ms)
    // What happens in between gives no other answer.
    await admin.call('POST', `${customer}/spend-cap`, { body: { cap: { kind: 'unlimited' } } })
    await watching.reloads.settled()
    counts.push(method.keys.length)
  }

  const { state, stop, stopSentence } = await shown(admin)
  const refusals = await admin.world.parts.storage.entries({ kind: 'reload_refused' })
  assert.deepEqual(counts, [1, 2, 2, 3, 4, 5])
  assert.deepEqual(
    [state, stop.reason, stop.sinceMs],
    ['stopped', 'standing_order_used_up', refusals[0]?.atMs],
  )
  assert.match(
    stopSentence,
    /^Auto-reload stopped: another reload would exceed the operator's standing order/,
  )
  assert.equal(refusals.length, 1)
})

test('O9: without a standing order it stops and says so; with one it goes on at once', async () => {
  await using admin = await openReloading({ order: 0 })
  await using watching = watch(admin)
  await turnOn(admin)
  await watching.reloads.settled()
  const stopped = await shown(admin)

  await admin.call('POST', `${customer}/standing-order`, { body: { monthMaxNanos: dollars(30) } })
  await watching.reloads.settled()

  const { lines }: HistoryAnswer = (await admin.call('GET', `${customer}/history`)).json
  assert.equal(stopped.stop.reason, 'standing_order_missing')
  assert.equal((await shown(admin)).state, 'ready')
  assert.ok(
    lines.some(
      ({ title }) =>
        title ===
        'Auto-reload of $20.00 stopped: the operator has given no standing order that pays for reloads',
    ),
  )
})

test("O9: the month's maximum stops it, and the next month begins by time alone", async () => {
  const clock = new ManualClock(Date.UTC(2026, 10, 30, 22, 30))
  await using admin = await openReloading({ clock })
  await using watching = watch(admin)
  await turnOn(admin)
  for (let count = 0; count < 2; count += 1) {
    await watching.reloads.settled()
    await spend(admin, 20n * nanosPerUnit)
  }
  await watching.reloads.settled()
  const stopped = await shown(admin)

  clock.pass(90 * 60_000)
  await watching.reloads.settled()

  const after = await shown(admin)
  assert.deepEqual([stopped.stop.reason, stopped.reloadCount], ['month_max_reached', 2])
  assert.deepEqual([after.state, after.reloadCount], ['ready', 1])
})

test('O9: credit that expires makes a reload due at that moment, though nobody asks for anything', async () => {
  const clock = new ManualClock()
  await using admin = await openReloading({ clock })
  await using watching = watch(admin)
  const gift = { amountNanos: dollars(10), expiresAtMs: clock.wallMs() + hourMs / 2 }
  const given = await admin.call('POST', `${customer}/gifts`, { body: gift })
  await turnOn(admin)
  await watching.reloads.settled()
  const before = await shown(admin)

  clock.pass(hourMs / 2)
  await watching.reloads.settled()

  const after = await shown(admin)
  assert.equal(given.status, 200, given.text)
  assert.deepEqual([before.state, before.reloadCount], ['ready', 0])
  assert.deepEqual([after.state, after.reloadCount, after.balanceNanos], ['ready', 1, dollars(20)])
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

test('an owner sets the auto-reload of the own customer and nobody else, and its standing order not at all', async () => {
  await using admin = await openReloading()
  await admin.call('POST', '/api/customers', { body: { customerId: 'other', name: 'Other' } })
  const { visitor: owner } = await addPerson(admin, 'owner@acme.example', {
    role: 'owner',
    customerId: 'acme',
  })
  const { visitor: member } = await addPerson(admin, 'ada@acme.example', {
    role: 'member',
    customerId: 'acme',
    memberId: 'ada',
  })
  const order = { body: { monthMaxNanos: dollars(1) } }
  const key = { headers: { 'idempotency-key': 'once' } }

  const own = await owner.call('POST', `${customer}/auto-reload`, { body: setting, ...key })
  const read = await owner.call('GET', `${customer}/auto-reload`)
  const refused = await Promise.all([
    owner.call('POST', '/api/customers/other/auto-reload', { body: setting, ...key }),
    owner.call('GET', '/api/customers/other/auto-reload'),
    owner.call('POST', `${customer}/standing-order`, { ...order, ...key }),
    member.call('POST', `${customer}/auto-reload`, { body: setting, ...key }),
    member.call('GET', `${customer}/auto-reload`),
  ])

  const { lines }: HistoryAnswer = (await admin.call('GET', `${customer}/history`)).json
  assert.deepEqual([own.status, read.status, read.json.setting.kind], [200, 200, 'on'])
  assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([403]))
  const set = lines.find((line) => line.setting?.kind === 'auto_reload_set')
  assert.match(set?.actor ?? '', /^person:/)
})

test('terms that could never work are refused by the API, and change nothing', async () => {
  await using admin = await openReloading()
  const position = admin.world.parts.storage.durablePosition
  const cases: readonly (readonly [object, number, RegExp])[] = [
    [{ ...setting, amountNanos: dollars(4) }, 422, /at least the threshold/],
    [{ ...setting, monthMaxNanos: dollars(19) }, 422, /at least the amount/],
    [{ ...setting, thresholdNanos: '0' }, 400, /thresholdNanos: the amount has to be above zero/],
    [{ ...setting, monthMaxNanos: 50 }, 400, /monthMaxNanos/],
    [{ kind: 'off', amountNanos: '1' }, 400, /amountNanos/],
    [{ kind: 'sometimes' }, 400, /auto-reload is/],
  ]

  for (const [body, status, message] of cases) {
    const answered = await admin.call('POST', `${customer}/auto-reload`, { body })
    assert.equal(answered.status, status, answered.text)
    assert.match(answered.json.error.message, message)
  }
  assert.equal(admin.world.parts.storage.durablePosition, position)
})

test('D4: a request that comes while a reload is due waits for it and passes', async () => {
  await using admin = await openReloading()
  const method = new SlowMethod()
  await using watching = watch(admin, { method })
  await turnOn(admin)
  await method.asked

  let isAnswered = false
  const asked = admin.ask().finally(() => (isAnswered = true))
  const { line } = admin.world.parts
  const wallet = [walletBinding(admin.world.seat.customerId)]
  await until(() => isAnswered || line.isTaken(wallet))
  const isFirstAnswered = isAnswered
  method.answer({ kind: 'paid' })
  const response = await asked
  await watching.reloads.settled()

  assert.equal(isFirstAnswered, false)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-plimsoll-source'), 'extra_usage')
})

test('D15: a request that a reload which is due does not reach in time is told of it', async () => {
  await using admin = await openReloading({ waitMaxMs: 0 })
  await turnOn(admin)

  const response = await admin.ask()

  const id = response.headers.get('x-plimsoll-decision')
  const explained = (await admin.call('GET', `/api/decisions/${id}`)).json
  assert.equal(response.status, 429)
  assert.deepEqual(explained.decision.denial.remedies, ['wait_for_reload'])
  assert.equal(explained.isConfirmed, true)
})
