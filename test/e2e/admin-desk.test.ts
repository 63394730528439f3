import assert from 'node:assert/strict'
import test from 'node:test'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { sessionPlan } from './world.ts'

/** Each message settles at four and a half cents: 1,000 tokens in, 100 out. */
const messageNanos = 4_500_000n
/** Room for two messages. */
const smallPlan = sessionPlan(2n * messageNanos)

async function overview(admin: AdminWorld) {
  const answered = await admin.call('GET', '/api/overview')
  assert.equal(answered.status, 200, answered.text)
  return answered.json
}

test('the overview counts what the gateway did, and adds money up from the journal', async () => {
  await using admin = await openAdminWorld({ plan: smallPlan })
  const { world } = admin
  await admin.ask()
  await admin.ask()
  const refused = await admin.ask()
  await admin.call('POST', '/api/customers/acme/top-ups', { body: { amountNanos: '1000000000' } })
  await admin.call('POST', '/api/customers/acme/gifts', { body: { amountNanos: '5' } })
  await admin.call('POST', '/api/customers/acme/extra-usage', { body: { isOn: true } })
  await admin.ask()
  await fetch(`${world.url}/v1/messages`, { method: 'POST', body: '{}' })

  const { traffic, money, holds, near, clock } = await overview(admin)

  assert.equal(refused.status, 429)
  assert.equal(traffic.totals.plan, 2)
  assert.equal(traffic.totals.extra_usage, 1)
  assert.equal(traffic.totals.limit_reached, 1)
  assert.equal(traffic.totals.unknown_key, 1)
  assert.equal(traffic.totals.decided, 4)
  assert.equal(traffic.totals.tokens, 3300)
  assert.equal(traffic.runningCount, 0)
  assert.deepEqual(
    traffic.refusals.map(({ reason, count }: { reason: string; count: number }) => [reason, count]),
    [
      ['limit_reached', 1],
      ['unknown_key', 1],
    ],
  )
  assert.equal(money.kind, 'counted')
  assert.equal(money.today.planNanos, String(2n * messageNanos))
  assert.equal(money.month.chargedNanos, String(messageNanos))
  assert.equal(money.month.toppedUpNanos, '1000000000')
  assert.equal(money.month.giftedNanos, '5')
  assert.equal(money.month.requests, 3)
  assert.equal(money.position, world.parts.storage.durablePosition)
  assert.equal(holds.count, 0)
  assert.equal(near.members[0].usedPercent, 100)
  assert.equal(near.members[0].title, 'Session')
  assert.equal(clock.isJumpHeld, false)
})

test('money goes on from where it was counted, and equals a count from the beginning', async () => {
  await using admin = await openAdminWorld()
  await admin.ask()
  const first = (await overview(admin)).money
  await admin.ask()
  await admin.ask()
  const second = (await overview(admin)).money

  assert.equal(first.month.requests, 1)
  assert.equal(second.month.requests, 3)
  assert.equal(second.month.planNanos, String(3n * messageNanos))
  assert.equal(second.days.length, 1)
})

test('admitted requests are found by who, what and when, and by each of their ids', async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  const bob = await world.addSeat('bob')
  const zoe = await world.addSeat('zoe', { customer: 'zenith' })
  const first = await admin.ask()
  await admin.ask(bob)
  await admin.ask(zoe)
  const list = async (query: string) => {
    const { status, json, text } = await admin.call('GET', `/api/decisions${query}`)
    assert.equal(status, 200, text)
    return json
  }
  const membersOf = (answer: { requests: { memberId: string }[] }): string[] =>
    answer.requests.map(({ memberId }) => memberId)

  const all = await list('')
  const [newest, , oldest] = all.requests

  assert.deepEqual(membersOf(all), ['zoe', 'bob', 'ada'])
  assert.equal(all.beforePosition, null)
  assert.equal(oldest.end.kind, 'settled')
  assert.equal(oldest.end.costNanos, String(messageNanos))
  assert.equal(oldest.endTitle, 'settled')
  assert.deepEqual(membersOf(await list('?customerId=acme')), ['bob', 'ada'])
  assert.deepEqual(membersOf(await list('?customerId=acme&memberId=bob')), ['bob'])
  assert.deepEqual(membersOf(await list('?memberId=bob')), ['bob'])
  assert.deepEqual(membersOf(await list(`?keyId=${newest.keyId}`)), ['zoe'])
  assert.deepEqual(membersOf(await list('?model=claude-sonnet')), ['zoe', 'bob', 'ada'])
  assert.deepEqual(membersOf(await list('?model=claude-opus')), [])
  assert.deepEqual(membersOf(await list('?source=extra_usage')), [])
  assert.deepEqual(membersOf(await list(`?fromMs=${newest.atMs + 1}`)), [])
  assert.deepEqual(membersOf(await list(`?toMs=${oldest.atMs}`)), [])
  const page = await list('?rowsMax=2')
  assert.deepEqual(membersOf(page), ['zoe', 'bob'])
  const rest = await list(`?rowsMax=2&beforePosition=${page.beforePosition}`)
  assert.deepEqual(membersOf(rest), ['ada'])

  for (const id of [oldest.holdId, first.headers.get('x-plimsoll-decision')]) {
    const { json } = await admin.call('GET', `/api/find?id=${id}`)
    assert.equal(json.kind, 'admitted', id)
    assert.equal(json.request.holdId, oldest.holdId)
  }
  // The scripted upstream gives every request the same id; the newest is meant.
  const byUpstream = await admin.call('GET', `/api/find?id=${oldest.end.upstreamRequestId}`)
  assert.equal(byUpstream.json.request?.holdId, newest.holdId)
  const unknown = await admin.call('GET', '/api/find?id=req_nobody')
  assert.deepEqual(unknown.json, { kind: 'unknown', beforePosition: null })
})

