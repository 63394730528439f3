import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ExplanationAnswer } from '../../src/admin/contract/answers.ts'
import { compareBooks } from './books.ts'
import { cliOn, healthOf } from './health-world.ts'
import { old, unpackOld } from './old-folder.ts'
import { writeRoomyPlans } from './roomy-plans.ts'
import { folderFor, root, startFor, type ServerProcess } from './server-process.ts'
import { StreamLoad } from './stream-load.ts'

async function stopped(server: ServerProcess): Promise<void> {
  server.child.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: 0, signal: null })
}

async function explain(folder: string, decision: string): Promise<ExplanationAnswer> {
  const { out, err } = await cliOn(folder, ['explain', decision, '--json'])
  assert.equal(err, '')
  return JSON.parse(out) as ExplanationAnswer
}

test('the journal of 0.1.0, killed with requests running, is taken over whole: nothing is lost, accused or left open', async (t) => {
  const folder = folderFor(t, 'upgrade')
  unpackOld(folder)
  const flags = writeRoomyPlans(`${folder}-plans.json`)

  const server = await startFor(t, { folder, flags })
  const load = new StreamLoad(() => 20)
  load.moveTo(server)
  load.start(3)
  await load.begun(12)
  load.moveTo(null)
  const now = await load.end()
  await stopped(server)

  assert.deepEqual([now.denied, now.wrong], [[], []])
  const books = await compareBooks(folder, [...old.told, ...now.told], 'at_once')
  assert.deepEqual([books.missing, books.unsound], [[], []])
  assert.ok(books.expiredCount > 0, 'a request was running when it was killed')
  // Snapshots of the older kind are made anew, without a word about them.
  assert.deepEqual(JSON.parse((await cliOn(folder, ['drift', '--json'])).out), { drifts: [] })
  const denial = await explain(folder, old.denial)
  assert.deepEqual([denial.kind, denial.answeredReason], ['deny', 'model_unpriced'])
  const [first] = old.told
  assert.equal((await explain(folder, first?.holdId ?? '')).kind, 'allow')
})

/** This version with one more change of the format: the sources as they are, and a migration beside them. */
function nextVersion(t: TestContext, sql: string): string {
  const next = mkdtempSync(join(tmpdir(), 'plimsoll-next-'))
  t.after(() => rmSync(next, { recursive: true, force: true }))
  for (const name of ['src', 'package.json', 'test/running']) {
    cpSync(join(root, name), join(next, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(next, 'node_modules'))
  const migrations = join(next, 'src/storage/sqlite/migrations')
  const newest = readdirSync(migrations).toSorted().at(-1)?.slice(0, 3) ?? '000'
  const number = String(Number(newest) + 1).padStart(3, '0')
  writeFileSync(join(migrations, `${number}-next.sql`), sql)
  return next
}

const keptCopy = (folder: string): string | undefined =>
  readdirSync(folder).find((name) => name.startsWith('journal-format-'))

test('a change of the format under load loses nothing, keeps a copy, and keeps the older version off', async (t) => {
  const folder = folderFor(t, 'upgrade')
  const flags = [...writeRoomyPlans(`${folder}-plans.json`), '--drain-ms', '100']
  const next = nextVersion(t, 'CREATE TABLE extra (name TEXT PRIMARY KEY) STRICT;')
  const before = await startFor(t, { folder, flags })
  const load = new StreamLoad(() => 200)
  load.moveTo(before)
  load.start(6)
  await load.begun(12)

  await stopped(before)
  const after = await startFor(t, { folder, flags, root: next })
  load.moveTo(after)
  await load.begun(load.beganCount + 12)
  await stopped(after)
  load.moveTo(null)
  const { told, denied, wrong } = await load.end()

  assert.match(after.said(), /is changed from format \d to \d; as it is now it stays in .*journal-/)
  assert.deepEqual([denied, wrong], [[], []])
  const { compareBooks: compareNext } = (await import(`${next}/test/running/books.ts`)) as {
    readonly compareBooks: typeof compareBooks
  }
  const books = await compareNext(folder, told)
  assert.deepEqual([books.missing, books.unsound, books.expiredCount], [[], [], 0])

  await assert.rejects(startFor(t, { folder, flags }), /was written by a newer Plimsoll/)
  const health = await healthOf(folder)
  assert.equal(health.of('journal-file').status, 'bad')
  assert.equal(health.code, 1)
  copyFileSync(join(folder, keptCopy(folder) ?? ''), join(folder, 'journal.db'))
  await stopped(await startFor(t, { folder, flags }))
})

/** Runs for minutes, so that the kill is within it. */
const longSql = `CREATE TABLE extra (name TEXT PRIMARY KEY) STRICT;
  INSERT INTO extra WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many LIMIT 300000000)
    SELECT count(*) FROM many;`

test('a start that is killed within a change of the format leaves the journal to the older version', async (t) => {
  const folder = folderFor(t, 'upgrade')
  unpackOld(folder)
  const next = nextVersion(t, longSql)
  let killed = false
  const starting = startFor(t, {
    folder,
    root: next,
    onSaid: (child, said) => {
      if (!/is changed from format/.test(said) || killed) return
      killed = true
      child.kill('SIGKILL')
    },
  })

  await assert.rejects(starting, /ended early/)
  assert.equal(killed, true)

  const server = await startFor(t, { folder })
  await stopped(server)
  const books = await compareBooks(folder, old.told, 'at_once')
  assert.deepEqual([books.missing, books.unsound], [[], []])
})
