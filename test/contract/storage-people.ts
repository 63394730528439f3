import assert from 'node:assert/strict'
import { personId } from '../../src/core/ids.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { SignInValue } from '../../src/storage/console-storage.ts'
import { acme, ann, furnish, zoe } from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { onBed } from './with-bed.ts'

/** Accounts at the console and what was done there: beside the journal, and as durable as it. */

const moment = '2026-01-01T00:00:00.000Z'

async function insert(
  storage: Storage,
  table: string,
  row: Readonly<Record<string, SignInValue>>,
): Promise<void> {
  const { dialect, run } = storage.signInDatabase()
  const places = Object.keys(row).map((_, index) => (dialect === 'sqlite' ? '?' : `$${index + 1}`))
  await run(
    `insert into "${table}" (${Object.keys(row).join(', ')}) values (${places.join(', ')})`,
    Object.values(row),
  )
}

/** An account with all that belongs to one. */
export async function addAccount(
  storage: Storage,
  id: string,
  scope: { readonly customerId: string; readonly memberId?: string; readonly name?: string },
): Promise<void> {
  const { name = id, customerId, memberId = null } = scope
  const at = { created_at: moment, updated_at: moment }
  await insert(storage, 'sign_in_user', {
    id,
    name,
    email: `${name.replaceAll(' ', '.')}@example.com`,
    email_verified: 1,
    role: memberId === null ? 'owner' : 'member',
    is_active: 1,
    customer_id: customerId,
    member_id: memberId,
    ...at,
  })
  const session = { user_id: id, token: `token of ${name}`, user_agent: `${name}'s browser` }
  await insert(storage, 'sign_in_session', { id: `s-${id}`, ...session, expires_at: moment, ...at })
  const credential = { account_id: id, user_id: id, provider_id: 'credential' }
  await insert(storage, 'sign_in_credential', { id: `c-${id}`, ...credential, ...at })
  const link = { identifier: `link of ${name}`, value: id, expires_at: moment }
  await insert(storage, 'sign_in_link', { id: `l-${id}`, ...link, ...at })
}

export const accountTables = ['user', 'session', 'credential', 'link'].map(
  (name) => `sign_in_${name}`,
)

/** How many rows each of the tables has. */
export async function countAccounts(storage: Storage): Promise<readonly number[]> {
  const counts: number[] = []
  for (const table of accountTables) {
    const { rows } = await storage.signInDatabase().run(`select * from "${table}"`, [])
    counts.push(rows.length)
  }
  return counts
}

export function testPeople(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'an account is there once it was written, also after a crash',
    async (bed, storage) => {
      await addAccount(storage, 'p1', ann)
      await bed.crash()

      const again = await bed.open()

      assert.deepEqual(await countAccounts(again), [1, 1, 1, 1])
      assert.deepEqual(await again.accountsOf(ann), ['p1'])
      assert.equal((await again.findPerson(personId('p1')))?.email, 'p1@example.com')
    },
  )

  onBed(makeBed, 'who has an account is found by customer and by member', async (_, storage) => {
    await addAccount(storage, 'p1', ann)
    await addAccount(storage, 'p2', { customerId: acme })
    await addAccount(storage, 'p3', zoe)

    assert.deepEqual(await storage.accountsOf({ customerId: acme }), ['p1', 'p2'])
    assert.deepEqual(await storage.accountsOf(ann), ['p1'])
  })

  onBed(makeBed, 'an erased person has no row left, and others keep theirs', async (_, storage) => {
    await addAccount(storage, 'p1', ann)
    await addAccount(storage, 'p2', { customerId: acme })

    await storage.erasePersons([personId('p1'), ann.memberId])

    assert.deepEqual(await countAccounts(storage), [1, 1, 1, 1])
    assert.deepEqual(await storage.accountsOf({ customerId: acme }), ['p2'])
    assert.equal(await storage.findPerson(personId('p1')), undefined)
  })

  onBed(
    makeBed,
    'a statement on any other table is refused and does nothing',
    async (_, storage) => {
      await furnish(storage)
      const { run } = storage.signInDatabase()
      const position = storage.durablePosition
      const statements = [
        `insert into installation (name, value) values ('a', 'b')`,
        'delete from "snapshot"',
        'update "admin_act" set act = act',
        'drop table "sign_in_user"',
        'select * from "journal"',
        'PRAGMA user_version = 99',
      ]

      for (const sql of statements) await assert.rejects(run(sql, []), sql)

      assert.equal(storage.durablePosition, position)
      await storage.updateSystem(() => ({ answer: undefined, entries: [] }))
    },
  )

  onBed(makeBed, 'acts come back newest first, a page at a time', async (bed, storage) => {
    const { acts } = storage
    for (const act of ['first', 'second', 'third']) {
      await acts.record({
        actor: 'operator',
        act,
        target: null,
        details: { isFirst: act === 'first' },
      })
      bed.clock.pass(1000)
    }
    await acts.record({ actor: 'person:p1', act: 'fourth', target: 'p2', details: {} })
    await bed.crash()

    const again = await bed.open()
    const page = await again.acts.list({ rowsMax: 2 })
    const rest = await again.acts.list({ rowsMax: 9, beforeId: page[1]?.id ?? 0 })
    const own = await again.acts.list({ rowsMax: 9, actor: 'person:p1' })

    assert.deepEqual(
      [...page, ...rest].map(({ act }) => act),
      ['fourth', 'third', 'second', 'first'],
    )
    assert.deepEqual(
      own.map(({ act, target }) => [act, target]),
      [['fourth', 'p2']],
    )
    assert.deepEqual(rest[1]?.details, { isFirst: true })
    assert.equal((page[0]?.atMs ?? 0) - (rest[1]?.atMs ?? 0), 3000)
  })
}
