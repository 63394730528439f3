import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { moneyNanosMax, nanosPerUnit } from '../../src/core/money.ts'
import { StorageUnavailableError } from '../../src/storage/storage.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'

const topUps = '/api/customers/acme/top-ups'
const fiveDollars = { amountNanos: String(5n * nanosPerUnit) }
const positionOf = ({ world }: AdminWorld): number => world.parts.storage.durablePosition

async function balanceOf(admin: AdminWorld): Promise<bigint> {
  return BigInt((await admin.call('GET', '/api/customers/acme')).json.balanceNanos)
}

test('L4: the same top-up, sent again or twenty times at once, is applied once', async () => {
  await using admin = await openAdminWorld()

  const first = await admin.call('POST', topUps, { key: 'order-1', body: fiveDollars })
  const again = await admin.call('POST', topUps, { key: 'order-1', body: fiveDollars })
  const many = await Promise.all(
    Array.from({ length: 20 }, () =>
      admin.call('POST', topUps, { key: 'order-2', body: fiveDollars }),
    ),
  )

  assert.equal(first.status, 200)
  assert.equal(again.json.grantId, first.json.grantId)
  assert.deepEqual(new Set(many.map(({ status }) => status)), new Set([200]))
  assert.equal(new Set(many.map(({ json }) => json.grantId)).size, 1)
  assert.equal(await balanceOf(admin), 10n * nanosPerUnit)
})

test('L4: every command can be repeated under its key, and is done once', async () => {
  await using admin = await openAdminWorld()
  await admin.ask()
  const member = '/api/customers/acme/members/ada'
  const commands: readonly (readonly [string, unknown])[] = [
    ['/api/customers', { name: 'New' }],
    ['/api/customers/acme/status', { isActive: true }],
    ['/api/customers/acme/gifts', fiveDollars],
    ['/api/customers/acme/extra-usage', { isOn: true }],
    ['/api/customers/acme/spend-cap', { cap: { kind: 'capped', amountNanos: '1' } }],
    ['/api/customers/acme/members', { name: 'Bob', planId: 'test' }],
    [`${member}/status`, { isActive: true }],
    [`${member}/extra-usage`, { isOn: false }],
    [`${member}/spend-cap`, { cap: { kind: 'unlimited' } }],
    ['/api/customers/acme/auto-reload', { kind: 'off' }],
    ['/api/customers/acme/standing-order', { monthMaxNanos: '0' }],
    [`${member}/exceptions`, { limitId: 'session', most: { kind: 'unlimited' } }],
    [`${member}/gift-reset`, {}],
    [`${member}/keys`, { name: 'laptop' }],
  ]

  for (const [index, [path, body]] of commands.entries()) {
    const key = `once-${index}`
    const first = await admin.call('POST', path, { key, body })
    const position = positionOf(admin)
    const again = await admin.call('POST', path, { key, body })

    assert.equal(first.status, 200, `${path}: ${first.text}`)
    assert.deepEqual(again.json, first.json, path)
    assert.equal(positionOf(admin), position, path)
  }
})

test('the same key with other content is a conflict, and changes nothing', async () => {
  await using admin = await openAdminWorld()
  await admin.call('POST', topUps, { key: 'order-1', body: fiveDollars })
  const position = positionOf(admin)

  const other = await admin.call('POST', topUps, { key: 'order-1', body: { amountNanos: '6' } })

  assert.equal(other.status, 409)
  assert.equal(other.json.error.code, 'operation_conflict')
  assert.equal(await balanceOf(admin), 5n * nanosPerUnit)
  assert.equal(positionOf(admin), position)
})