test('refusals are listed while the process runs, and a decision id is enough after that', async () => {
  await using admin = await openAdminWorld({ plan: sessionPlan(1n) })
  const { world } = admin
  await admin.ask()
  const refused = await admin.ask()
  const position = world.parts.storage.durablePosition

  const { json } = await admin.call('GET', '/api/refusals?reason=limit_reached&customerId=acme')

  assert.equal(json.refusals.length, 1)
  const [line] = json.refusals
  assert.equal(line.memberId, 'ada')
  assert.equal(line.decisionId, refused.headers.get('x-plimsoll-decision'))
  assert.match(line.words, /the plan had no room.*extra usage is off/)
  assert.deepEqual((await admin.call('GET', '/api/refusals?reason=reserved')).json.refusals, [])
  assert.deepEqual((await admin.call('GET', '/api/refusals?memberId=bob')).json.refusals, [])
  assert.equal(world.parts.storage.durablePosition, position)
  for (const id of [line.decisionId, line.requestId]) {
    const found = await admin.call('GET', `/api/find?id=${id}`)
    assert.equal(found.json.refusal.decisionId, line.decisionId)
  }
  const { desk: _desk, ...withoutDesk } = admin.apiParts
  const { findAnswer } = await import('../../src/admin/decisions/decision-search.ts')
  const later = await findAnswer(withoutDesk, undefined, { id: line.decisionId })
  assert.equal(later.kind === 'refused' && later.refusal.reason, 'limit_reached')
})

test('the audit log has every administrative act with who did it, and no traffic', async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  await admin.ask()
  const before = (await admin.call('GET', '/api/audit')).json
  await admin.call('POST', '/api/customers/acme/top-ups', { body: { amountNanos: '7000000000' } })
  await admin.call('POST', '/api/me/extra-usage', {
    token: world.seat.keyText,
    body: { isOn: false },
  })
  await admin.call('POST', '/api/verify')
  await admin.call('POST', '/api/customers/acme/members/ada/erase')

  const { json } = await admin.call('GET', '/api/audit')
  const added = json.lines.slice(0, json.lines.length - before.lines.length)
  const told = added.map(({ act, title, actorName }: Record<string, string>) => [
    act,
    title,
    actorName,
  ])

  assert.deepEqual(told.slice(2), [
    ['extra_usage', 'Extra usage turned off for the member', told[2][2]],
    ['money', 'Top-up of $7.00', 'The operator token'],
  ])
  assert.match(told[2][2], /^Key /)
  assert.equal(told[0][0], 'erasure')
  assert.equal(added[0].member.id, 'ada')
  assert.equal(told[1][0], 'storage')
  assert.match(
    told[1][1],
    /^The journal was verified, [\d,]+ entries, 0 faults, 0 stored sums that differed$/,
  )
  const kinds = new Set(json.lines.map(({ act }: { act: string }) => act))
  assert.deepEqual(
    [...kinds].map(String).toSorted((one, other) => one.localeCompare(other)),
    [
      'customers',
      'erasure',
      'extra_usage',
      'keys',
      'money',
      'plans',
      'prices',
      'seats',
      'server',
      'storage',
    ],
  )
})

test('plans that the operator applies are the operator’s act', async () => {
  await using admin = await openAdminWorld()
  const limits = { day: { requests: 5, window: { kind: 'day', zone: 'UTC' } } }
  const content = JSON.stringify({ plans: { gold: { name: 'Gold', price: '0', limits } } })

  const applied = await admin.call('POST', '/api/plans', { body: { content } })
  const { json } = await admin.call('GET', '/api/audit?act=plans&rowsMax=1')

  assert.equal(applied.status, 200, applied.text)
  assert.equal(json.lines[0].title, 'Plan gold became version 1')
  assert.equal(json.lines[0].actor, 'operator')
})

