import assert from 'node:assert/strict'
import test from 'node:test'
import { SqliteBed } from '../../../test/contract/sqlite-bed.ts'
import { systemRandom } from '../../system/random.ts'
import type { Storage } from '../../storage/storage.ts'
import { Accounts } from './accounts.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const password = 'kettle willow orbit 7'

/** The same storage, where the writes that fit this fail as often as `failing` says. */
function failingAt(writes: RegExp, storage: Storage, failing: { count: number }): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'signInDatabase') return value.bind(target)
      const database = target.signInDatabase()
      const run: typeof database.run = async (sql, values) => {
        if (writes.test(sql) && failing.count > 0) {
          failing.count -= 1
          throw new Error('the disk is full')
        }
        return database.run(sql, values)
      }
      return () => ({ ...database, run })
    },
  })
}

const passwordWrites = /^(insert|update) .*"sign_in_credential"/i
const standing = { role: 'operator', customerId: null, memberId: null } as const

/** Accounts on a storage where the first write of this kind fails. */
async function openAccounts(writes: RegExp) {
  const bed = new SqliteBed()
  const failing = { count: 1 }
  const accounts = new Accounts({
    storage: failingAt(writes, await bed.open(), failing),
    clock: bed.clock,
    random: systemRandom,
    logger: silent,
    secret: 'e'.repeat(64),
    sessionIdleMs: 3_600_000,
  })
  return { bed, accounts, failing }
}

test('a link whose password could not be written can be used again, once', async () => {
  const { bed, accounts, failing } = await openAccounts(passwordWrites)
  const { id } = (await accounts.invite({ ...standing, email: 'olga@example.com', name: 'Olga' }))
    .person
  const { code } = await accounts.makeLink({ id, mayChange: () => {} })

  await assert.rejects(accounts.useLink(code, password), /disk is full/)
  assert.equal(failing.count, 0)
  await assert.rejects(accounts.useLink(code, 'short'), { code: 'password_refused' })
  const used = await accounts.useLink(code, password)
  await assert.rejects(accounts.useLink(code, password), { code: 'link_unknown' })

  assert.equal(used.id, id)
  await bed.end()
})

test('a link is not used up before the sessions of the password before are over', async () => {
  const { bed, accounts, failing } = await openAccounts(/^delete from "sign_in_session"/i)
  const { id } = (await accounts.invite({ ...standing, email: 'olga@example.com', name: 'Olga' }))
    .person
  const { code } = await accounts.makeLink({ id, mayChange: () => {} })

  await assert.rejects(accounts.useLink(code, password), /disk is full/)
  assert.equal(failing.count, 0)
  assert.equal((await accounts.useLink(code, password)).id, id)

  await bed.end()
})

test('a first operator whose password could not be written sets the server up again', async () => {
  const { bed, accounts, failing } = await openAccounts(passwordWrites)
  const olga = { email: 'olga@example.com', name: 'Olga', password }

  await assert.rejects(accounts.setUp(olga), /disk is full/)
  assert.equal(failing.count, 0)
  assert.equal(await accounts.hasOperator(), false, 'nobody can sign in')
  const made = await accounts.setUp(olga)
  await assert.rejects(accounts.setUp({ ...olga, email: 'rita@example.com' }), {
    code: 'set_up_done',
  })

  assert.deepEqual(
    (await accounts.list()).map(({ id }) => id),
    [made.id],
  )
  await bed.end()
})

test('an operator who was invited and has not come yet leaves nobody else the set-up', async () => {
  const { bed, accounts } = await openAccounts(/^nothing$/)
  const { id } = (await accounts.invite({ ...standing, email: 'olga@example.com', name: 'Olga' }))
    .person
  await accounts.makeLink({ id, mayChange: () => {} })

  assert.equal(await accounts.hasOperator(), true)
  await assert.rejects(accounts.setUp({ email: 'rita@example.com', name: 'Rita', password }), {
    code: 'set_up_done',
  })

  await bed.end()
})