test('L4: whichever part of a command is another one under the same key, it is a conflict', async () => {
  await using admin = await openAdminWorld()
  const acme = '/api/customers/acme'
  const [ada, bob] = [`${acme}/members/ada`, `${acme}/members/bob`]
  await admin.call('POST', `${acme}/members`, {
    body: { memberId: 'bob', name: 'Bob', planId: 'test' },
  })
  const keyOf = async (name: string): Promise<string> => {
    const { json } = await admin.call('POST', `${bob}/keys`, { body: { name } })
    return `${acme}/keys/${json.keyId}/revoke`
  }
  const reload = { kind: 'on', thresholdNanos: '1', amountNanos: '2', monthMaxNanos: '3' }
  const cap = { kind: 'capped', amountNanos: '1' }
  const isOn = { isOn: true }
  const most = { kind: 'amount', amount: '7' }
  const exception = { limitId: 'session', most, untilMs: 4e12 }
  const opened = { customerId: 'new', name: 'New', zone: 'UTC', isExtraUsageOn: false, cap }
  type Sent = readonly [string, object]
  const commands: readonly (readonly [Sent, ...Sent[]])[] = [
    [
      ['/api/customers', opened],
      ['/api/customers', { ...opened, zone: 'Europe/Berlin' }],
      ['/api/customers', { ...opened, isExtraUsageOn: true }],
      ['/api/customers', { ...opened, cap: { ...cap, amountNanos: '2' } }],
    ],
    [
      [topUps, fiveDollars],
      [topUps, { ...fiveDollars, expiresAtMs: 4e12 }],
      [`${acme}/gifts`, fiveDollars],
    ],
    [
      [`${acme}/extra-usage`, isOn],
      [`${acme}/extra-usage`, { isOn: false }],
      [`${ada}/extra-usage`, isOn],
    ],
    [
      [`${ada}/spend-cap`, { cap }],
      [`${ada}/spend-cap`, { cap: { ...cap, amountNanos: '2' } }],
      [`${ada}/spend-cap`, { cap: { kind: 'unlimited' } }],
      [`${bob}/spend-cap`, { cap }],
      [`${acme}/spend-cap`, { cap }],
    ],
    [
      [`${ada}/status`, { isActive: true }],
      [`${ada}/status`, { isActive: false }],
      [`${bob}/status`, { isActive: true }],
    ],
    [
      [`${acme}/auto-reload`, reload],
      [`${acme}/auto-reload`, { ...reload, thresholdNanos: '2' }],
      [`${acme}/auto-reload`, { ...reload, amountNanos: '3' }],
      [`${acme}/auto-reload`, { ...reload, monthMaxNanos: '4' }],
    ],
    [
      [`${acme}/standing-order`, { monthMaxNanos: '5' }],
      [`${acme}/standing-order`, { monthMaxNanos: '6' }],
    ],
    [
      [`${ada}/exceptions`, exception],
      [`${ada}/exceptions`, { ...exception, most: { ...most, amount: '8' } }],
      [`${ada}/exceptions`, { ...exception, most: { kind: 'unlimited' } }],
      [`${ada}/exceptions`, { ...exception, untilMs: 4e12 + 1 }],
      [`${ada}/exceptions`, { ...exception, untilMs: null }],
      [`${bob}/exceptions`, exception],
    ],
    [
      [`${ada}/keys`, {}],
      [`${bob}/keys`, {}],
    ],
    [
      [await keyOf('one'), {}],
      [await keyOf('two'), {}],
    ],
  ]

  for (const [index, [[path, body], ...others]] of commands.entries()) {
    const key = `parts-${index}`
    const first = await admin.call('POST', path, { key, body })
    assert.equal(first.status, 200, `${path}: ${first.text}`)
    const position = positionOf(admin)
    for (const [otherPath, otherBody] of others) {
      const other = await admin.call('POST', otherPath, { key, body: otherBody })
      const what = `${otherPath} ${JSON.stringify(otherBody)}`
      assert.deepEqual([other.status, other.json.error?.code], [409, 'operation_conflict'], what)
    }
    assert.equal(positionOf(admin), position, path)
  }
})

test('a customer that is there is opened once, whatever the key of a second opening', async () => {
  await using admin = await openAdminWorld()
  const before = await admin.call('GET', '/api/customers/acme')
  const position = positionOf(admin)

  const body = { customerId: 'acme', name: 'Another', zone: 'Asia/Tokyo', isExtraUsageOn: true }
  const again = await admin.call('POST', '/api/customers', { body })

  assert.deepEqual([again.status, again.json.error.code], [409, 'operation_conflict'])
  assert.equal(positionOf(admin), position)
  assert.deepEqual((await admin.call('GET', '/api/customers/acme')).json, before.json)
})

