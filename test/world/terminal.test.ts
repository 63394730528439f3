import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlayedScene } from './scene.ts'
import { drawScene, drawTable } from './terminal.ts'
import { wrapText } from './wrap-text.ts'

const scene: PlayedScene = {
  id: 'request',
  title: 'In the morning: the next request',
  caption: 'The same bytes go to both.',
  twoBooks: [
    { kind: 'call', text: 'POST /v1/messages' },
    {
      kind: 'refused',
      text: "400 invalid_request_error: You're out of extra usage. Add more at http://127.0.0.1:46631/usage and keep going.",
    },
  ],
  oneBook: [
    { kind: 'answered', text: '200 · paid by plan' },
    { kind: 'figure', text: 'Week', value: '12 %' },
  ],
  checks: [{ what: 'one book answers', expected: '200', seen: '200', isMet: true }],
}

test('text is broken at spaces, and a longer word is cut', () => {
  assert.deepEqual(wrapText('a balance of $100.00', 12), ['a balance of', '$100.00'])
  assert.deepEqual(wrapText('abcdefgh ij', 3), ['abc', 'def', 'gh', 'ij'])
  assert.deepEqual(wrapText('', 5), [''])
})

test('a scene stands side by side within 80 columns, with its bar in one column', () => {
  const rows = drawScene(scene, 3, { columns: 80, isColoured: false }).split('\n')

  assert.ok(rows.every((row) => row.length <= 80))
  const bars = rows.filter((row) => row.includes('│')).map((row) => row.indexOf('│'))
  assert.ok(bars.length >= 3)
  assert.deepEqual(new Set(bars), new Set([bars[0]]))
})

test('a narrow terminal gets one half under the other', () => {
  const text = drawScene(scene, 3, { columns: 60, isColoured: false })

  assert.ok(text.split('\n').every((row) => row.length <= 60))
  assert.ok(text.indexOf('Two books') < text.indexOf('400 invalid_request_error'))
  assert.ok(text.indexOf('400 invalid_request_error') < text.indexOf('One book'))
})

test('colour adds nothing but colour', () => {
  const plain = drawScene(scene, 3, { columns: 100, isColoured: false })
  const coloured = drawScene(scene, 3, { columns: 100, isColoured: true })

  // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
  assert.equal(coloured.replaceAll(/\u001b\[\d+m/g, ''), plain)
  assert.equal(plain.includes('\u001b'), false)
  assert.equal(coloured.includes('\u001b[31m'), true)
})

test('an expectation that was not met is said under its scene', () => {
  const checks = [{ what: 'one book answers', expected: '200', seen: '429', isMet: false }]

  const text = drawScene({ ...scene, checks }, 3, { columns: 80, isColoured: false })

  assert.match(text, /✗ one book answers: expected 200, saw 429/)
})

test('a table aligns its columns and wraps the last under itself', () => {
  const rows = [
    ['#7', 'held', 'the quick brown fox jumps over the lazy dog again and again'],
    ['#10', 'settled', 'short'],
  ]

  const text = drawTable(rows, { columns: 40, isColoured: false })

  assert.deepEqual(text.split('\n'), [
    '#7   held     the quick brown fox jumps',
    '              over the lazy dog again',
    '              and again',
    '#10  settled  short',
  ])
})
