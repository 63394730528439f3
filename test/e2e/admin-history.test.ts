import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { historyFile } from '../../src/admin/members/history-file.ts'
import { exportHistory, type ExportPart } from '../../src/operations/export-history.ts'
import { history, type HistoryQuery } from '../../src/operations/history.ts'
import { customerId } from '../../src/core/ids.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { useTokens } from './used-tokens.ts'
import { sessionPlan, type Seat } from './world.ts'

/** History at the admin API: filters, pages, files, and one request in full. */

// oxlint-disable-next-line typescript/no-explicit-any -- assertions check its shape
type Answer = any

const hourMs = 3_600_000
const noonMs = Date.UTC(2026, 10, 22, 12)
const one = (seat: Seat): string => `/api/customers/${seat.customerId}/members/${seat.memberId}`

type Life = AdminWorld & { readonly clock: ManualClock; readonly bob: Seat }

/** Some requests on the plan, some on extra usage, settings and grants, by two members, an hour apart. */
async function openLife(): Promise<Life> {
  const clock = new ManualClock(noonMs)
  const it = await openAdminWorld({ clock, plan: sessionPlan(50n) })
  const { parts, seat } = it.world
  const bob = await it.world.addSeat('bob')
  await it.world.turnOnExtraUsage(100_000n)
  for (let count = 1; count <= 12; count += 1) {
    const who = count % 4 === 0 ? bob : seat
    const model = count % 3 === 0 ? 'haiku' : 'opus'
    await useTokens(parts, who, {
      model,
      usage: { input: 40 + count, output: 1 },
      upstreamRequestId: `req_up_${count}`,
    })
    clock.pass(hourMs)
  }
  const switchOf = (isOn: boolean) =>
    it.call('POST', '/api/customers/acme/extra-usage', { body: { isOn } })
  await switchOf(false)
  await switchOf(true)
  await it.call('POST', '/api/customers/acme/spend-cap', {
    body: { cap: { kind: 'capped', amountNanos: '90000' } },
  })
  await it.call('POST', '/api/customers/acme/gifts', { body: { amountNanos: '77' } })
  return Object.assign(it, { clock, bob })
}

const get = async (it: AdminWorld, path: string): Promise<Answer> => {
  const answered = await it.call('GET', path)
  assert.equal(answered.status, 200, answered.text)
  return answered.json
}

const kindsOf = (answer: Answer): readonly string[] =>
  answer.lines.map((line: Answer) => line.setting?.kind ?? line.kind)

