import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findRefusal } from '../../src/doctor/examine.ts'

/** Which prompt was refused: of all that tell one, what stands nearest to the end of the transcript. */

const captured = join(import.meta.dirname, 'transcripts', 'turns', 'refused-after-an-answer.jsonl')

type Told = { readonly lastPrompt: string | undefined; readonly queued: readonly string[] }

function readLines(lines: readonly object[]): Told {
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  const { session } = findRefusal({ kind: 'text', text }, Date.UTC(2026, 10, 28, 12))
  return { lastPrompt: session?.lastPrompt, queued: session?.queuedPrompts ?? [] }
}

const asked = (content: string): object => ({ type: 'user', message: { role: 'user', content } })
const noted = (lastPrompt: string): object => ({ type: 'last-prompt', lastPrompt })
const added = (content: string): object => ({
  type: 'queue-operation',
  operation: 'enqueue',
  content,
})
const taken = { type: 'queue-operation', operation: 'dequeue' }
const refused = {
  type: 'assistant',
  isApiErrorMessage: true,
  message: { model: '<synthetic>', content: [{ type: 'text', text: 'API Error: 429 no' }] },
}

test('a prompt that was refused after an answered one is the last, not the one that the client noted before it', () => {
  const nowMs = Date.UTC(2026, 10, 28, 0, 30)

  const file = findRefusal({ kind: 'file', path: captured }, nowMs)
  const piped = findRefusal({ kind: 'text', text: readFileSync(captured, 'utf8') }, nowMs)

  assert.deepEqual(
    [file.session?.lastPrompt, piped.session?.lastPrompt],
    ['now be refused', 'now be refused'],
  )
})

test('a note that is newer than the last record of a person counts, and only one of the same prompt is filled up', () => {
  const other = readLines([asked('one'), noted('one'), refused, noted('two')])
  const cut = readLines([asked('one and more'), refused, noted('one and…')])

  assert.deepEqual([other.lastPrompt, cut.lastPrompt], ['two', 'one and more'])
})

test('a queued prompt that was sent is the last one until its own record stands there', () => {
  const unwritten = readLines([asked('one'), noted('one'), added('two'), taken, refused])
  const written = readLines([added('two'), taken, asked('two, with its context'), refused])

  assert.deepEqual([unwritten.lastPrompt, written.lastPrompt], ['two', 'two, with its context'])
})

test('a queued prompt that was never sent stays apart, and what the client queues itself is no prompt', () => {
  const told = readLines([
    asked('one'),
    refused,
    added('two'),
    added('<task-notification>done</task-notification>'),
  ])
  const own = readLines([asked('one'), added('<task-notification>done'), taken, refused])

  assert.deepEqual(told, { lastPrompt: 'one', queued: ['two'] })
  assert.equal(own.lastPrompt, 'one')
})

test('the captured turns name no machine and hold no key', () => {
  assert.doesNotMatch(readFileSync(captured, 'utf8'), /\/root\b|\/tmp\/|device_id|"sk-/)
})
