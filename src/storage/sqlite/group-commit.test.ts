import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { nextTurn } from '../../system/next-turn.ts'
import { customerId, memberId } from '../../core/ids.ts'
import type { JournalRow } from '../entry-codec.ts'
import type { JournalBatch, JournalWriter } from '../sqlite-log/journal-writer.ts'
import { nothingAnswered } from '../sqlite-log/side-writes.ts'
import { GroupCommit } from './group-commit.ts'

const lingerMs = 2

const rowOf = (position: number, kind: string): JournalRow => ({
  position,
  customerId: customerId('c'),
  memberId: memberId('m'),
  kind,
  atMs: 1000,
  operationId: null,
  operationDigest: null,
  actor: null,
  holdId: 'hold_1',
  isShared: 0,
  memberSeal: null,
  customerSeal: null,
  legs: '[]',
  body: '{}',
})

/** A writer whose commits end when the test says so. */
class HeldWriter implements JournalWriter {
  readonly commits: { readonly kinds: string; readonly done: PromiseWithResolvers<void> }[] = []

  commit({ rows }: JournalBatch): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.commits.push({ kinds: rows.map((row) => row.kind).join(' '), done })
    return done.promise
  }

  get kinds(): readonly string[] {
    return this.commits.map((commit) => commit.kinds)
  }

  write = (): Promise<typeof nothingAnswered> => Promise.resolve(nothingAnswered)
  tendLog = (): Promise<never> => Promise.reject(new Error('It has no log'))
  close = (): Promise<void> => Promise.resolve()
}

type Bed = {
  readonly clock: ManualClock
  readonly writer: HeldWriter
  readonly commit: GroupCommit
  readonly append: (...kinds: readonly string[]) => void
}

function makeBed(): Bed {
  const clock = new ManualClock(0)
  const writer = new HeldWriter()
  const commit = new GroupCommit({
    writer,
    clock,
    lingerMs,
    position: 0,
    onDurable: () => undefined,
    onFailure: () => undefined,
  })
  const append = (...kinds: readonly string[]): void => {
    const from = commit.lastPosition + 1
    commit.append(kinds.map((kind, index) => ({ row: rowOf(from + index, kind), snapshots: [] })))
  }
  return { clock, writer, commit, append }
}

test('the end of a hold shares the commit of the hold that comes behind it', async () => {
  const { writer, commit, append } = makeBed()

  append('settled')
  const settled = commit.whenWritten(1)
  await nextTurn()
  assert.deepEqual(writer.kinds, [])
  append('held')
  await nextTurn()

  assert.deepEqual(writer.kinds, ['settled held'])
  writer.commits[0]?.done.resolve()
  await settled
  assert.equal(commit.durablePosition, 2)
})

test('an end of a hold that nothing follows is committed when its time is up', async () => {
  const { clock, writer, commit, append } = makeBed()

  append('voided')
  await nextTurn()
  assert.deepEqual(writer.kinds, [])
  clock.pass(lingerMs)
  await nextTurn()

  assert.deepEqual(writer.kinds, ['voided'])
  writer.commits[0]?.done.resolve()
  await commit.whenWritten(1)
})

test('R3: an answer that rests on the end of a hold does not wait for company', async () => {
  const { writer, commit, append } = makeBed()
  append('settled')
  await nextTurn()

  const refused = commit.whenDurable(1)
  await nextTurn()

  assert.deepEqual(writer.kinds, ['settled'])
  writer.commits[0]?.done.resolve()
  await refused
})

test('what came while a commit was under way leaves with it done, or waits where nobody asks for it', async () => {
  const { clock, writer, commit, append } = makeBed()
  append('held')
  await nextTurn()
  append('settled')
  writer.commits[0]?.done.resolve()
  await commit.whenDurable(1)
  await nextTurn()
  assert.deepEqual(writer.kinds, ['held'])

  clock.pass(lingerMs)
  await nextTurn()
  append('settled')
  const asked = commit.whenDurable(3)
  writer.commits[1]?.done.resolve()
  await commit.whenWritten(2)
  await nextTurn()

  assert.deepEqual(writer.kinds, ['held', 'settled', 'settled'])
  writer.commits[2]?.done.resolve()
  await asked
})

test('a full batch of ends leaves at once, and one more waits anew', async () => {
  const { clock, writer, commit, append } = makeBed()

  append('settled')
  append(...Array.from({ length: 63 }, () => 'settled'))
  assert.equal(writer.commits.length, 1)
  clock.pass(lingerMs)
  append('settled')
  writer.commits[0]?.done.resolve()
  await commit.whenWritten(64)
  await nextTurn()
  assert.equal(writer.commits.length, 1)

  clock.pass(lingerMs)
  await nextTurn()
  assert.equal(writer.commits.length, 2)
})

test('an end that waits for company is refused when the commit before it fails', async () => {
  const { clock, writer, commit, append } = makeBed()
  append('held')
  await nextTurn()
  append('settled')
  const settled = commit.whenWritten(2)

  writer.commits[0]?.done.reject(new Error('The disk is full'))
  await assert.rejects(settled, { code: 'limits_unavailable' })
  clock.pass(lingerMs)
  await nextTurn()

  assert.equal(writer.commits.length, 1)
  await assert.rejects(commit.whenWritten(2), { code: 'limits_unavailable' })
})