describe('a filtered history', () => {
  const filters: readonly (readonly [string, (line: Answer) => boolean])[] = [
    ['kind=charge', (line) => line.kind === 'request' && line.changeNanos !== '0'],
    ['kind=switch,cap', (line) => /extra_usage_set|spend_cap_set/.test(line.setting?.kind)],
    ['kind=grant', (line) => ['top_up', 'gift'].includes(line.kind)],
    ['kind=plan', (line) => line.setting?.kind === 'member_seated'],
    ['kind=key', (line) => line.setting?.kind === 'key_issued'],
    ['model=haiku', (line) => line.request?.model === 'haiku'],
    ['source=plan', (line) => line.request?.source === 'plan'],
    ['member=bob', (line) => line.memberId === 'bob'],
    ['text=REQ_UP_7', (line) => line.request?.upstreamRequestId === 'req_up_7'],
    [
      `fromMs=${noonMs + 2 * hourMs}&toMs=${noonMs + 5 * hourMs}`,
      (line) => line.atMs >= noonMs + 2 * hourMs && line.atMs < noonMs + 5 * hourMs,
    ],
    [
      `kind=request&model=opus&source=extra_usage&member=ada`,
      (line) =>
        line.request?.model === 'opus' &&
        line.request.source === 'extra_usage' &&
        line.memberId === 'ada',
    ],
  ]
  test('shows the lines that are wanted, with the balances that the whole history has', async () => {
    await using it = await openLife()
    const whole = await get(it, '/api/customers/acme/history?rowsMax=500')

    for (const [query, isWanted] of filters) {
      const found = await get(it, `/api/customers/acme/history?rowsMax=500&${query}`)

      assert.deepEqual(found.lines, whole.lines.filter(isWanted), query)
      assert.ok(found.lines.length > 0, `${query} finds something`)
      assert.equal(found.addsUp, true, query)
      assert.equal(found.beforePosition, null, query)
    }
  })

  test('its pages fit together, however small they are', async () => {
    await using it = await openLife()
    const path = '/api/customers/acme/history?kind=request'
    const whole = await get(it, `${path}&rowsMax=500`)

    const lines: Answer[] = []
    let before = ''
    for (;;) {
      const page = await get(it, `${path}&rowsMax=2${before}`)
      assert.equal(page.addsUp, true)
      lines.unshift(...page.lines)
      if (page.beforePosition === null) break
      before = `&beforePosition=${page.beforePosition}`
    }

    assert.equal(lines.length, 12)
    assert.deepEqual(lines, whole.lines)
  })

  test('a page that follows another begins where that ended, whatever was written in between', async () => {
    await using it = await openLife()
    const { parts, seat } = it.world
    const query: HistoryQuery = { customerId: seat.customerId, rowsMax: 3 }
    const first = await history(parts, query)
    const whole = await history(parts, { ...query, rowsMax: 500 })
    await useTokens(parts, seat, { model: 'opus', usage: { output: 500 } })
    await it.world.turnOnExtraUsage(5n)

    assert.ok(first.beforePosition !== null)
    const second = await history(parts, { ...query, beforePosition: first.beforePosition })

    assert.deepEqual(second.lines, whole.lines.slice(-6, -3))
    assert.equal(second.closingNanos, first.openingNanos)
  })

  test("a member's own shows nothing of others, whatever it asks for", async () => {
    await using it = await openLife()
    const asAda = { token: it.world.seat.keyText }

    for (const query of ['text=req_up_4', 'member=bob', 'text=bob']) {
      const { json } = await it.call('GET', `/api/me/history?${query}`, asAda)
      assert.deepEqual(kindsOf(json), [], query)
    }
    const others = await it.call('GET', '/api/me/history?kind=others', asAda)
    assert.ok(others.json.lines.length > 0)
    assert.ok(
      others.json.lines.every((line: Answer) => line.request === null && line.actor === null),
    )
  })

  test('a filter that does not exist is refused with what there is', async () => {
    await using it = await openAdminWorld()
    for (const query of ['kind=everything', 'source=wallet', 'fromMs=yesterday', 'colour=red']) {
      const { status, json } = await it.call('GET', `/api/customers/acme/history?${query}`)
      assert.equal(status, 400)
      assert.equal(json.error.code, 'invalid_request')
    }
  })
})

/** The same storage, where a reader of the journal finds no grant. */
function withoutGrants(storage: Storage): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'entries') return value.bind(target)
      const entries: Storage['entries'] = async (query) =>
        (await target.entries(query)).filter(({ body }) => body.kind !== 'granted')
      return entries
    },
  })
}

