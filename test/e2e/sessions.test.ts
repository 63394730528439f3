import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../src/system/clock.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { addPerson, goodPassword, openAdminWorld, visit, type AdminWorld } from './sign-in-world.ts'

const olga = 'olga@example.com'

/** What the database says of every open session, as it would after time has passed. */
const setSessions = async (admin: AdminWorld, column: string, moment: string): Promise<void> => {
  const { run } = admin.world.parts.storage.signInDatabase()
  await run(`update "sign_in_session" set ${column} = ?`, [moment])
}

test('a session ends without use, and after thirty days in any case', async () => {
  await using admin = await openAdminWorld()
  const first = await addPerson(admin, olga, { role: 'operator' })
  assert.equal((await first.visitor.call('GET', '/api/account')).status, 200)

  await setSessions(admin, 'expires_at', '2020-01-01T00:00:00.000Z')
  const idle = await first.visitor.call('GET', '/api/account')
  const again = visit(admin)
  await again.call('POST', '/api/session/sign-in', {
    body: { email: olga, password: goodPassword },
  })
  assert.equal((await again.call('GET', '/api/account')).status, 200)
  await setSessions(admin, 'created_at', '2020-01-01T00:00:00.000Z')
  const old = await again.call('GET', '/api/account')

  assert.deepEqual([idle.status, idle.json.error.code], [401, 'session_over'])
  assert.deepEqual([old.status, old.json.error.code], [401, 'session_over'])
  assert.equal((await again.call('GET', '/api/session')).json.kind, 'signed_out')
})

test('use makes the time of a session anew, and a page that reads by itself while nobody is there does not', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId } = admin.world.seat
  const { visitor } = await addPerson(admin, 'mia@example.com', {
    role: 'member',
    customerId,
    memberId,
  })
  const expiry = async (): Promise<string> => {
    const { rows } = await admin.world.parts.storage
      .signInDatabase()
      .run('select expires_at from "sign_in_session"', [])
    return String(rows[0]?.['expires_at'])
  }
  const soon = new Date(new Date(await expiry()).getTime() - 3_600_000).toISOString()
  await setSessions(admin, 'expires_at', soon)

  const headers = { 'x-plimsoll-unattended': '1' }
  assert.equal((await visitor.call('GET', '/api/me/usage', { headers })).status, 200)
  assert.equal(await expiry(), soon)
  await visitor.call('GET', '/api/me/usage')

  assert.ok((await expiry()) > soon)
})

test('whoever signs out, or is signed out elsewhere, is out at once; a forged cookie is nobody', async () => {
  await using admin = await openAdminWorld()
  const { visitor } = await addPerson(admin, olga, { role: 'operator' })
  const other = visit(admin)
  await other.call('POST', '/api/session/sign-in', {
    body: { email: olga, password: goodPassword },
  })
  const cookie = other.cookie()
  const { sessions } = (await visitor.call('GET', '/api/account')).json
  const elsewhere = sessions.find((session: { isThis: boolean }) => !session.isThis)

  const ended = await visitor.call('POST', `/api/account/sessions/${elsewhere.id}/end`)

  assert.equal(sessions.length, 2)
  assert.equal(ended.json.sessions.length, 1)
  assert.ok(!ended.text.includes('token'))
  assert.equal((await other.call('GET', '/api/account')).status, 401)
  const out = visitor.cookie()
  assert.equal((await visitor.call('POST', '/api/session/sign-out')).json.kind, 'signed_out')
  for (const worthless of [cookie, out, out.replace(/.$/, 'A'), out.replace(/\.[^.]*$/, '.x')]) {
    const answered = await visit(admin).call('GET', '/api/account', {
      headers: { cookie: worthless },
    })
    assert.equal(answered.status, 401)
  }
})

test('a new password needs the present one, obeys the rules, and ends every other session', async () => {
  await using admin = await openAdminWorld()
  const { visitor } = await addPerson(admin, olga, { role: 'operator' })
  const other = visit(admin)
  await other.call('POST', '/api/session/sign-in', {
    body: { email: olga, password: goodPassword },
  })
  const change = (current: string, next: string) =>
    visitor.call('POST', '/api/account/password', { body: { current, next } })

  const refused = [
    await change('something else entirely', `${goodPassword} new`),
    await change(goodPassword, 'too short'),
    await change(goodPassword, 'olga@example.com'),
    await change(goodPassword, 'Password1234'),
    await change(goodPassword, 'qwertyuiopasd'),
    await change(goodPassword, 'aaaaaaaaaaaaa'),
  ]
  assert.deepEqual(
    refused.map(({ json }) => json.error.code),
    ['password_wrong', ...Array.from({ length: 5 }, () => 'password_refused')],
  )
  assert.equal((await other.call('GET', '/api/account')).status, 200)
  assert.equal((await change(goodPassword, `${goodPassword} new`)).status, 200)

  assert.equal((await other.call('GET', '/api/account')).status, 401)
  assert.equal((await visitor.call('GET', '/api/account')).status, 200)
  const old = { email: olga, password: goodPassword }
  assert.equal((await visit(admin).call('POST', '/api/session/sign-in', { body: old })).status, 401)
})

