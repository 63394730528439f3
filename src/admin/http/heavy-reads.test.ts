import assert from 'node:assert/strict'
import test from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { customerId, memberId } from '../../core/ids.ts'
import { nextTurn } from '../../system/next-turn.ts'
import { HeavyReads, type Read } from './heavy-reads.ts'

const isTooMany = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'too_many_reads'

const of = (name: string, reader = 'ada'): Read => ({
  customerId: customerId(name),
  reader: memberId(reader),
})

async function* texts(count: number, onEnd: () => void = () => undefined): AsyncGenerator<string> {
  try {
    for (let index = 0; index < count; index += 1) yield `line ${index}\n`
  } finally {
    onEnd()
  }
}

/** Time goes on until this is done. */
async function whilePassing<Value>(clock: ManualClock, work: Promise<Value>): Promise<Value> {
  let isOver = false
  const watched = work.finally(() => (isOver = true))
  watched.catch(() => undefined)
  while (!isOver) {
    await nextTurn()
    clock.pass(1)
  }
  return watched
}

test('a reader has two places, a customer three, and all together eight', () => {
  const reads = new HeavyReads({ clock: new ManualClock() })

  const ends = [reads.begin(of('acme')), reads.begin(of('acme'))]
  assert.throws(() => reads.begin(of('acme')), isTooMany)
  ends.push(reads.begin(of('acme', 'bob')))
  assert.throws(() => reads.begin(of('acme', 'eve')), isTooMany)
  for (const owner of ['a', 'b']) ends.push(reads.begin(of(owner)), reads.begin(of(owner)))
  ends.push(reads.begin(of('c')))
  assert.throws(() => reads.begin(of('d')), isTooMany)
  ends[0]?.()
  ends[0]?.()
  reads.begin(of('d'))

  assert.throws(
    () => reads.begin(of('e')),
    isTooMany,
    'a place that is given back twice is one place',
  )
})

test("customers' files, however many and whoever they are, leave the operator's places free", () => {
  const reads = new HeavyReads({ clock: new ManualClock() })
  for (const name of ['verify', 'audit-log', 'a', 'b']) {
    reads.begin(of(name))
    reads.begin(of(name))
  }

  const finish = reads.begin({ operators: 'verify' })
  assert.throws(() => reads.begin({ operators: 'verify' }), isTooMany)
  reads.begin({ operators: 'audit log' })
  reads.begin({ operators: 'audit log' })
  assert.throws(() => reads.begin({ operators: 'audit log' }), isTooMany)
  assert.throws(() => reads.begin(of('c')), isTooMany, 'they are none of the eight')
  finish()
  reads.begin({ operators: 'verify' })
})

test('a file that was read to its end gives its place back', async () => {
  const clock = new ManualClock()
  const reads = new HeavyReads({ clock })
  const files = [reads.file(of('acme'), texts(3)), reads.file(of('acme'), texts(3))]

  const read = await whilePassing(
    clock,
    Promise.all(files.map(async (file) => await new Response(file).text())),
  )

  assert.deepEqual(new Set(read), new Set(['line 0\nline 1\nline 2\n']))
  reads.begin(of('acme'))
  reads.begin(of('acme'))
})

test('a file whose reader leaves gives its place back, and is read no further', async () => {
  const clock = new ManualClock()
  const reads = new HeavyReads({ clock })
  let isEnded = false
  const reader = reads
    .file(
      of('acme'),
      texts(1000, () => (isEnded = true)),
    )
    .getReader()
  await whilePassing(clock, reader.read())

  await whilePassing(clock, reader.cancel())

  assert.equal(isEnded, true)
  reads.begin(of('acme'))
  reads.begin(of('acme'))
})

test('a file that nobody takes a piece of for a minute is cut, and gives its place back', async () => {
  const clock = new ManualClock()
  const reads = new HeavyReads({ clock })
  const reader = reads.file(of('acme'), texts(1000)).getReader()
  await whilePassing(clock, reader.read())
  for (let turn = 0; turn < 10; turn += 1) {
    await nextTurn()
    clock.pass(1)
  }

  clock.pass(60_000)
  await nextTurn()

  await assert.rejects(async () => {
    for (;;) if ((await reader.read()).done) return
  }, /too long/)
  reads.begin(of('acme'))
  reads.begin(of('acme'))
})

test('a file that somebody reads is not cut, however long it takes', async () => {
  const clock = new ManualClock()
  const reads = new HeavyReads({ clock })
  const reader = reads.file(of('acme'), texts(6)).getReader()
  let text = ''

  for (;;) {
    const { done, value } = await whilePassing(clock, reader.read())
    if (done) break
    text += Buffer.from(value).toString()
    // The next piece waits for its reader by now.
    for (let turn = 0; turn < 10; turn += 1) {
      await nextTurn()
      clock.pass(1)
    }
    clock.pass(40_000)
  }

  assert.equal(text.split('\n').length, 7)
})

test('a file that cannot be read on fails, and gives its place back', async () => {
  const clock = new ManualClock()
  const reads = new HeavyReads({ clock })
  async function* failing(): AsyncGenerator<string> {
    yield await Promise.reject(new Error('damaged'))
  }

  await assert.rejects(
    whilePassing(clock, new Response(reads.file(of('acme'), failing())).text()),
    /damaged/,
  )

  reads.begin(of('acme'))
  reads.begin(of('acme'))
})
