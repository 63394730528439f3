import assert from 'node:assert/strict'
import test from 'node:test'
import { SqliteBed } from '../../../test/contract/sqlite-bed.ts'
import { systemRandom } from '../../system/random.ts'
import type { Storage } from '../../storage/storage.ts'
import { Accounts } from './accounts.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const password = 'kettle willow orbit 7'

/** The same storage, where writing a password fails as often as `failing` says. */
function failingAtPasswords(storage: Storage, failing: { count: number }): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'signInDatabase') return value.bind(target)
      const database = target.signInDatabase()
      const run: typeof database.run = async (sql, values) => {
        if (/^(insert|update) .*"sign_in_credential"/i.test(sql) && failing.count > 0) {
          failing.count -= 1
          throw new Error('the disk is full')
        }
        return database.run(sql, values)
      }
      return () => ({ ...database, run })
    },
  })
}

test('a link whose password could not be written can be used again, once', async () => {
  const bed = new SqliteBed()
  const failing = { count: 1 }
  const storage = failingAtPasswords(await bed.open(), failing)
  const accounts = new Accounts({
    storage,
    clock: bed.clock,
    random: systemRandom,
    logger: silent,
    secret: 'e'.repeat(64),
    sessionIdleMs: 3_600_000,
  })
  const standing = { role: 'operator', customerId: null, memberId: null } as const
  const { id } = await accounts.create({ ...standing, email: 'olga@example.com', name: 'Olga' })
  const { code } = await accounts.makeLink({ id, mayChange: () => {} })

  await assert.rejects(accounts.useLink(code, password), /disk is full/)
  assert.equal(failing.count, 0)
  await assert.rejects(accounts.useLink(code, 'short'), { code: 'password_refused' })
  const used = await accounts.useLink(code, password)
  await assert.rejects(accounts.useLink(code, password), { code: 'link_unknown' })

  assert.equal(used.id, id)
  await bed.end()
})
