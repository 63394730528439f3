import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bar,
  cellWidth,
  facts,
  guardTerminal,
  paint,
  safeText,
  table,
  wrap,
  type Terminal,
} from './terminal.ts'

const terminal = (columns: number, isColored = false): Terminal => ({
  columns,
  isColored,
  isWatched: false,
  write: () => {},
  writeError: () => {},
})
const columns = [
  { title: 'Name', isFlexible: true },
  { title: 'Amount', isRight: true },
]

test('a table aligns by what a terminal shows, wide letters and colours included', () => {
  const wide = table(terminal(80), columns, [
    ['日本', '1'],
    ['Ada', '22'],
  ])

  assert.equal(wide, 'Name  Amount\n日本       1\nAda       22')
  assert.equal(cellWidth(paint(terminal(80, true), 'red', '日本🚢')), 6)
})

test('a narrow terminal breaks the flexible column and loses no character', () => {
  const rows = [['averyveryverylongword and more', '$1,234,567.89']]

  const narrow = table(terminal(30), columns, rows)

  assert.ok(
    narrow.split('\n').every((line) => line.length <= 30),
    narrow,
  )
  for (const part of ['$1,234,567.89', 'and', 'more']) assert.ok(narrow.includes(part), narrow)
  assert.match(narrow.replaceAll(/\s|\$1,234,567\.89/g, ''), /averyveryverylongwordandmore/)
})

test('what could steer a terminal is replaced', () => {
  assert.equal(safeText('a\u001b[31mb\u0007\r\n\u202e\u2028\u200bc'), 'a�[31mb������c')
  assert.equal(safeText('Zoë 日本 🚢'), 'Zoë 日本 🚢')
})

test('a bar is never empty for something and never full for less than all', () => {
  const cases = [
    [{ used: 0n, held: 0n, amount: 100n }, '░'.repeat(20)],
    [{ used: 1n, held: 0n, amount: 10_000n }, `█${'░'.repeat(19)}`],
    [{ used: 9_999n, held: 0n, amount: 10_000n }, `${'█'.repeat(19)}░`],
    [{ used: 50n, held: 25n, amount: 100n }, `${'█'.repeat(10)}${'▒'.repeat(5)}${'░'.repeat(5)}`],
    [{ used: 150n, held: 25n, amount: 100n }, '█'.repeat(20)],
    [{ used: 0n, held: 0n, amount: 0n }, '█'.repeat(20)],
    [{ used: 2n ** 70n, held: 0n, amount: 2n ** 71n }, `${'█'.repeat(10)}${'░'.repeat(10)}`],
  ] as const

  for (const [share, drawn] of cases) assert.equal(bar(share), drawn)
})

test('sentences break at spaces and facts align', () => {
  assert.equal(wrap('one two three four', 9), 'one two\nthree\nfour')
  assert.equal(wrap('one two', 8, '  '), '  one\n  two')
  assert.equal(
    facts([
      ['A', '1'],
      ['Long', '2'],
    ]),
    'A     1\nLong  2',
  )
})

test('the last door lets colours and line breaks through, and nothing else that steers', () => {
  const written: string[] = []
  const open = { ...terminal(80, true), write: (text: string) => void written.push(text) }
  const hostile = 'a\u001b]8;;http://x\u0007b\u001b]52;c;eA==\u001b\\c\u009b2Jd\u202ee\u0007\r'

  guardTerminal(open, false).write(`${paint(open, 'red', hostile)}\n`)
  guardTerminal(open, true).write(`${JSON.stringify({ name: hostile })}\n`)

  const [text = '', json = ''] = written
  // eslint-disable-next-line no-control-regex -- the two colours are all that may be left
  assert.match(text, /^\u001b\[31m[^\u0000-\u001f\u007f-\u009f\u202e]+\u001b\[39m\n$/)
  // eslint-disable-next-line no-control-regex -- none may be left
  assert.match(json, /^[^\u0000-\u001f\u007f-\u009f\u202e]+\n$/)
  assert.deepEqual(JSON.parse(json), { name: hostile })
})
