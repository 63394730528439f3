import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import {
  cleanEnvironment,
  endServer,
  folderFor,
  mainOf,
  root,
  startServer,
} from './server-process.ts'
import { diskLeftOut, mountDisk, remount } from './small-disk.ts'

/** Data folders on which a server cannot start, and a disk that fills up under one that runs. */
type Ended = { readonly code: number | null; readonly out: string; readonly error: string }

function start(folder: string, uid?: number): Ended {
  const flags = ['--gateway-port', '0', '--admin-port', '0', '--data-folder', folder]
  const ran = spawnSync(process.execPath, [mainOf(root), ...flags], {
    encoding: 'utf8',
    timeout: 60_000,
    env: cleanEnvironment(),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  return { code: ran.status, out: ran.stdout, error: ran.stderr }
}

/** Plain words, what to do, no stack; and every file but the log is as it was. */
function assertRefused(folder: string, told: RegExp, uid?: number): void {
  const before = contents(folder)
  const { code, out, error } = start(folder, uid)
  assert.match(error, told)
  assert.doesNotMatch(error, /^\s+at |ERR_SQLITE/m)
  assert.equal(out, '')
  assert.equal(code, 1)
  assert.deepEqual(contents(folder), before)
}

const isFilled = (path: string): boolean => statSync(path).isFile() && statSync(path).size > 0
const sha256 = (path: string): string => hash('sha256', readFileSync(path))

/** What stands beside the journal in every start: the lock, its note, the log. */
const passing = /^(owner\.(db|txt)|plimsoll\.log|journal\.db-shm|owner\.db-journal)$/

function contents(folder: string): ReadonlyMap<string, string> {
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : []
  const files = names.filter((name) => !passing.test(name) && isFilled(join(folder, name)))
  return new Map(files.map((name) => [name, sha256(join(folder, name))]))
}

/** A folder that a server has used and left. */
async function usedFolder(t: TestContext, folder = folderFor(t, 'trouble')): Promise<string> {
  const server = await startServer({ folder })
  server.child.kill('SIGTERM')
  await server.ended
  return folder
}

const inJournal = (folder: string, sql: string): void => {
  const db = new DatabaseSync(join(folder, 'journal.db'))
  db.exec(sql)
  db.close()
}

test('a journal that is not ours, damaged, newer or missing beside its log is refused and kept', async (t) => {
  const folder = await usedFolder(t)
  const path = join(folder, 'journal.db')
  const whole = readFileSync(path)

  inJournal(folder, 'PRAGMA user_version = 99')
  assertRefused(
    folder,
    /written by a newer Plimsoll \(format 99.*Start that version or a newer one/,
  )
  writeFileSync(path, Buffer.concat([Buffer.alloc(100, 0xff), whole.subarray(100)]))
  assertRefused(folder, /is damaged or is no SQLite file. Keep a copy of it/)
  writeFileSync(path, 'Dear Ada, this is a letter and no database. '.repeat(100))
  assertRefused(folder, /is damaged or is no SQLite file/)
  rmSync(path)
  inJournal(folder, 'CREATE TABLE recipe (name TEXT)')
  assertRefused(folder, /is a database of another program. Choose another data folder/)
  rmSync(path)
  mkdirSync(path)
  assertRefused(folder, /has a file where a folder has to be, or a folder in a file's place/)
  rmSync(path, { recursive: true })
  writeFileSync(`${path}-wal`, 'entries')
  assertRefused(folder, /missing or empty, but its log .*-wal is there/)
  writeFileSync(path, '')
  assertRefused(folder, /missing or empty, but its log/)

  rmSync(`${path}-wal`)
  writeFileSync(path, whole)
  assert.equal(await usedFolder(t, folder), folder)
})

test('an empty journal file, and a folder with spaces, umlauts and a long path, are as good as any', async (t) => {
  const folder = join(
    dirname(folderFor(t, 'trouble')),
    'mit Leerzeichen',
    'Übung – 日本',
    'x'.repeat(120),
  )
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'journal.db'), '')

  await usedFolder(t, folder)

  assert.ok(statSync(join(folder, 'journal.db')).size > 0)
})

const isRoot = process.getuid?.() === 0
const nobody = 65_534

test(
  'a folder or a file that this user may not write says whose rights to give',
  { skip: isRoot ? false : 'another user; run as root to include it' },
  async (t) => {
    const folder = await usedFolder(t)
    chmodSync(dirname(folder), 0o755)
    const told = /This user may not read and write everything in .*\(chown -R\)/

    chmodSync(folder, 0o755)
    assertRefused(folder, told, nobody)
    for (const name of readdirSync(folder)) chownSync(join(folder, name), nobody, nobody)
    chownSync(folder, nobody, nobody)
    chownSync(join(folder, 'journal.db'), 0, 0)
    assertRefused(folder, told, nobody)
    chownSync(join(folder, 'journal.db'), nobody, nobody)
    chmodSync(join(folder, 'journal.db'), 0o444)
    assertRefused(folder, /may not read and write everything|is read-only/, nobody)
  },
)

test(
  'a disk that is read-only, full or without inodes says so',
  { skip: diskLeftOut() },
  async (t) => {
    const readOnly = mountDisk(t, 'size=16m')
    await usedFolder(t, join(readOnly, 'data'))
    remount(readOnly, 'ro')
    assertRefused(join(readOnly, 'data'), /is read-only. Mount it writable/)
    assertRefused(join(readOnly, 'other'), /is read-only|cannot be made there/)

    const tiny = start(join(mountDisk(t, 'size=64k'), 'data'))
    assert.match(tiny.error, /is full. Make room and start again/)
    const crowded = join(mountDisk(t, 'size=4m,nr_inodes=4'), 'data')
    assert.match(start(crowded).error, /is full|can be neither opened nor made/)

    const disk = mountDisk(t, 'size=8m')
    const folder = await usedFolder(t, join(disk, 'data'))
    renameSync(join(folder, 'plimsoll.log'), join(disk, 'old.log'))
    const free = fill(disk)
    assertRefused(folder, /is full. Make room and start again/)
    free()
    await usedFolder(t, folder)
  },
)

/** Takes every byte that is left; the answer gives them back. */
function fill(disk: string): () => void {
  const path = join(disk, 'filler')
  for (let size = 1 << 20; size >= 512; size /= 2) {
    for (let isRoom = true; isRoom;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
      } catch {
        isRoom = false
      }
    }
  }
  return () => rmSync(path)
}

test(
  'D12: a disk that fills up is 503 and never "out", and serving goes on by itself once there is room',
  { skip: diskLeftOut() },
  async (t) => {
    const disk = mountDisk(t, 'size=8m')
    const folder = join(disk, 'data')
    const server = await startServer({ folder })
    t.after(() => endServer(server))
    const ask = async (): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${server.gatewayUrl}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'claude-sonnet-4-5',
          max_tokens: 100,
          messages: [{ role: 'user', content: 'Hello' }],
        }),
      })
      return { status: response.status, text: await response.text() }
    }
    assert.equal((await ask()).status, 200)
    const free = fill(disk)

    const refused: string[] = []
    let served = 1
    // What is left of the log's last page may still take some.
    for (let count = 0; count < 200 && refused.length < 5; count += 1) {
      const { status, text } = await ask()
      if (status === 200) served += 1
      else refused.push(`${status} ${text}`)
    }
    free()
    let again = await ask()
    for (let tries = 0; again.status !== 200 && tries < 2000; tries += 1) again = await ask()

    assert.equal(refused.length, 5)
    for (const text of refused)
      assert.match(text, /^503 .*limits_unavailable|^503 .*cannot be checked/)
    assert.equal(again.status, 200, again.text)
    assert.equal(server.child.exitCode, null)
    server.child.kill('SIGTERM')
    await server.ended
    assertBooks(folder, served + 1)
  },
)

/** Every answer that was given is settled, every other hold has ended. */
function assertBooks(folder: string, answered: number): void {
  const db = new DatabaseSync(join(folder, 'journal.db'), { readOnly: true })
  const count = (where: string): number =>
    Number(db.prepare(`SELECT count(*) AS n FROM journal WHERE ${where}`).get()?.['n'])
  const held = count(`kind = 'held'`)
  assert.equal(held, count(`kind IN ('settled', 'voided', 'expired')`))
  assert.ok(count(`kind IN ('settled', 'expired')`) >= answered, `${answered} were answered`)
  db.close()
}
