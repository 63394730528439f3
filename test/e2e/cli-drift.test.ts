import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openCliWorld } from './cli-world.ts'

/** Makes every stored sum say that extra usage is off, and that far more was used. */
function corrupt(dataFolder: string): number {
  const db = new DatabaseSync(join(dataFolder, 'journal.db'))
  const rows = db.prepare('SELECT customer_id, member_id, state FROM snapshot').all()
  const write = db.prepare('UPDATE snapshot SET state = ? WHERE customer_id = ? AND member_id = ?')
  let changed = 0
  for (const { customer_id: customer, member_id: member, state } of rows) {
    const text = String(state)
      .replace('"isOn":true', '"isOn":false')
      .replace(/"used":"\d+/, '"used":"999000000000')
    if (text !== state) changed += 1
    write.run(text, String(customer), String(member))
  }
  db.close()
  return changed
}

test('D1: stored sums that lie are found, said with what they should be, healed, and listed; figures stay right', async () => {
  await using world = await openCliWorld(['--snapshot-every', '1'])
  const { cli } = world
  await cli(['topup', '100'])
  await cli(['extra', 'on'])
  await world.ask(1000)
  await world.ask(1000)
  await world.stop('SIGTERM')
  assert.ok(corrupt(world.folder) >= 2)

  const found = await cli(['verify'])
  const healed = await cli(['verify', '--heal'])
  const again = await cli(['verify'])
  const listed = await cli(['drift'])
  const usage = await cli(['usage'])

  assert.equal(found.code, 5)
  assert.match(
    found.out,
    /Different: customer:demo, extraUsage\.isOn: stored false, recomputed true, last\s+written at entry #\d+/,
  )
  assert.equal(healed.code, 5)
  assert.match(healed.out, /were put right/)
  assert.equal(again.code, 0, again.out)
  assert.match(again.out, /All right/)
  assert.match(
    listed.out,
    /member:demo +windows\.session\.used: stored\s+999000000000,\s+recomputed/,
  )
  assert.match(
    usage.out,
    /Extra usage +on for the account, on for the member\nBalance +\$100\.00\n/,
  )
  assert.match(usage.out, /Session +█+░+ +\d+ % used/)
})