test('the audit log is filtered, paged without gap or repeat, and exported whole', async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  for (let cents = 1; cents <= 7; cents += 1) {
    await admin.call('POST', '/api/customers/acme/top-ups', { body: { amountNanos: `${cents}` } })
    if (cents % 3 === 0) await admin.call('POST', '/api/verify')
  }
  const all = (await admin.call('GET', '/api/audit?rowsMax=200')).json.lines.map(
    ({ id }: { id: string }) => id,
  )

  const paged: string[] = []
  for (let place = ''; ;) {
    const { json } = await admin.call('GET', `/api/audit?rowsMax=3${place}`)
    paged.push(...json.lines.map(({ id }: { id: string }) => id))
    if (json.before === null) break
    // What is done meanwhile moves no page.
    if (paged.length === 6) {
      await admin.call('POST', '/api/customers/acme/gifts', { body: { amountNanos: '1' } })
    }
    place = `&before=${json.before}`
  }

  assert.deepEqual(paged, all)
  const titles = async (query: string): Promise<string[]> =>
    (await admin.call('GET', `/api/audit?rowsMax=200&${query}`)).json.lines.map(
      ({ title }: { title: string }) => title,
    )
  assert.equal((await titles('act=money')).length, 8)
  assert.equal((await titles('act=storage')).length, 2)
  assert.equal((await titles('actor=operator&act=money&customerId=acme')).length, 8)
  assert.equal((await titles('actor=operator&customerId=nobody')).length, 0)
  assert.equal((await titles(`fromMs=${world.parts.storage.recordNowMs() + 1}`)).length, 0)
  assert.equal((await admin.call('GET', '/api/audit?act=nothing')).status, 400)

  const csv = await admin.call('GET', '/api/audit/export')
  const json = JSON.parse((await admin.call('GET', '/api/audit/export?format=json')).text)
  assert.equal(csv.text.trimEnd().split('\n').length, all.length + 2)
  assert.equal(json.length, all.length + 1)
  assert.match(csv.headers.get('content-disposition') ?? '', /plimsoll-audit\.csv/)
})

test('no name in an export of the audit log is a formula to a spreadsheet', async () => {
  await using admin = await openAdminWorld()
  const names = ['=HYPERLINK("http://x")', '+1+2', '-2+3', '@SUM(A1)', '\uFF1D1+1', '\uFF201']
  for (const [index, name] of names.entries()) {
    const body = { customerId: `c${index}`, name, zone: 'UTC' }
    const opened = await admin.call('POST', '/api/customers', { body })
    assert.equal(opened.status, 200, opened.text)
  }

  const { text } = await admin.call('GET', '/api/audit/export')

  const cells = text
    .trimEnd()
    .split('\n')
    .flatMap((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)])
    .map(([, cell = '']) => cell.replace(/^"|"$/g, '').replaceAll('""', '"'))
  for (const name of names) assert.ok(cells.includes(`'${name}`), `${name} stands as a text`)
  assert.deepEqual(
    cells.filter((cell) => /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell)),
    [],
  )
})

test('settings say their value and who said it, and storage how it fares', async () => {
  await using admin = await openAdminWorld()
  await admin.ask()
  await admin.call('POST', '/api/verify')

  const { json, text } = await admin.call('GET', '/api/settings')
  const storage = (await admin.call('GET', '/api/storage')).json

  const named = (name: string) => json.settings.find((row: { name: string }) => row.name === name)
  assert.deepEqual(
    [named('waitersMax').value, named('waitersMax').source, named('waitersMax').where],
    ['3', 'flag', '--waiters-max'],
  )
  assert.equal(named('upstreamKey').value, '[secret]')
  assert.doesNotMatch(text, /not-to-be-seen/)
  assert.equal(storage.position, admin.world.parts.storage.durablePosition)
  assert.equal(storage.lastVerify.faultCount, 0)
  assert.deepEqual(storage.problems, [])
  assert.deepEqual(storage.drifts, [])
})

test('the desk is the operator’s alone', async () => {
  await using admin = await openAdminWorld()
  const { world } = admin
  const paths = [
    'overview',
    'overview/events',
    'decisions',
    'refusals',
    'find?id=hold_x',
    'audit',
    'audit/export',
    'settings',
    'storage',
  ]

  for (const path of paths) {
    const { status } = await admin.call('GET', `/api/${path}`, { token: world.seat.keyText })
    assert.equal(status, 403, path)
  }
})

test('a stream tells the overview of commits and of refusals, which commit nothing', async () => {
  await using admin = await openAdminWorld({ plan: sessionPlan(1n) })
  const { admin: server, token } = admin
  const cut = new AbortController()
  const response = await fetch(`${server.url}/api/overview/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: cut.signal,
  })
  assert.ok(response.body !== null)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const events = async (count: number): Promise<string> => {
    let text = ''
    while (text.split('event: overview').length <= count) text += (await reader.read()).value ?? ''
    return text
  }

  assert.match(await events(1), /^event: overview\ndata: \{"position":\d+\}\n\n/)
  await admin.ask()
  await events(1)
  await admin.ask()
  await events(1)
  cut.abort()
})