test('whoever guesses at the present password of an open session has ten tries', async () => {
  await using admin = await openAdminWorld()
  const { visitor } = await addPerson(admin, olga, { role: 'operator' })
  const guess = (current: string) =>
    visitor.call('POST', '/api/account/password', { body: { current, next: `${goodPassword} x` } })

  for (let count = 0; count < 10; count += 1) {
    assert.equal((await guess(`guess number ${count}`)).json.error.code, 'password_wrong')
  }

  assert.equal((await guess(goodPassword)).json.error.code, 'too_many_tries')
  assert.equal((await visitor.call('GET', '/api/account')).status, 200)
})

test('a command by cookie comes from our own page or not at all', async () => {
  await using admin = await openAdminWorld()
  const { visitor } = await addPerson(admin, olga, { role: 'operator' })
  const path = '/api/customers/acme/extra-usage'
  const attempts: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: admin.admin.url, 'sec-fetch-site': 'same-site' },
    { origin: 'http://plimsoll.example.evil.example', 'sec-fetch-site': '' },
    { origin: '', 'sec-fetch-site': '' },
    { origin: '', 'sec-fetch-site': 'none' },
  ]

  for (const headers of attempts) {
    const { status, json } = await visitor.call('POST', path, { headers, body: { isOn: true } })
    assert.deepEqual([status, json.error.code], [403, 'cross_site'], JSON.stringify(headers))
  }
  // Nor can another site sign somebody in as somebody else.
  const login = await visit(admin).call('POST', '/api/session/sign-in', {
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    body: { email: olga, password: goodPassword },
  })
  assert.equal(login.json.error.code, 'cross_site')
  const form = await visitor.call('POST', path, { headers: { 'content-type': 'text/plain' } })
  assert.equal(form.status, 415)
  const outside = { origin: 'http://plimsoll.example', 'sec-fetch-site': '' }
  assert.equal(
    (await visitor.call('POST', path, { headers: outside, body: { isOn: true } })).status,
    200,
  )
})

/** Streams look at their callers with each heartbeat as well; here they are told or never hear of it. */
function withoutHeartbeats(): Clock {
  const clock = createSystemClock()
  return {
    wallMs: () => clock.wallMs(),
    elapsedMs: () => clock.elapsedMs(),
    after: (delayMs, callback) =>
      delayMs === 15_000 ? () => undefined : clock.after(delayMs, callback),
  }
}

/** An open stream of events; answers with whether it has ended. */
async function listen(admin: AdminWorld, cookie: string): Promise<() => Promise<boolean>> {
  const response = await fetch(`${admin.admin.url}/api/me/events`, { headers: { cookie } })
  const reader = response.body?.getReader()
  await reader?.read()
  return async () => {
    for (;;) {
      const read = await reader?.read()
      if (read?.done !== false) return true
    }
  }
}

test('a role that changes, an account that is switched off or removed, and an erased member lose everything at once', async () => {
  await using admin = await openAdminWorld({ clock: withoutHeartbeats() })
  const { customerId, memberId } = admin.world.seat
  const member = { role: 'member', customerId, memberId } as const
  const ends: readonly (readonly [string, (id: string) => readonly [string, object]])[] = [
    ['role', (id) => [`/api/people/${id}/role`, { role: 'owner', customerId }]],
    ['status', (id) => [`/api/people/${id}/status`, { isActive: false }]],
    ['remove', (id) => [`/api/people/${id}/remove`, {}]],
    ['link', (id) => [`/api/people/${id}/link`, {}]],
    ['erase', () => [`/api/customers/${customerId}/members/${memberId}/erase`, {}]],
  ]

  for (const [name, how] of ends) {
    const { id, visitor } = await addPerson(admin, `${name}@example.com`, member)
    const hasEnded = await listen(admin, visitor.cookie())
    const [path, body] = how(id)

    const done = await admin.call('POST', path, { body })

    assert.equal(done.status, 200, name)
    if (name === 'link') {
      await visit(admin).call('POST', '/api/session/link/password', {
        body: { code: done.json.link.code, password: `${goodPassword} two` },
      })
    }
    assert.equal((await visitor.call('GET', '/api/account')).status, 401, name)
    assert.equal(await hasEnded(), true, name)
  }
  const left = (await admin.call('GET', '/api/people')).json.people
  assert.deepEqual(
    left.map((person: { email: string }) => person.email),
    ['role@example.com'],
  )
})