test('amounts that are not whole nanos above zero are refused in a sentence that names the field', async () => {
  await using admin = await openAdminWorld()
  const position = positionOf(admin)
  const amounts: readonly unknown[] = [
    '-5000000000',
    '0',
    '5.5',
    '1e9',
    '٥',
    '５',
    ' 5',
    '5 ',
    '+5',
    '0x10',
    '',
    '$5',
    (moneyNanosMax + 1n).toString(),
    '99999999999999999999999999',
    5,
    5.5,
    -1,
    null,
    true,
    [],
    {},
  ]

  for (const amountNanos of amounts) {
    for (const path of [topUps, '/api/customers/acme/gifts']) {
      const { status, json } = await admin.call('POST', path, { body: { amountNanos } })
      assert.equal(status, 400, JSON.stringify(amountNanos))
      assert.equal(json.error.code, 'invalid_request')
      assert.match(json.error.message, /^amountNanos: [a-z].{10,}\.$/, JSON.stringify(amountNanos))
      assert.equal(json.error.problems[0].path, 'amountNanos')
    }
    if (amountNanos === '0') continue
    const cap = { kind: 'capped', amountNanos }
    const capped = await admin.call('POST', '/api/customers/acme/spend-cap', { body: { cap } })
    assert.equal(capped.json.error.problems[0].path, 'cap.amountNanos')
  }
  assert.equal(positionOf(admin), position)
  assert.equal(await balanceOf(admin), 0n)
})

test('L6: balances above 2^63 nanos stay exact', async () => {
  await using admin = await openAdminWorld()
  const most = { amountNanos: moneyNanosMax.toString() }

  for (let index = 0; index < 3; index++) await admin.call('POST', topUps, { body: most })
  await admin.call('POST', topUps, { body: { amountNanos: '1' } })

  const history = (await admin.call('GET', '/api/customers/acme/history')).json
  assert.equal(await balanceOf(admin), 3n * moneyNanosMax + 1n)
  assert.equal(history.addsUp, true)
  assert.equal(history.closingNanos, String(3n * moneyNanosMax + 1n))
  const report = await verifyReport(admin)
  assert.deepEqual([report.faults, report.drifts], [[], []])
})

