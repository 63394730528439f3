import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWindowFigure } from '../verdict/evidence.ts'
import { figuresInText } from './pasted-figures.ts'
import { moneyText } from '../verdict/weigh-figures.ts'

const nowMs = Date.UTC(2026, 10, 27, 12)

/** The figures as short words, such as `session 3` and `balance $0.00`. */
function read(text: string): readonly string[] {
  return figuresInText(text, nowMs).map((figure) => {
    if (isWindowFigure(figure)) return `${figure.name} ${figure.usedPercent}`
    if (figure.name === 'extra_usage') return `extra ${figure.isOn ? 'on' : 'off'}`
    return `${figure.name} ${moneyText(figure)}`
  })
}

test('the usage page with amounts above their labels: balance and cap are kept apart', () => {
  const page = `Plan usage limits
Current session
Resets in 3 hr 20 min
3% used
Weekly limits
All models
Resets Tue 9:00 AM
4% used
Opus only
1% used
Extra usage
Turn on extra usage to keep using Claude if you hit a limit
$14.20 spent
Resets Apr 1
28% used
$50
Monthly spend limit
$0.00
Current balance · Auto-reload off`

  assert.deepEqual(read(page), [
    'session 3',
    'week 4',
    'week_opus 1',
    'spent $14.20',
    'cap $50.00',
    'balance $0.00',
  ])
})

test('a page with labels above their amounts', () => {
  const page =
    'Session\n0 % used\nWeek\n12 % used\nExtra usage\nBalance\n$100.00\nSpent\n$0.00\non\noff\nSave'

  assert.deepEqual(read(page), ['session 0', 'week 12', 'balance $100.00', 'spent $0.00'])
})

test('what /usage shows in the client', () => {
  const text = `  Current session
  ███▌                    7% used
  Resets 3pm (UTC)

  Current week (all models)
  ██████                  12% used
  Resets Nov 30, 9am (UTC)

  Current week (Opus)
  0% used

  Extra usage
  $2.50 / $50.00 spent · Resets Dec 1`

  const figures = figuresInText(text, nowMs)

  assert.deepEqual(read(text), ['session 7', 'week 12', 'week_opus 0', 'spent $2.50', 'cap $50.00'])
  const [session] = figures
  assert.ok(session !== undefined && isWindowFigure(session))
  assert.equal(session.resetsAtMs, Date.UTC(2026, 10, 27, 15))
})

const lines: readonly (readonly [string, readonly string[]])[] = [
  ['Session: 40% left', ['session 60']],
  ['Current balance: CA$139.55', ['balance CA$139.55']],
  ['Current balance: 17,50 €', ['balance €17.50']],
  ['Balance: A$1,326.00', ['balance A$1326.00']],
  ['Balance: -$25.00', ['balance -$25.00']],
  ['Monthly spend limit: Unlimited', ['cap unlimited']],
  ['Extra usage: off', ['extra off']],
  ['Usage credits are enabled', ['extra on']],
  ['Extra usage not enabled', ['extra off']],
  ['Turn on extra usage to keep going', []],
  ['28% used', []],
  ['', []],
]
for (const [line, figures] of lines) {
  test(`"${line}" says ${figures.length === 0 ? 'nothing' : figures.join(', ')}`, () => {
    assert.deepEqual(read(line), figures)
  })
}