describe('a history as a file', () => {
  test('CSV: opening balance and every change give the closing balance, which is that of the gate', async () => {
    await using it = await openLife()
    const figures = await it.world.figures()

    for (const path of ['/api/customers/acme', one(it.world.seat)]) {
      const { text, headers } = await it.call('GET', `${path}/history/file?format=csv`)
      const rows = readCsv(text)

      assert.match(
        headers.get('content-disposition') ?? '',
        /^attachment; filename="history-[a-z]+-2026-11-23.csv"$/,
      )
      const opening = rows.find(({ kind }) => kind === 'opening_balance')
      const closing = rows.at(-1)
      assert.equal(opening?.['balance_nanos'], '0')
      assert.equal(closing?.['kind'], 'closing_balance')
      assert.equal(closing?.['balance_nanos'], figures.extraUsage.balanceNanos.toString())
      let sum = 0n
      for (const row of rows) {
        sum += BigInt(row['change_nanos'] || '0')
        if (row['change_nanos'] !== '') assert.equal(row['balance_nanos'], sum.toString())
        assert.equal(nanosOf(row['balance'] ?? ''), row['balance_nanos'], 'both forms are the same')
        assert.equal(nanosOf(row['change'] ?? ''), row['change_nanos'])
        assert.equal(nanosOf(row['cost'] ?? ''), row['cost_nanos'])
        if (row['moment'] !== '')
          assert.equal(new Date(row['moment'] ?? '').toISOString(), row['moment'])
      }
      assert.equal(sum, figures.extraUsage.balanceNanos)
      assert.equal(
        rows.filter(({ kind }) => kind === 'request').length,
        path.endsWith('acme') ? 12 : 9,
      )
    }
  })

  test('a range has what came after a correction of the clock, also where it ends before what was corrected', async () => {
    await using it = await openLife()
    const gift = () =>
      it.call('POST', '/api/customers/acme/gifts', { body: { amountNanos: '5000000000' } })
    const toMs = it.clock.wallMs() + hourMs
    it.clock.stepWall(48 * hourMs)
    await it.call('POST', '/api/clock/adopt')
    const ahead = await gift()
    it.clock.stepWall(-48 * hourMs)
    await it.call('POST', '/api/clock/correct')
    const after = await gift()

    const path = '/api/customers/acme/history/file?format=json'
    const told = await get(it, `${path}&toMs=${toMs}&kind=grant`)

    const grants = told.lines.map((line: Answer) => line.atMs).slice(-2)
    assert.deepEqual([ahead.status, after.status], [200, 200])
    assert.ok(grants.every((atMs: number) => atMs < toMs))
    const last = (await get(it, '/api/customers/acme/history?rowsMax=1')).lines.at(-1)
    assert.equal(told.lines.at(-1).position, last.position)
    assert.equal(told.addsUp, true)
  })

  test('JSON: a range has the balance before it and after it, and what a filter left out', async () => {
    await using it = await openLife()
    const fromMs = noonMs + 3 * hourMs
    const whole = await get(it, '/api/customers/acme/history?rowsMax=500')
    const path = `/api/customers/acme/history/file?format=json&fromMs=${fromMs}`

    const all = await get(it, path)
    const charges = await get(it, `${path}&kind=charge`)

    const upTo = await get(it, `/api/customers/acme/history/file?format=json&toMs=${fromMs}`)

    const before = whole.lines.filter((line: Answer) => line.atMs < fromMs)
    assert.ok(whole.lines.some((line: Answer) => line.atMs === fromMs))
    assert.equal(upTo.lineCount, before.length)
    assert.equal(upTo.closingNanos, all.openingNanos)
    const page = await get(it, `/api/customers/acme/history?rowsMax=500&toMs=${fromMs}`)
    assert.ok(page.lines.every((line: Answer) => line.atMs < fromMs))
    assert.equal(all.openingNanos, before.at(-1).balanceNanos)
    assert.equal(all.closingNanos, whole.closingNanos)
    assert.equal(all.addsUp, true)
    assert.equal(all.lineCount, all.lines.length)
    assert.deepEqual(
      all.lines.map((line: Answer) => [line.position, line.balanceNanos]),
      whole.lines
        .filter((line: Answer) => line.atMs >= fromMs)
        .map((line: Answer) => [line.position, line.balanceNanos]),
    )
    const changes = charges.lines.reduce(
      (sum: bigint, line: Answer) => sum + BigInt(line.changeNanos),
      0n,
    )
    assert.equal(charges.leftOutNanos, '77', 'the gift')
    assert.equal(
      BigInt(charges.openingNanos) + changes + BigInt(charges.leftOutNanos),
      BigInt(charges.closingNanos),
    )
  })

  test('a file whose changes do not give the balance of the gate says so, in both forms', async () => {
    await using it = await openLife()
    const id = customerId('acme')
    const parts = { ...it.apiParts, storage: withoutGrants(it.apiParts.storage) }
    const textOf = (format: 'csv' | 'json') =>
      new Response(
        historyFile(parts, { customerId: id, filter: {}, reader: 'operator' }, format),
      ).text()

    const kinds = readCsv(await textOf('csv')).map(({ kind }) => kind)

    assert.deepEqual(kinds.slice(-2), ['does_not_add_up', 'closing_balance'])
    assert.equal(JSON.parse(await textOf('json')).addsUp, false)
  })

  test('words of others are no formula in a spreadsheet, and amounts stay numbers', async () => {
    await using it = await openLife()
    const { parts, seat } = it.world
    await it.world.turnOnExtraUsage(10_000n)
    await parts.storage.putPerson({
      id: seat.memberId,
      name: '=HYPERLINK("http://x";"Ada, ""the"" first")',
      email: null,
    })
    await useTokens(parts, seat, {
      model: '@SUM(A1)',
      usage: { output: 900 },
      upstreamRequestId: '-2+3',
    })

    const { text } = await it.call('GET', '/api/customers/acme/history/file')

    const row = readCsv(text).find(
      ({ kind, model }) => kind === 'request' && model?.includes('SUM'),
    )
    assert.equal(row?.['model'], "'@SUM(A1)")
    assert.equal(row?.['upstream_request_id'], "'-2+3")
    assert.equal(row?.['member_name'], `'=HYPERLINK("http://x";"Ada, ""the"" first")`)
    assert.match(row?.['change'] ?? '', /^-\d+\.\d{9}$/)
    for (const cells of text.split('\r\n')) assert.doesNotMatch(cells, /(^|,)"?[=@+]/)
  })

  test('who reads two files of a customer is told when to ask for a third, and others of it are not', async () => {
    await using it = await openLife()
    const { customerId: id, memberId: reader, keyText: token } = it.world.seat
    const path = '/api/me/history/file'
    const ends = [1, 2].map(() => it.apiParts.heavyReads.begin({ customerId: id, reader }))

    const third = await it.call('GET', path, { token })
    const another = await it.call('GET', '/api/customers/acme/history/file')
    for (const end of ends) end()
    const later = await it.call('GET', path, { token })

    assert.equal(third.status, 429)
    assert.equal(third.json.error.code, 'too_many_reads')
    assert.equal(third.headers.get('retry-after'), '10')
    assert.deepEqual([another.status, later.status], [200, 200])
  })

  test("a member's file has the changes of others as one line without detail", async () => {
    await using it = await openLife()
    const { text } = await it.call('GET', '/api/me/history/file', { token: it.world.seat.keyText })
    const others = readCsv(text).filter(({ kind }) => kind === 'other_members')

    assert.ok(others.length > 0)
    assert.doesNotMatch(text, /bob|req_up_4/)
  })

  test('a grant that time has taken is in the file before an entry books it', async () => {
    await using it = await openLife()
    const nowMs = it.world.parts.storage.recordNowMs()
    await it.call('POST', '/api/customers/acme/gifts', {
      body: { amountNanos: '500', expiresAtMs: nowMs + hourMs },
    })
    it.clock.pass(2 * hourMs)

    const parts: ExportPart[] = []
    for await (const part of exportHistory(it.world.parts, {
      customerId: it.world.seat.customerId,
      filter: {},
    }))
      parts.push(part)

    const last = parts.at(-2)
    assert.ok(last?.kind === 'line' && last.line.kind === 'grant_expired')
    assert.equal(last.line.changeNanos, -500n)
    assert.ok(parts.at(-1)?.kind === 'closing')
    assert.equal((parts.at(-1) as { addsUp?: boolean }).addsUp, true)
  })
})

describe('files of neighbouring ranges, while no entry has booked what time took', () => {
  test('fit together, and each says what the page of its range says', async () => {
    await using it = await openLife()
    const { parts, seat } = it.world
    const { customerId } = seat
    const nowMs = parts.storage.recordNowMs()
    const gift = { amountNanos: '500', expiresAtMs: nowMs + hourMs }
    await it.call('POST', '/api/customers/acme/gifts', { body: gift })
    it.clock.pass(6 * hourMs)
    await it.call('POST', '/api/customers/acme/members/ada/extra-usage', { body: { isOn: true } })
    it.clock.pass(hourMs)
    const read = async (filter: { readonly fromMs?: number; readonly toMs?: number }) => {
      const file: ExportPart[] = []
      for await (const part of exportHistory(parts, { customerId, filter })) file.push(part)
      const page = await history(parts, { customerId, filter, rowsMax: 500 })
      const opening = file.find((part) => part.kind === 'opening')
      const closing = file.find((part) => part.kind === 'closing')
      const expired = file.filter(
        (part) => part.kind === 'line' && part.line.kind === 'grant_expired',
      ).length
      assert.ok(opening !== undefined && closing !== undefined)
      assert.ok(closing.addsUp)
      assert.deepEqual(
        [opening.balanceNanos, closing.balanceNanos, closing.leftOutNanos],
        [page.openingNanos, page.closingNanos, page.leftOutNanos],
      )
      return { opening: opening.balanceNanos, closing: closing.balanceNanos, expired }
    }

    for (const [middle, expired] of [
      [gift.expiresAtMs - 1, [0, 1]],
      [gift.expiresAtMs + 1, [1, 0]],
      [nowMs + 7 * hourMs + 1, [1, 0]],
    ] as const) {
      const [left, right] = [await read({ toMs: middle }), await read({ fromMs: middle })]
      assert.equal(left.closing, right.opening)
      assert.deepEqual([left.expired, right.expired], expired)
      const figures = await it.world.figures()
      assert.equal(right.closing, figures.extraUsage.balanceNanos)
    }
  })
})

describe('one request in full', () => {
  test('its price lines add up to its cost, and its windows say what it counts there', async () => {
    await using it = await openLife()
    const { seat } = it.world
    const whole = await get(it, `${one(seat)}/history?rowsMax=500`)
    const requests = whole.lines.filter((line: Answer) => line.kind === 'request')
    assert.ok(requests.length > 5)

    for (const line of requests) {
      const told = await get(it, `${one(seat)}/requests/${line.request.holdId}`)
      const { settle } = told
      assert.equal(told.state, 'settled')
      assert.equal(settle.costNanos, line.request.costNanos)
      assert.equal(settle.bill.costNanos, settle.costNanos)
      const amounts = settle.bill.lines.reduce(
        (sum: number, bill: Answer) => sum + Number(bill.amount),
        0,
      )
      assert.equal(amounts + Number(settle.bill.roundedUpBy), Number(settle.costNanos))
      const isPlan = line.request.source === 'plan'
      assert.deepEqual(
        told.windows.map((window: Answer) => [window.title, window.used]),
        isPlan ? [['Session', settle.costNanos]] : [],
      )
      assert.equal(told.story.length, 2)
      const explained = await it.call('GET', `/api/decisions/${told.decisionId}`)
      assert.equal(explained.json.isConfirmed, true)
    }
  })

  test('is for its member alone', async () => {
    await using it = await openLife()
    const { seat } = it.world
    const whole = await get(it, `${one(it.bob)}/history?kind=request`)
    const { holdId } = whole.lines[0].request

    const asAda = await it.call('GET', `/api/me/requests/${holdId}`, { token: seat.keyText })
    const asBob = await it.call('GET', `/api/me/requests/${holdId}`, { token: it.bob.keyText })
    const unknown = await it.call('GET', `/api/me/requests/hold_none`, { token: seat.keyText })

    assert.equal(asBob.status, 200)
    assert.equal(asAda.status, 404)
    assert.deepEqual(asAda.json, unknown.json, 'nobody learns whether it exists')
  })
})

function readCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const [head = [], ...rows] = parseCsv(text)
  return rows.map((cells) =>
    Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])),
  )
}

/** Reads cells as RFC 4180 has them. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, bare = '', end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n)/g,
  )) {
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

/** A plain decimal in nanos; nothing for nothing. */
const nanosOf = (decimal: string): string =>
  decimal === '' ? '' : BigInt(decimal.replace('.', '')).toString()
