import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Passage } from './passage.ts'

const start = 'event: message_start\ndata: {}\n\n'
const stop = 'event: message_stop\ndata: {}\n\n'
const lastWord = 'event: error\ndata: {"type":"error"}\n\n'
const said = start + stop

/** What is found when the LLM API says so much and a caller reads this. */
function faultsOf({
  text = said,
  body = said,
  isWhole = true,
}: {
  readonly text?: string
  readonly body?: string
  readonly isWhole?: boolean
}): readonly string[] {
  const faults: string[] = []
  const passage = new Passage((what) => faults.push(what))
  const headers = new Map([
    ['x-sim-luck', 'one'],
    ['x-api-key', 'sk-operator-1'],
  ])
  const exchange = passage.hear('one', { firstLine: 'POST /v1/messages', headers, body: '' })
  exchange.reader.push(
    Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`),
  )
  const told = new Map([['request-id', 'req_up_one']])
  passage.read('one', { kind: 'answer', status: 200, headers: told, body, isWhole })
  return faults
}

test('an answer passes that is read to the byte, left early, or ended by a last word of ours', () => {
  assert.deepEqual(faultsOf({}), [])
  assert.deepEqual(faultsOf({ body: start.slice(0, 9), isWhole: false }), [])
  assert.deepEqual(faultsOf({ body: start + lastWord }), [])
  assert.deepEqual(faultsOf({ body: lastWord }), [])
})

test('an answer that lost, doubled or changed anything on its way is found', () => {
  for (const body of [
    stop,
    start + start + stop,
    said + stop,
    said.replace('start', 'stArt'),
    start + lastWord + stop,
    start.slice(0, 9) + lastWord,
  ])
    assert.deepEqual(faultsOf({ body }), ['an answer is changed on its way'], body)
})

test('an answer that is whole for its caller and was longer is found', () => {
  assert.deepEqual(faultsOf({ body: start }), ['an answer is changed on its way'])
})

test('a request is found that is changed, lacks the key of the operator, or carries what is ours', () => {
  const faults: string[] = []
  const passage = new Passage((what) => faults.push(what))
  passage.ask('one', 'asked')
  const hear = (headers: Readonly<Record<string, string>>, body = 'asked'): void => {
    const all = new Map(Object.entries({ 'x-sim-luck': 'one', ...headers }))
    passage.hear('one', { firstLine: 'POST /v1/messages', headers: all, body })
  }
  const key = { 'x-api-key': 'sk-operator-2' }

  hear(key)
  assert.deepEqual(faults.splice(0), [])
  hear(key, 'other')
  hear({})
  hear({ ...key, authorization: 'Bearer plim_abc' })
  hear({ ...key, 'x-plimsoll-extra-usage': 'never' })
  assert.deepEqual(faults, [
    'a request is changed on its way',
    "a request goes without the operator's key",
    'the LLM API is told what is ours',
    'the LLM API is told what is ours',
  ])
})
