import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorEventFilter } from './error-event.ts'

const stopped = 'event: error\ndata: {"stop":true}\n\n'
const harmless = 'event: error\ndata: {"stop":false}\n\n'
const delta = 'event: content_block_delta\ndata: {"text":"event: error\\nevent: error"}\n\n'

type Outcome = { readonly passed: string; readonly isStopped: boolean }

function run(chunks: readonly Buffer[]): Outcome {
  const filter = new ErrorEventFilter((data) => data.includes('"stop":true'))
  let passed = ''
  for (const chunk of chunks) {
    const passing = filter.take(chunk)
    passed += passing.bytes.toString('latin1')
    if (passing.isStopped) return { passed, isStopped: true }
  }
  const rest = filter.end()
  return { passed: passed + rest.bytes.toString('latin1'), isStopped: rest.isStopped }
}

function inPieces(text: string, size: number): readonly Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

const texts = [
  delta,
  harmless,
  `${delta}${harmless}${delta}`,
  'event: err',
  'event: error',
  'event: errors\n\n',
  'x\n\n',
]

test('whatever is not stopped passes whole and in order, wherever it was cut', () => {
  for (const text of [...texts, ...texts.map((one) => one.replaceAll('\n', '\r\n'))]) {
    for (let size = 1; size <= text.length; size++) {
      assert.deepEqual(run(inPieces(text, size)), { passed: text, isStopped: false }, `${size}`)
    }
  }
})

test('an event to stop is kept from its first byte on, wherever it was cut', () => {
  for (const before of ['', delta, `${delta}${harmless}`]) {
    for (const ending of ['\n', '\r\n']) {
      const [start, whole] = [before, before + stopped].map((one) => one.replaceAll('\n', ending))
      for (let size = 1; size <= (whole?.length ?? 0); size++) {
        const outcome = run(inPieces(whole ?? '', size))
        assert.deepEqual(outcome, { passed: start, isStopped: true }, `${size}`)
      }
    }
  }
})

test('an event to stop that the upstream leaves unfinished is stopped at the end', () => {
  assert.deepEqual(run([Buffer.from(stopped.slice(0, -2))]), { passed: '', isStopped: true })
})

test('a chunk without such an event passes as the very buffer that came, also between two words', () => {
  const filter = new ErrorEventFilter(() => true)
  const chunk = Buffer.from(delta.replaceAll('event: error', ''))
  const half = Buffer.from('event: content_block_delta\ndata: {"text":"wor')

  assert.equal(filter.take(chunk).bytes, chunk)
  assert.equal(filter.take(half).bytes.length, half.length)
})

test('an error event without an end is not kept for ever', () => {
  const filter = new ErrorEventFilter(() => true)
  let kept = 0
  filter.take(Buffer.from('event: error\ndata: '))
  for (let i = 0; i < 100; i++) kept += filter.take(Buffer.alloc(1024, 'x')).bytes.length

  assert.ok(kept > 64 * 1024)
})
