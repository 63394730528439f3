import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { listActs } from '../../src/operations/acts.ts'
import { openAdminWorld } from './admin-world.ts'

test('what the operator does beside the journal is noted: who, what, to whom, and nothing that was erased', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-acts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  await using admin = await openAdminWorld()
  const { customerId, memberId } = admin.world.seat
  const file = join(folder, 'copy.db')
  const said = [
    ['/api/backup', { file }],
    ['/api/backup', { file }],
    ['/api/verify', {}],
    ['/api/clock/adopt', {}],
    [`/api/customers/${customerId}/members/${memberId}/erase`, {}],
    [`/api/customers/${customerId}/erase`, {}],
    ['/api/customers/nobody/erase', {}],
  ] as const

  for (const [path, body] of said) await admin.call('POST', path, { body })

  const acts = (await listActs(admin.world.parts, { rowsMax: 100 })).toReversed()
  // The second backup found the first in its way, and nobody could be erased who is not there: neither was done.
  assert.deepEqual(
    acts.map(({ actor, act, target }) => [actor, act, target]),
    [
      ['operator', 'backup_taken', null],
      ['operator', 'journal_verified', null],
      ['operator', 'clock_adopted', null],
      ['operator', 'member_erased', memberId],
      ['operator', 'customer_erased', customerId],
    ],
  )
  assert.equal(acts[0]?.details['file'], file)
  assert.deepEqual([acts[1]?.details['faultCount'], acts[4]?.details], [0, { isComplete: true }])
})