test('a link works once, the newest alone, and for somebody who may sign in', async () => {
  await using admin = await openAdminWorld()
  const { id } = await addPerson(admin, olga, { role: 'operator' })
  await addPerson(admin, 'otto@example.com', { role: 'operator' })
  const makeLink = async (): Promise<string> =>
    (await admin.call('POST', `/api/people/${id}/link`)).json.link.code
  const use = (code: string) =>
    visit(admin).call('POST', '/api/session/link/password', {
      body: { code, password: goodPassword },
    })

  const first = await makeLink()
  const second = await makeLink()
  assert.equal((await use(first)).status, 404)
  assert.equal(
    (await visit(admin).call('POST', '/api/session/link', { body: { code: second } })).json.email,
    olga,
  )
  const both = await Promise.all([use(second), use(second)])
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((left, right) => left - right),
    [200, 404],
  )

  const third = await makeLink()
  await admin.call('POST', `/api/people/${id}/status`, { body: { isActive: false } })
  assert.equal((await use(third)).status, 404)
  assert.equal(
    (await admin.call('POST', `/api/people/${id}/link`)).json.error.code,
    'person_disabled',
  )
  const last = (await admin.call('GET', '/api/people')).json.people.find(
    (person: { email: string }) => person.email === 'otto@example.com',
  )
  assert.equal(
    (await admin.call('POST', `/api/people/${last.id}/remove`)).json.error.code,
    'last_operator',
  )
})

test('while the disk takes no writes, whoever is signed in still reads, and a sign-in is told to try again', async () => {
  let isAway = false
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'signInDatabase') return value.bind(target)
        const database = target.signInDatabase()
        const run: typeof database.run = (sql, values) =>
          isAway && !sql.startsWith('select')
            ? Promise.reject(new StorageUnavailableError('planted'))
            : database.run(sql, values)
        return () => ({ ...database, run })
      },
    })
  await using admin = await openAdminWorld({ wrapStorage })
  const { visitor } = await addPerson(admin, olga, { role: 'operator' })
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  await setSessions(admin, 'expires_at', soon)

  isAway = true
  const read = await visitor.call('GET', '/api/account')
  const body = { email: olga, password: goodPassword }
  const opened = await visit(admin).call('POST', '/api/session/sign-in', { body })

  assert.equal(read.status, 200)
  assert.deepEqual([opened.status, opened.json.error.code], [503, 'limits_unavailable'])
  for (let count = 0; count < 10; count += 1) {
    await visit(admin).call('POST', '/api/session/sign-in', { body })
  }
  isAway = false
  // None of these was a wrong password.
  assert.equal((await visit(admin).call('POST', '/api/session/sign-in', { body })).status, 200)
})

test('who was invited and has no password yet is no operator who could be the last', async () => {
  await using admin = await openAdminWorld()
  const { id } = await addPerson(admin, olga, { role: 'operator' })
  const body = { email: 'otto@example.com', name: 'Otto', role: 'operator' }
  const otto = (await admin.call('POST', '/api/people', { body })).json

  const ends: readonly (readonly [string, object])[] = [
    [`/api/people/${id}/remove`, {}],
    [`/api/people/${id}/status`, { isActive: false }],
    [`/api/people/${id}/role`, { role: 'owner', customerId: admin.world.seat.customerId }],
  ]
  for (const [path, how] of ends) {
    const refused = await admin.call('POST', path, { body: how })
    assert.deepEqual([refused.status, refused.json.error.code], [409, 'last_operator'], path)
  }
  const code = otto.link.code
  await visit(admin).call('POST', '/api/session/link/password', {
    body: { code, password: goodPassword },
  })

  assert.equal((await admin.call('POST', `/api/people/${id}/remove`)).status, 200)
})

test('inviting somebody again under the same key answers with the same person and link', async () => {
  await using admin = await openAdminWorld()
  const invite = (key: string, name: string) =>
    admin.call('POST', '/api/people', {
      key,
      body: { email: olga, name, role: 'operator' },
    })

  const [first, beside] = await Promise.all([invite('one', 'Olga'), invite('one', 'Olga')])
  const again = await invite('one', 'Olga')
  const other = await invite('one', 'Olga II')

  assert.equal(first.status, 200)
  assert.deepEqual([beside.json, again.json], [first.json, first.json])
  assert.deepEqual([other.status, other.json.error.code], [409, 'operation_conflict'])
  const used = await visit(admin).call('POST', '/api/session/link/password', {
    body: { code: again.json.link.code, password: goodPassword },
  })
  assert.equal(used.status, 200)
  const { lines } = (await admin.call('GET', '/api/audit')).json
  const invited = lines.filter(({ title }: { title: string }) => /invite/i.test(title))
  assert.equal(invited.length, 1)
})

test('whoever uses a link a second time is told whom to ask, and no command of an operator', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId } = admin.world.seat
  const standing = { role: 'member', customerId, memberId } as const
  const body = { email: olga, name: 'Olga', ...standing }
  const { code } = (await admin.call('POST', '/api/people', { body })).json.link
  const use = () =>
    visit(admin).call('POST', '/api/session/link/password', {
      body: { code, password: goodPassword },
    })
  await use()

  const { json } = await use()

  assert.equal(json.error.code, 'link_unknown')
  assert.doesNotMatch(json.error.remedy, /npm run/)
  assert.match(json.error.remedy, /Ask whoever sent it/)
})
