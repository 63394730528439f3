import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nanosPerUnit } from '../../src/core/money.ts'
import { lookupAnswer } from '../../src/admin/decisions/lookup-answer.ts'
import type { EntryQuery } from '../../src/storage/storage.ts'
import { createDecisionSigner } from '../../src/operations/decision-id.ts'
import { reportDecision } from '../../src/operations/report-refusal.ts'
import { openAdminWorld, type AdminWorld } from './admin-world.ts'
import { useTokens } from './used-tokens.ts'
import { sessionPlan, type Seat } from './world.ts'

/** "Was I refused wrongly?" at the admin API. */

// oxlint-disable-next-line typescript/no-explicit-any -- assertions check its shape
type Answer = any

type Refused = AdminWorld & { readonly message: string; readonly decisionId: string }

/** One answer uses the session up; the next request is refused by the real gateway. */
async function openRefused(): Promise<Refused> {
  const it = await openAdminWorld({ plan: sessionPlan(4_000_000n) })
  assert.equal((await it.ask()).status, 200)
  const response = await fetch(`${it.world.url}/v1/messages`, {
    method: 'POST',
    headers: it.world.seat.headers,
    body: JSON.stringify({
      model: 'claude-sonnet-4-5',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  assert.equal(response.status, 429)
  const { error } = (await response.json()) as { error: { message: string } }
  const decisionId = response.headers.get('x-plimsoll-decision') ?? ''
  return Object.assign(it, { message: error.message, decisionId })
}

async function lookUp(it: AdminWorld, text: string, seat: Seat = it.world.seat): Promise<Answer> {
  const answered = await it.call('POST', '/api/me/lookup', {
    token: seat.keyText,
    body: { text },
    key: null,
  })
  assert.equal(answered.status, 200, answered.text)
  return answered.json
}

describe('looking a refusal up', () => {
  test('the pasted message of the gateway is proved right, with the figures of then and now', async () => {
    await using it = await openRefused()

    const found = await lookUp(it, `API Error: 429 ${it.message}`)

    assert.equal(found.kind, 'decision')
    assert.equal(found.answer, 'rightly_refused')
    assert.equal(found.decisionId, it.decisionId)
    assert.match(found.headline, /^The refusal was right/)
    assert.equal(found.explanation.isConfirmed, true)
    assert.match(found.explanation.help, /turn on extra usage/)
    const [session] = found.comparison.limits
    assert.equal(session.title, 'Session')
    assert.equal(session.before.used, session.now.used)
    assert.match(found.nowSentence, /^Nothing pays/)
  })

  test('after the remedy the figures of now differ from those of then', async () => {
    await using it = await openRefused()
    await it.world.turnOnExtraUsage(nanosPerUnit)

    const found = await lookUp(it, it.decisionId)

    assert.equal(found.answer, 'rightly_refused')
    const { before, now } = found.comparison.extraUsage
    assert.deepEqual([before.balanceNanos, now.balanceNanos], ['0', '1000000000'])
    assert.match(found.nowSentence, /^Extra usage pays/)
  })

  test('an id that a narrow terminal broke into lines is put together again', async () => {
    await using it = await openRefused()
    const broken = it.decisionId.replaceAll(/.{30}/g, '$&\n   ')

    assert.equal((await lookUp(it, `explain ${broken} and so on`)).decisionId, it.decisionId)
  })

  test('D2: a refusal that the journal does not bear out is called wrong', async () => {
    await using it = await openRefused()
    const denied = createDecisionSigner('test-secret').read(it.decisionId)
    assert.ok(denied !== undefined)
    // As if the gate had read other numbers than the journal has: this is before anything was used.
    const forged = createDecisionSigner('test-secret').sign({
      ...denied,
      position: denied.position - 2,
    })

    const found = await lookUp(it, forged)

    assert.equal(found.answer, 'wrongly_refused')
    assert.match(found.headline, /^The refusal was wrong/)
  })

  test("an admitted request is found by its hold, its decision, and the upstream's request id", async () => {
    await using it = await openAdminWorld()
    const { parts, seat } = it.world
    const upstreamRequestId = 'req_011CSHoEeqs5C35K2UUqR7Fy'
    const hold = await useTokens(parts, seat, {
      model: 'opus',
      usage: { input: 1 },
      upstreamRequestId,
    })

    for (const text of [hold, `{"request_id":"${upstreamRequestId}"}`]) {
      const found = await lookUp(it, text)
      assert.equal(found.answer, 'admitted', text)
      assert.equal(found.holdId, hold)
      assert.equal((await lookUp(it, found.decisionId)).holdId, hold)
    }
  })

  test('a text full of request ids is one look through the newest requests', async () => {
    await using it = await openAdminWorld()
    const { parts, seat } = it.world
    for (const upstreamRequestId of ['req_first', 'req_second', 'req_third'])
      await useTokens(parts, seat, { model: 'opus', usage: { input: 1 }, upstreamRequestId })
    const queries: EntryQuery[] = []
    const storage = new Proxy(parts.storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...values: unknown[]): unknown => {
          const [query] = values
          if (name === 'entries') queries.push(query as EntryQuery)
          return Reflect.apply(value, target, values)
        }
      },
    })
    const look = (text: string) => lookupAnswer({ ...it.apiParts, storage }, seat, text)

    const unknown = await look('req_aaaa req_bbbb req_cccc req_dddd req_eeee')
    const settles = queries.filter(({ kind, kinds }) => (kind ?? kinds?.[0]) === 'settled')

    assert.equal(unknown.kind, 'unknown')
    assert.equal(settles.length, 1)
    assert.ok((settles[0]?.rowsMax ?? Infinity) <= 1000 && settles[0]?.bodyText === undefined)
    assert.equal((await look('req_aaaa req_second')).kind, 'decision')
  })

  test("another member's ids are as unknown as ids that never were", async () => {
    await using it = await openRefused()
    const bob = await it.world.addSeat('bob')
    const hold = await useTokens(it.world.parts, it.world.seat, {
      model: 'free',
      usage: {},
      upstreamRequestId: 'req_of_ada',
    }).catch(() => 'hold_none')

    for (const text of [it.decisionId, hold]) {
      assert.equal((await lookUp(it, text, bob)).kind, 'unknown')
    }
    assert.deepEqual(await lookUp(it, 'req_of_ada', bob), await lookUp(it, 'req_of_nobody', bob))
  })

  test("another service's words are said to be that, with the command that judges them", async () => {
    await using it = await openAdminWorld()

    const found = await lookUp(
      it,
      "You're out of extra usage. Add more at claude.ai/settings/usage",
    )

    assert.equal(found.kind, 'not_ours')
    assert.match(found.command, /doctor/)
  })

  test('a report has the proof and no secret, reaches the operator once, and is bounded', async () => {
    await using it = await openRefused()
    const { seat } = it.world
    const asAda = { token: seat.keyText }
    const body = { decisionId: it.decisionId, note: 'I had 12 % used' }

    const first = await it.call('POST', '/api/me/reports', { ...asAda, body })
    const again = await it.call('POST', '/api/me/reports', { ...asAda, body })

    assert.equal(first.status, 200, first.text)
    assert.deepEqual([first.json.isNew, again.json.isNew], [true, false])
    assert.ok(first.json.text.includes(it.decisionId))
    assert.match(first.json.text, /note: I had 12 % used/)
    assert.equal(first.json.bundle.answer, 'rightly_refused')
    assert.ok(!first.text.includes(seat.keyText))
    const { json } = await it.call('GET', '/api/reports')
    assert.deepEqual(
      json.reports.map((report: Answer) => [
        report.decisionId,
        report.memberId,
        report.isConfirmed,
      ]),
      [[it.decisionId, 'ada', true]],
    )
    assert.ok(!JSON.stringify(json).includes('12 %'), 'what somebody wrote is kept nowhere')
    assert.equal((await lookUp(it, it.decisionId)).isReported, true)
    const signer = createDecisionSigner('test-secret')
    const denied = signer.read(it.decisionId)
    assert.ok(denied !== undefined)
    const statuses: number[] = []
    for (let count = 1; count <= 20; count += 1) {
      const decisionId = signer.sign({ ...denied, atMs: denied.atMs + count })
      const { status } = await it.call('POST', '/api/me/reports', {
        ...asAda,
        body: { decisionId },
      })
      statuses.push(status)
    }
    assert.deepEqual(
      [statuses.filter((status) => status === 200).length, statuses.at(-1)],
      [19, 429],
    )
    const { customerId, memberId } = await it.world.addSeat('bob')
    const bobs = { customerId, memberId, decisionId: 'dn_bobs', actor: 'bob', isConfirmed: true }
    assert.equal(await reportDecision(it.world.parts, bobs), true, 'others have days of their own')
  })

  test('reports at once keep the bound, and other acts push none off the list', async () => {
    await using it = await openRefused()
    const { seat, parts } = it.world
    const signer = createDecisionSigner('test-secret')
    const denied = signer.read(it.decisionId)
    assert.ok(denied !== undefined)
    const report = (decisionId: string) =>
      it.call('POST', '/api/me/reports', { token: seat.keyText, body: { decisionId } })
    const ids = Array.from({ length: 30 }, (_, count) =>
      signer.sign({ ...denied, atMs: denied.atMs + (count >> 1) }),
    )

    const first = await Promise.all(ids.map(report))
    const more = await Promise.all(
      Array.from({ length: 10 }, (_, count) =>
        report(signer.sign({ ...denied, atMs: denied.atMs + 100 + count })),
      ),
    )

    const news = first.filter(({ json }) => json.isNew === true)
    assert.equal(news.length, 15, 'each decision is reported once')
    assert.equal(more.filter(({ status }) => status === 200).length, 5)
    const act = { actor: 'nobody', act: 'sign_in_failed', target: null, details: {} }
    for (let round = 0; round < 11; round += 1)
      await Promise.all(Array.from({ length: 100 }, () => parts.storage.acts.record(act)))
    const { json } = await it.call('GET', '/api/reports')
    assert.equal(json.reports.length, 20)
  })
})