test('bodies that can be read in more than one way, or not at all, are refused and change nothing', async () => {
  await using admin = await openAdminWorld()
  const position = positionOf(admin)
  const cases: readonly (readonly [string, number, string])[] = [
    ['', 400, 'invalid_json'],
    ['{', 400, 'invalid_json'],
    ['{"amountNanos":"5","amountNanos":"500"}', 400, 'invalid_json'],
    ['{"amountNanos":"5"}{}', 400, 'invalid_json'],
    ['[]', 400, 'invalid_request'],
    ['null', 400, 'invalid_request'],
    ['"5"', 400, 'invalid_request'],
    ['{"amountNanos":"5","amount":"5"}', 400, 'invalid_request'],
    ['{"amountNanos":"5","__proto__":{"expiresAtMs":1}}', 400, 'invalid_request'],
    ['{"amountNanos":"5","expiresAtMs":"soon"}', 400, 'invalid_request'],
    ['{"amountNanos":"5","expiresAtMs":1}', 422, 'invalid_expiry'],
    [`{"amountNanos":"5","x":"${'x'.repeat(600_000)}"}`, 413, 'body_too_large'],
  ]

  for (const [text, status, code] of cases) {
    const refused = await admin.call('POST', topUps, { text })
    assert.equal(refused.status, status, text.slice(0, 60))
    assert.equal(refused.json.error.code, code, text.slice(0, 60))
  }
  const plain = await admin.call('POST', topUps, {
    body: fiveDollars,
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(plain.json.error.code, 'media_type')
  for (const key of [null, '', 'with space', 'x'.repeat(101), 'schlüssel']) {
    const refused = await admin.call('POST', topUps, {
      key: null,
      body: fiveDollars,
      ...(key === null
        ? {}
        : { headers: { 'idempotency-key': encodeURI(key) === key ? key : 'ü' } }),
    })
    assert.equal(refused.json.error.code, 'idempotency_key_missing', String(key))
  }
  assert.equal(positionOf(admin), position)
})

test('O4: only the switch command moves a switch, whatever else is done', async () => {
  await using admin = await openAdminWorld()
  const member = '/api/customers/acme/members/ada'
  const plans = readFileSync(join(import.meta.dirname, '../../docs/examples/plans.json'), 'utf8')
  const others: readonly (readonly [string, unknown])[] = [
    [topUps, fiveDollars],
    ['/api/customers/acme/gifts', fiveDollars],
    ['/api/customers/acme/spend-cap', { cap: { kind: 'capped', amountNanos: '1' } }],
    ['/api/customers/acme/spend-cap', { cap: { kind: 'unlimited' } }],
    ['/api/customers/acme/status', { isActive: false }],
    ['/api/customers/acme/status', { isActive: true }],
    [`${member}/spend-cap`, { cap: { kind: 'unlimited' } }],
    [`${member}/status`, { isActive: false }],
    [`${member}/status`, { isActive: true }],
    [`${member}/keys`, {}],
    ['/api/plans', { content: plans }],
    ['/api/customers/acme/members', { memberId: 'ada', planId: 'pro' }],
    [
      '/api/customers/acme/auto-reload',
      { kind: 'on', thresholdNanos: '1', amountNanos: '1', monthMaxNanos: '1' },
    ],
    ['/api/customers/acme/standing-order', { monthMaxNanos: '1' }],
    [`${member}/exceptions`, { limitId: 'session', most: { kind: 'amount', amount: '0' } }],
    [`${member}/gift-reset`, {}],
    ['/api/verify', { isHealing: true }],
  ]
  const switches = async (): Promise<readonly boolean[]> => {
    const { extraUsage } = (await admin.call('GET', `${member}/usage`)).json.figures
    return [extraUsage.isOnForCustomer, extraUsage.isOnForMember]
  }
  await admin.ask()

  for (const [customer, own] of [
    [true, false],
    [false, true],
    [true, true],
    [false, false],
  ]) {
    await admin.call('POST', '/api/customers/acme/extra-usage', { body: { isOn: customer } })
    await admin.call('POST', `${member}/extra-usage`, { body: { isOn: own } })
    for (const [path, body] of others) {
      await admin.call('POST', path, { body })
      assert.deepEqual(await switches(), [customer, own], path)
    }
  }
})

test('W4: a gifted reset gives back what was used, and moves no reset time', async () => {
  await using admin = await openAdminWorld()
  const member = '/api/customers/acme/members/ada'
  await admin.ask()
  const before = (await admin.call('GET', `${member}/usage`)).json.figures.limits[0]

  const given = await admin.call('POST', `${member}/gift-reset`, { body: {} })
  const again = await admin.call('POST', `${member}/gift-reset`, { body: {} })

  const after = (await admin.call('GET', `${member}/usage`)).json.figures.limits[0]
  assert.deepEqual(given.json.credited, [{ limitId: 'session', amount: '4500000', unit: 'money' }])
  assert.equal(again.status, 409)
  assert.equal(again.json.error.code, 'nothing_to_credit')
  assert.deepEqual([after.used, after.resetMs], ['0', before.resetMs])
})

test('the history of a customer adds up, page by page, to the balance that the gate decides on', async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  await world.turnOnExtraUsage(5n * nanosPerUnit)
  await admin.call('POST', '/api/customers/acme/members', {
    body: { memberId: 'bob', name: 'Bob', planId: 'test' },
  })
  await Promise.all(Array.from({ length: 3 }, () => admin.ask()))

  const pages = []
  let before = ''
  do {
    const page = (await admin.call('GET', `/api/customers/acme/history?rowsMax=2${before}`)).json
    pages.push(page)
    before = page.beforePosition === null ? '' : `&beforePosition=${page.beforePosition}`
  } while (before !== '')

  assert.ok(pages.length >= 3)
  assert.ok(pages.every(({ addsUp }) => addsUp))
  assert.equal(pages[0].closingNanos, String(await balanceOf(admin)))
  for (const [index, page] of pages.entries()) {
    const older: { closingNanos: string } | undefined = pages[index + 1]
    assert.equal(page.openingNanos, older === undefined ? '0' : older.closingNanos)
  }
})

test('what does not exist is said to be unknown, with a way to find what does', async () => {
  await using admin = await openAdminWorld()
  const position = positionOf(admin)
  const cases: readonly (readonly [string, string, unknown, string])[] = [
    ['GET', '/api/customers/nobody', null, 'unknown_scope'],
    ['GET', '/api/customers/nobody/history', null, 'unknown_scope'],
    ['GET', '/api/customers/acme/members/nobody/usage', null, 'unknown_scope'],
    ['GET', '/api/customers/nobody/members', null, 'unknown_scope'],
    ['POST', '/api/customers/nobody/top-ups', fiveDollars, 'unknown_scope'],
    ['GET', '/api/customers/nobody/auto-reload', null, 'unknown_scope'],
    ['POST', '/api/customers/nobody/auto-reload', { kind: 'off' }, 'unknown_scope'],
    ['POST', '/api/customers/nobody/standing-order', { monthMaxNanos: '1' }, 'unknown_scope'],
    ['POST', '/api/customers/nobody/extra-usage', { isOn: true }, 'unknown_scope'],
    ['POST', '/api/customers/acme/members/nobody/extra-usage', { isOn: true }, 'unknown_scope'],
    ['POST', '/api/customers/acme/members/nobody/keys', {}, 'unknown_scope'],
    ['POST', '/api/customers/acme/members/nobody/gift-reset', {}, 'unknown_scope'],
    ['POST', '/api/customers/acme/members', { name: 'Bob', planId: 'none' }, 'unknown_plan'],
    ['POST', '/api/customers/acme/keys/key_none/revoke', {}, 'unknown_key'],
    ['GET', '/api/decisions/dn_none', null, 'decision_unknown'],
    ['GET', '/api/decisions/hold_none', null, 'decision_unknown'],
    ['GET', '/api/decisions/al_none', null, 'decision_unknown'],
    ['GET', '/api/nothing', null, 'not_found'],
    ['GET', '/nothing', null, 'not_found'],
  ]

  for (const [method, path, body, code] of cases) {
    const { status, json } = await admin.call(method, path, { body })
    assert.equal(status, 404, path)
    assert.equal(json.error.code, code, path)
    assert.match(json.error.message, /\.$/, path)
    assert.match(json.error.remedy, /.+/, path)
  }
  assert.equal(positionOf(admin), position)
})

test('a client that was given the address of the pages is told where the gateway is, and not by a 404', async () => {
  await using admin = await openAdminWorld()
  const { status, json } = await admin.call('POST', '/v1/messages', { body: {} })

  assert.equal(status, 400)
  assert.equal(json.type, 'error')
  assert.equal(json.error.code, 'not_the_gateway')
  assert.match(json.error.message, /Clients talk to the gateway: http/)
})

test('a plans file with mistakes is refused with each named, and publishes nothing', async () => {
  await using admin = await openAdminWorld()
  const position = positionOf(admin)

  for (const content of [
    '{',
    '{"plans":{"pro":{"name":"Pro","limits":{"s":{"money":"-1"}}}}}',
    '{"plans":[]}',
  ]) {
    const { status, json } = await admin.call('POST', '/api/plans', { body: { content } })
    assert.equal(status, 422, content)
    assert.equal(json.error.code, 'plans_file_invalid')
  }
  assert.equal(positionOf(admin), position)
})

async function verifyReport(admin: AdminWorld) {
  const { text } = await admin.call('POST', '/api/verify', { body: {} })
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(lines.at(-1).kind, 'report', text)
  return lines.at(-1).report
}

test('verify tells how far it is and ends with its report', async () => {
  await using admin = await openAdminWorld()
  await admin.ask()

  const report = await verifyReport(admin)

  assert.deepEqual([report.faults, report.drifts, report.openHoldCount], [[], [], 0])
  assert.equal(report.memberCount, 1)
})

test('D12: while storage is away commands answer 503 and never "out"', async () => {
  let isAway = false
  await using admin = await openAdminWorld({
    wrapStorage: (storage) =>
      new Proxy(storage, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...args: unknown[]): unknown => {
            if (isAway && (name === 'update' || name === 'updateCustomer')) {
              return Promise.reject(new StorageUnavailableError('The disk is full'))
            }
            return Reflect.apply(value, target, args)
          }
        },
      }),
  })
  isAway = true

  const { status, json } = await admin.call('POST', topUps, { key: 'order', body: fiveDollars })
  const usage = await admin.call('GET', '/api/me/usage', { token: admin.world.seat.keyText })
  isAway = false
  const again = await admin.call('POST', topUps, { key: 'order', body: fiveDollars })

  assert.equal(status, 503)
  assert.equal(json.error.code, 'limits_unavailable')
  assert.match(json.error.remedy, /same idempotency key/)
  assert.equal(usage.status, 503)
  assert.equal(again.status, 200)
  assert.equal(await balanceOf(admin), 5n * nanosPerUnit)
})

test('names are kept apart from what could steer a terminal, and ids from what could steer a path', async () => {
  await using admin = await openAdminWorld()
  const names = ['', '   ', 'a\u001b[31mb', 'a\nb', 'a\u202eb', 'a\u0000', 'x'.repeat(101), 5, null]

  for (const name of names) {
    const { status } = await admin.call('POST', '/api/customers', { body: { name } })
    assert.equal(status, 400, JSON.stringify(name))
  }
  for (const customerId of ['', 'a b', '../x', 'a:b', 'ä', 'x'.repeat(65)]) {
    const { status, json } = await admin.call('POST', '/api/customers', {
      body: { name: 'A', customerId },
    })
    assert.equal(status, 400, customerId)
    assert.equal(json.error.problems[0].path, 'customerId')
  }
  const good = await admin.call('POST', '/api/customers', { body: { name: 'Zoë 日本 🚢' } })
  assert.equal(good.json.name, 'Zoë 日本 🚢')
})
