import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCliWorld } from './cli-world.ts'

/** `plimsoll backup` and `plimsoll restore`, on the real server. */

test('a backup of the running server is taken, checked, restored, and says what it cost', async (t) => {
  await using world = await openCliWorld()
  const place = mkdtempSync(join(tmpdir(), 'plimsoll backups-ü-'))
  t.after(() => rmSync(place, { recursive: true }))
  const file = join(place, 'monday.db')
  await world.ask(10)

  const taken = await world.cli(['backup', file])
  const again = await world.cli(['backup', file])
  const forced = await world.cli(['backup', file, '--force', '--json'])
  const checked = await world.cli(['backup', '--verify', file])

  assert.equal(taken.code, 0, taken.err)
  assert.match(taken.out, /^Backup taken and checked: entries #1 to #\d+/)
  assert.match(taken.out.replaceAll(/\s+/g, ' '), / of 1 customer and 1 member; /)
  assert.match(taken.out, /sha256 [0-9a-f]{64}\n/)
  const back = `npm run plimsoll -- restore '${file}' --replace --data-folder ${world.folder}`
  assert.ok(taken.out.includes(`\n  ${back}\n`), taken.out)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(again.code, 1)
  assert.match(again.err, /is there already, and stays as it is/)
  const report: unknown = JSON.parse(forced.out)
  assert.ok(typeof report === 'object' && report !== null && 'position' in report)
  assert.equal(checked.code, 0, checked.err)
  assert.match(checked.out, /^All right: entries #1 to/)

  await world.ask(10)
  const busy = await world.cli(['restore', file, '--replace'])
  assert.equal(busy.code, 3)
  assert.match(busy.err, /uses the data folder/)
  await world.stop('SIGTERM')
  const hasSessions = (): boolean => readdirSync(world.folder).includes('session-secret')

  const refused = await world.cli(['restore', file])
  const sessions = [hasSessions()]
  const restored = await world.cli(['restore', file, '--replace'])

  assert.equal(refused.code, 1)
  assert.match(refused.err, /has a journal already/)
  assert.equal(restored.code, 0, restored.err)
  sessions.push(hasSessions())
  assert.deepEqual(sessions, [true, false], 'a restore that is done brings no session back')
  assert.match(restored.out.replaceAll(/\s+/g, ' '), /Everybody signs in at the console again/)
  assert.doesNotMatch(restored.out, /ran when the backup was taken/, 'nothing ran')
  const first = Number(report.position) + 1
  assert.match(
    restored.out.replaceAll(/\s+/g, ' '),
    new RegExp(`Entries #${first} to #\\d+, the last of`),
  )
  const verified = await world.cli(['verify'])
  assert.match(verified.out, /All right/)
  const stopped = await world.cli(['backup', join(place, 'stopped.db')])
  assert.equal(stopped.code, 0, stopped.err)
})

test('damage in a backup is found, and told with its own exit code', async (t) => {
  await using world = await openCliWorld()
  const place = mkdtempSync(join(tmpdir(), 'plimsoll-backups-'))
  t.after(() => rmSync(place, { recursive: true }))
  const file = join(place, 'copy.db')
  assert.equal((await world.cli(['backup', file])).code, 0)
  const bytes = readFileSync(file)
  bytes.fill(0xee, 3 * 4096, 4 * 4096)
  writeFileSync(file, bytes)

  const checked = await world.cli(['backup', '--verify', file])
  const json = await world.cli(['backup', '--verify', file, '--json'])

  assert.equal(checked.code, 5)
  assert.match(checked.err, /is damaged/)
  assert.match(json.err, /^\{"error":\{"code":"backup_damaged"/)
  const missing = await world.cli(['backup', '--verify', join(place, 'none.db')])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /There is no file/)
})

test('an erased member or customer is named in no file of the folder, the log file among them', async () => {
  await using world = await openCliWorld()
  const [name, firm, laptop] = ['Ottilie Erasable', 'Erasable Works', 'erasable laptop']
  const whereWritten = (): readonly string[] =>
    readdirSync(world.folder).filter((file) => {
      const bytes = readFileSync(join(world.folder, file))
      return [name, firm, laptop].some((text) => bytes.includes(text))
    })
  const done = async (...args: string[]): Promise<string> => {
    const ran = await world.cli(args)
    assert.equal(ran.code, 0, ran.err)
    return ran.out.replaceAll(/\s+/g, ' ')
  }
  await done('customer', 'open', firm, '--id', 'works')
  const plans = JSON.parse(await done('plans', 'list', '--json')) as { plans: { id: string }[] }
  const plan = plans.plans[0]?.id ?? ''
  await done('member', 'seat', name, '--customer', 'works', '--plan', plan, '--id', 'ottilie')
  await done('key', 'issue', '--member', 'ottilie', '--customer', 'works', '--name', laptop)
  assert.notDeepEqual(whereWritten(), [])

  const said = await done('member', 'erase', 'ottilie')
  assert.match(said, /member ottilie are in no file of the data folder any more/)
  writeFileSync(join(world.folder, 'journal-format-1-at-9.db'), '')
  const again = await done('customer', 'erase', 'works')

  assert.match(again, /of customer works and its members are not in the journal any more/)
  assert.match(again, /may still have them: journal-format-1-at-9\.db\. Remove it once/)
  assert.deepEqual(whereWritten(), [])
  assert.match(await done('member', 'list', '--customer', 'works'), /ottilie/)
  assert.match(await done('verify'), /All right/)
})
