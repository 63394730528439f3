import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { memberId, systemCustomerId } from '../../core/ids.ts'
import type { JournalRow } from '../entry-codec.ts'
import { startCopierThread } from './copier-thread.ts'
import { prepareJournal } from '../sqlite-file/journal-file.ts'
import { openJournalWriter, type JournalWriter, type SideWrite } from './journal-writer.ts'
import { openLogCopier, type LogCopier, type LogSize, type LogWork } from './log-copier.ts'
import { LogKeeper, logBytesMax, quietMs } from './log-keeper.ts'

class Hands {
  nowMs = 0
  readonly done: string[] = []
  readonly logged: string[] = []
  size: LogSize = { pages: 0, copiedPages: 0, isBlocked: false }
  /** Happens while the log is emptied; it fails when this throws. */
  meanwhile = (): void => undefined
  readonly keeper = new LogKeeper({
    copier: { work: async (what) => this.#do(what), close: () => Promise.resolve() },
    askWriter: async (what) => this.#do(what),
    clock: { wallMs: () => this.nowMs, elapsedMs: () => this.nowMs, after: () => () => undefined },
    log: {
      info: (message) => void this.logged.push(`info: ${message}`),
      warn: (message) => void this.logged.push(`warn: ${message}`),
      error: (message) => void this.logged.push(`error: ${message}`),
    },
  })

  /** After its first look, which empties the log. */
  static async begun(): Promise<Hands> {
    const hands = new Hands()
    await hands.look(0, 0)
    return hands
  }

  /** So many pages were written in all since the log began, and so many are in the journal file. */
  async look(pages: number, copiedPages: number, isBlocked = false): Promise<readonly string[]> {
    this.size = { pages, copiedPages, isBlocked }
    this.keeper.noteWrite()
    await this.keeper.tend()
    return this.done.splice(0)
  }

  #do(what: LogWork): LogSize {
    this.done.push(what)
    const { pages, isBlocked } = this.size
    if (what !== 'size' && !isBlocked) this.size = { pages, copiedPages: pages, isBlocked }
    if (what === 'truncate') this.meanwhile()
    if (what === 'truncate' && !isBlocked) this.size = { pages: 0, copiedPages: 0, isBlocked }
    return this.size
  }
}

test('at its start the log is emptied: a crash may have come between an erasure and that', async () => {
  const hands = new Hands()

  assert.deepEqual(await hands.look(10, 0), ['copy', 'truncate'])
})

test('the writer is asked only when the log is long, and then almost all of it is copied', async () => {
  const hands = await Hands.begun()

  assert.deepEqual(await hands.look(400, 0), ['size'])
  assert.deepEqual(await hands.look(1400, 0), ['size', 'copy'])
  assert.deepEqual(await hands.look(5000, 4900), ['size', 'restart'])
  assert.deepEqual(await hands.look(9000, 4500), ['size', 'copy', 'restart'])
})

test('an erasure whose log cannot be emptied is not complete, and the next look empties it', async () => {
  const hands = await Hands.begun()
  hands.meanwhile = () => {
    throw new Error('database is not open')
  }

  const isComplete = await hands.keeper.empty()
  const wasOpen = hands.keeper.facts.isErasureOpen
  hands.meanwhile = () => undefined
  await hands.keeper.tend()

  assert.equal(isComplete, false)
  assert.equal(wasOpen, true)
  assert.equal(hands.keeper.facts.isErasureOpen, false)
  assert.equal(
    hands.logged.some((line) => line.startsWith('warn: an erasure')),
    true,
  )
})

test('what is written while the log is emptied is copied once it is quiet', async () => {
  const hands = await Hands.begun()
  hands.meanwhile = () => {
    hands.nowMs += 1
    hands.keeper.noteWrite()
  }
  await hands.keeper.empty()
  hands.done.length = 0
  hands.nowMs += quietMs

  await hands.keeper.tend()

  assert.deepEqual(hands.done, ['copy'])
})

