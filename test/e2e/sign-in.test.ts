import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listActs } from '../../src/operations/acts.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { addPerson, goodPassword, openAdminWorld, visit } from './sign-in-world.ts'

test('the first operator needs the code that the start prints; whoever reaches the port without it gets nothing', async () => {
  await using admin = await openAdminWorld()
  const visitor = visit(admin)
  const person = { email: 'Olga@Example.com', name: 'Olga', password: goodPassword }

  const before = await visitor.call('GET', '/api/session')
  const without = await visitor.call('POST', '/api/session/set-up', { body: person })
  const wrong = await visitor.call('POST', '/api/session/set-up', {
    body: { ...person, code: 'guess' },
  })
  const code = (await admin.admin.setUpCode()) ?? ''
  const made = await visitor.call('POST', '/api/session/set-up', { body: { ...person, code } })
  const again = await visit(admin).call('POST', '/api/session/set-up', {
    body: { ...person, code },
  })

  assert.deepEqual(before.json, { kind: 'first_run' })
  assert.deepEqual([without.status, wrong.status], [403, 403])
  assert.equal(made.json.role, 'operator')
  assert.equal(made.json.email, 'olga@example.com')
  assert.equal(again.json.error.code, 'set_up_done')
  assert.equal(await admin.admin.setUpCode(), null)
  const session = await visitor.call('GET', '/api/session')
  assert.deepEqual([session.json.kind, session.json.by], ['signed_in', 'account'])
  assert.equal((await visit(admin).call('GET', '/api/session')).json.kind, 'signed_out')
  assert.equal((await visitor.call('GET', '/api/status')).status, 200)
})

test('the cookie is for this server alone, no script reads it, and https keeps it to https', async () => {
  await using admin = await openAdminWorld({ publicPageUrl: 'https://plimsoll.example/desk' })
  await addPerson(admin, 'olga@example.com', { role: 'operator' })
  const body = { email: 'olga@example.com', password: goodPassword }
  const cookieAt = async (origin: string): Promise<string> =>
    (await visit(admin).call('POST', '/api/session/sign-in', { body, headers: { origin } })).headers
      .getSetCookie()
      .join('\n')

  const here = await cookieAt(admin.admin.url)
  const outside = await cookieAt('https://plimsoll.example')

  assert.match(
    here,
    /^plimsoll-[0-9a-f]{8}\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
  )
  assert.match(outside, /; Path=\/desk; HttpOnly; SameSite=Strict; Secure$/)
})

test('a wrong password, an account that is not there and one that is switched off read the same', async () => {
  await using admin = await openAdminWorld()
  await addPerson(admin, 'olga@example.com', { role: 'operator' })
  const off = await addPerson(admin, 'otto@example.com', { role: 'operator' })
  await admin.call('POST', `/api/people/${off.id}/status`, { body: { isActive: false } })
  const tries = [
    { email: 'olga@example.com', password: 'not this one at all' },
    { email: 'nobody@example.com', password: goodPassword },
    { email: 'otto@example.com', password: goodPassword },
  ]

  const answers = []
  for (const body of tries)
    answers.push(await visit(admin).call('POST', '/api/session/sign-in', { body }))

  const [first] = answers
  assert.equal(first?.status, 401)
  for (const { status, text, headers } of answers) {
    assert.deepEqual([status, text], [first.status, first.text])
    assert.deepEqual(headers.getSetCookie(), [])
  }
  const acts = await listActs(admin.world.parts, { rowsMax: 100 })
  const failed = acts.filter(({ act }) => act === 'sign_in_failed')
  assert.deepEqual(
    failed.map(({ target }) => target === null),
    [false, true, false],
  )
})

test('after ten failed tries an e-mail has to wait, known or not, and open sessions go on', async () => {
  const clock = new ManualClock(Date.now())
  await using admin = await openAdminWorld({ clock })
  const olga = await addPerson(admin, 'olga@example.com', { role: 'operator' })
  const attempt = (email: string, password: string) =>
    visit(admin).call('POST', '/api/session/sign-in', { body: { email, password } })
  const failTen = async (email: string) => {
    for (let count = 0; count < 10; count += 1) {
      assert.equal(
        (await attempt(email, `wrong wrong ${count}`)).json.error.code,
        'sign_in_refused',
      )
    }
  }

  await failTen('olga@example.com')
  await failTen('nobody@example.com')
  const known = await attempt('olga@example.com', goodPassword)
  const unknown = await attempt('nobody@example.com', goodPassword)

  assert.equal(known.status, 429)
  assert.match(known.json.error.message, /too many failed tries. Try again in 15 minutes/)
  assert.equal(known.text, unknown.text)
  assert.equal((await olga.visitor.call('GET', '/api/account')).status, 200)
  const link = await admin.call('POST', `/api/people/${olga.id}/link`)
  const back = await visit(admin).call('POST', '/api/session/link/password', {
    body: { code: link.json.link.code, password: `${goodPassword} again` },
  })
  assert.equal(back.status, 200)
  assert.equal((await attempt('olga@example.com', `${goodPassword} again`)).status, 200)
  clock.pass(15 * 60_000)
  assert.equal((await attempt('nobody@example.com', goodPassword)).status, 401)
})
