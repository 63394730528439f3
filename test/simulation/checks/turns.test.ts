import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

const asked = { member: 'ann', model: 'sim-cheap' }

const admitted = (position: number) => ({
  kind: 'answer' as const,
  status: 200,
  headers: new Map([
    ['x-plimsoll-source', 'plan'],
    ['x-plimsoll-position', String(position)],
  ]),
  body: '',
  isWhole: true,
})

const refused = (position: number) => ({
  kind: 'answer' as const,
  status: 429,
  headers: new Map([['x-plimsoll-position', String(position)]]),
  body: '{"error":{"details":{"error_code":"reserved"}}}',
  isWhole: true,
})

/** Somebody asks at 1000 and is refused at 3100, after this one was let in. */
function lookAfter(newcomer: {
  member?: string
  model?: string
  sinceMs: number
  position?: number
}) {
  const turns = new Turns()
  const { position = 7, ...own } = newcomer
  assert.equal(turns.look(admitted(position), { ...asked, ...own }, 2500), null)
  return turns.look(refused(8), { ...asked, sinceMs: 1000 }, 3100)
}

test('whoever asked later and is let in before one who waits is found', () => {
  assert.match(lookAfter({ sinceMs: 2000 }) ?? '', /^ann with sim-cheap, who asked at 2000, passes/)
})

test('whoever came before, concerns another limit, or came after the refusal passes nobody', () => {
  assert.equal(lookAfter({ sinceMs: 900 }), null)
  assert.equal(lookAfter({ sinceMs: 1050 }), null, 'perhaps it arrived first')
  assert.equal(lookAfter({ sinceMs: 2000, member: 'bob' }), null)
  assert.equal(lookAfter({ sinceMs: 2000, model: 'sim-dear' }), null)
  assert.equal(lookAfter({ sinceMs: 2000, position: 9 }), null)
})