for (const [pages, done] of [
  [400, ['copy']],
  [9000, ['copy', 'truncate']],
] as const) {
  test(`a quiet log of ${pages} pages is copied whole once, and then left alone`, async () => {
    const hands = await Hands.begun()
    await hands.look(pages, pages)
    hands.done.length = 0
    hands.nowMs += quietMs

    await hands.keeper.tend()
    await hands.keeper.tend()

    assert.deepEqual(hands.done, done)
  })
}

test('a log that somebody keeps from beginning anew is told once, and so is its end', async () => {
  const hands = await Hands.begun()
  const tooMany = Math.ceil(logBytesMax / 4096)

  await hands.look(tooMany, 10, true)
  await hands.look(tooMany, 10, true)
  assert.equal(hands.keeper.facts.tooLongSinceMs, 0)
  await hands.look(300, 300)

  assert.deepEqual(hands.logged, [
    'error: the log of the journal is too long: something reads for long',
    'info: the log of the journal is short again',
  ])
  assert.equal(hands.keeper.facts.tooLongSinceMs, null)
})

test('an erasure is open until the log could be emptied', async () => {
  const hands = await Hands.begun()
  await hands.look(10, 0, true)

  assert.equal(await hands.keeper.empty(), false)
  assert.equal(hands.keeper.facts.isErasureOpen, true)
  hands.size = { pages: 10, copiedPages: 0, isBlocked: false }
  await hands.keeper.tend()

  assert.equal(hands.keeper.facts.isErasureOpen, false)
})

async function withLog(
  t: TestContext,
  startCopier: (path: string) => LogCopier,
): Promise<{ path: string; writer: JournalWriter; copier: LogCopier }> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'))
  const path = join(folder, 'journal.db')
  prepareJournal(path)
  const [writer, copier] = [openJournalWriter(path), startCopier(path)]
  t.after(async () => {
    await copier.close()
    await writer.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { path, writer, copier }
}

const person = (index: number): SideWrite => ({
  kind: 'put_person',
  person: { id: memberId(`m_${index}`), name: 'n', email: null },
})

const longRow = (position: number): JournalRow => ({
  position,
  customerId: systemCustomerId,
  memberId: null,
  kind: 'boot',
  atMs: position,
  operationId: null,
  operationDigest: null,
  actor: null,
  holdId: null,
  isShared: 0,
  memberSeal: null,
  customerSeal: null,
  legs: '[]',
  body: 'x'.repeat(9000),
})

for (const [how, startCopier] of [
  ['the copier', (path: string) => openLogCopier(path)],
  ['the thread of the copier', startCopierThread],
] as const) {
  test(`no commit copies the log by itself, ${how} does, beside them`, async (t) => {
    const { path, writer, copier } = await withLog(t, startCopier)
    await writer.commit({
      rows: Array.from({ length: 600 }, (_, index) => longRow(index + 1)),
      snapshots: [],
    })

    const before = await copier.work('size')
    const after = await copier.work('copy')

    assert.ok(before.pages > 1000, `${before.pages} pages`)
    assert.equal(before.copiedPages, 0)
    assert.equal(after.copiedPages, after.pages)
    await writer.tendLog('truncate')
    assert.equal(statSync(`${path}-wal`).size, 0)
  })
}

test('while somebody reads an old state, the writer is told at once and does not wait', async (t) => {
  const { path, writer, copier } = await withLog(t, openLogCopier)
  const reader = new DatabaseSync(path)
  await writer.write(person(1))
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM person').get()
  await writer.write(person(2))
  const startedMs = performance.now()

  assert.equal((await writer.tendLog('truncate')).isBlocked, true)
  assert.ok(performance.now() - startedMs < 4000, 'it waited for the reader')
  reader.close()
  await copier.work('copy')
  assert.equal((await writer.tendLog('truncate')).isBlocked, false)
})
