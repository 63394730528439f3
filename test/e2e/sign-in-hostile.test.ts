import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Storage } from '../../src/storage/storage.ts'
import { addPerson, goodPassword, openAdminWorld, visit, type AdminWorld } from './sign-in-world.ts'

/** What somebody tries who has an account, or had one, and wants more than that. */

const olga = 'olga@example.com'

const signIn = async (admin: AdminWorld, email: string, password: string) => {
  const visitor = visit(admin)
  const answered = await visitor.call('POST', '/api/session/sign-in', { body: { email, password } })
  return { visitor, answered }
}

/** Somebody who signed in so often that no list of sessions is read in one go. */
async function addSessions(admin: AdminWorld, userId: string, count: number): Promise<void> {
  const { run } = admin.world.parts.storage.signInDatabase()
  const now = new Date().toISOString()
  const later = new Date(Date.now() + 3_600_000).toISOString()
  for (let at = 0; at < count; at += 1) {
    await run(
      'insert into "sign_in_session" (id, token, user_id, expires_at, created_at, updated_at) values (?, ?, ?, ?, ?, ?)',
      [`session_${userId}_${at}`, `token ${userId} ${at}`, userId, later, now, now],
    )
  }
}

test('whoever has hundreds of open sessions ends them all, and signs out of the one in hand', async () => {
  await using admin = await openAdminWorld()
  const { id } = await addPerson(admin, olga, { role: 'operator' })
  await addSessions(admin, id, 250)
  const first = (await signIn(admin, olga, goodPassword)).visitor
  const second = (await signIn(admin, olga, goodPassword)).visitor
  const cookie = first.cookie()

  await first.call('POST', '/api/session/sign-out')
  const out = await visit(admin).call('GET', '/api/account', { headers: { cookie } })
  const ended = await second.call('POST', '/api/account/sessions/end-others')

  assert.equal(out.status, 401)
  assert.equal(ended.json.sessions.length, 1)
  const { rows } = await admin.world.parts.storage
    .signInDatabase()
    .run('select id from "sign_in_session"', [])
  assert.equal(rows.length, 1)
})

test('sessions that ended without anybody coming back are gone with the next sign-in of that person', async () => {
  await using admin = await openAdminWorld()
  const { id } = await addPerson(admin, olga, { role: 'operator' })
  const otto = await addPerson(admin, 'otto@example.com', { role: 'operator' })
  await addSessions(admin, id, 5)
  await addSessions(admin, otto.id, 1)
  const { run } = admin.world.parts.storage.signInDatabase()
  await run(`update "sign_in_session" set expires_at = '2020-01-01T00:00:00.000Z'`, [])

  const { visitor } = await signIn(admin, olga, goodPassword)

  const { rows } = await run('select user_id from "sign_in_session"', [])
  const countOf = (owner: string): number => rows.filter((row) => row['user_id'] === owner).length
  assert.deepEqual([countOf(id), countOf(otto.id)], [1, 2])
  assert.equal((await visitor.call('GET', '/api/account')).status, 200)
})

test('a link that an owner made for a member is worth nothing once that one is more than a member', async () => {
  await using admin = await openAdminWorld()
  const { customerId, memberId } = admin.world.seat
  const scope = { customerId, memberId }
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const mia = await addPerson(admin, 'mia@example.com', { role: 'member', ...scope })
  const link = await owner.visitor.call(
    'POST',
    `/api/customers/${customerId}/people/${mia.id}/link`,
  )
  assert.equal(link.status, 200)

  await admin.call('POST', `/api/people/${mia.id}/role`, { body: { role: 'operator' } })
  const taken = await visit(admin).call('POST', '/api/session/link/password', {
    body: { code: link.json.link.code, password: `${goodPassword} stolen` },
  })

  assert.deepEqual([taken.status, taken.json.error.code], [404, 'link_unknown'])
  assert.equal((await signIn(admin, 'mia@example.com', goodPassword)).answered.status, 200)
})

/** A storage whose statements that match wait until they are let go. */
function holding(pattern: RegExp) {
  let held: { readonly reached: () => void; readonly go: Promise<void> } | undefined
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'signInDatabase') return value.bind(target)
        const database = target.signInDatabase()
        const run: typeof database.run = async (sql, values) => {
          const mine = held
          if (mine !== undefined && pattern.test(sql)) {
            held = undefined
            mine.reached()
            await mine.go
          }
          return database.run(sql, values)
        }
        return () => ({ ...database, run })
      },
    })
  return {
    wrapStorage,
    /** The next one waits; resolves with what lets it go, once it is there. */
    next: () => {
      const go = Promise.withResolvers<void>()
      const reached = Promise.withResolvers<() => void>()
      held = { reached: () => reached.resolve(() => go.resolve()), go: go.promise }
      return reached.promise
    },
  }
}

for (const how of ['changes it', 'uses a link'] as const) {
  test(`a sign-in with the password of before that is under way while somebody ${how} leaves no session`, async () => {
    const hold = holding(/^insert into "sign_in_session"/)
    await using admin = await openAdminWorld({ wrapStorage: hold.wrapStorage })
    const { id, visitor } = await addPerson(admin, olga, { role: 'operator' })
    const link = await admin.call('POST', `/api/people/${id}/link`)

    const reached = hold.next()
    const thief = signIn(admin, olga, goodPassword)
    const letGo = await reached
    const next = `${goodPassword} new`
    const changed =
      how === 'changes it'
        ? await visitor.call('POST', '/api/account/password', {
            body: { current: goodPassword, next },
          })
        : await visitor.call('POST', '/api/session/link/password', {
            body: { code: link.json.link.code, password: next },
          })
    letGo()
    const { visitor: stolen, answered } = await thief

    assert.equal(changed.status, 200)
    assert.equal(answered.status, 401)
    assert.equal((await stolen.call('GET', '/api/account')).status, 401)
    assert.equal((await visitor.call('GET', '/api/account')).status, 200)
    assert.equal((await visitor.call('GET', '/api/account')).json.sessions.length, 1)
  })
}

test('an owner who asks while somebody is made more than a member gets no link for that one', async () => {
  const hold = holding(/^update "sign_in_user"/)
  await using admin = await openAdminWorld({ wrapStorage: hold.wrapStorage })
  const { customerId, memberId } = admin.world.seat
  const owner = await addPerson(admin, 'otto@example.com', { role: 'owner', customerId })
  const mia = await addPerson(admin, 'mia@example.com', { role: 'member', customerId, memberId })
  const below = `/api/customers/${customerId}/people/${mia.id}`

  const reached = hold.next()
  const raised = admin.call('POST', `/api/people/${mia.id}/role`, { body: { role: 'operator' } })
  const letGo = await reached
  const asked = ['link', 'status', 'remove'].map((act) =>
    owner.visitor.call('POST', `${below}/${act}`, {
      body: act === 'status' ? { isActive: false } : {},
    }),
  )
  // They have looked at whom they are about by the time that this is answered.
  await owner.visitor.call('GET', `/api/customers/${customerId}/people`)
  letGo()

  assert.equal((await raised).json.role, 'operator')
  for (const { status } of await Promise.all(asked)) assert.ok(status === 403 || status === 404)
  assert.equal((await signIn(admin, 'mia@example.com', goodPassword)).answered.status, 200)
})
