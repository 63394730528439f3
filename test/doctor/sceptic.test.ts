import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine, findRefusal, type Examination } from '../../src/doctor/examine.ts'
import { moneyIn } from '../../src/doctor/figures/money-in-text.ts'
import { figuresInText } from '../../src/doctor/figures/pasted-figures.ts'
import { figuresTold, type Told } from '../../src/doctor/figures/told-figures.ts'
import { moneyText } from '../../src/doctor/verdict/weigh-figures.ts'
import { headline } from '../../src/doctor/verdict/words.ts'
import { resetInText } from '../../src/doctor/verdict/reset-in-text.ts'

/** What would make the doctor claim more than it knows: figures that are misread, too old, or in another currency. */

const refusedAtMs = Date.UTC(2026, 10, 27, 12)
const minuteMs = 60_000
const out = "API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage"

function look(text: string, told: Told, afterMs = 5 * minuteMs): Examination {
  const record = {
    type: 'assistant',
    timestamp: new Date(refusedAtMs).toISOString(),
    isApiErrorMessage: true,
    message: { model: '<synthetic>', content: [{ type: 'text', text }] },
  }
  const nowMs = refusedAtMs + afterMs
  const { figures, problems } = figuresTold(told, { atMs: nowMs, what: 'options' })
  assert.deepEqual(problems, [])
  const finding = findRefusal({ kind: 'text', text: JSON.stringify(record) }, nowMs)
  return examine(finding, { figures, nowMs, baseUrl: undefined, program: 'plimsoll' })
}

const problemsOf = (told: Told): readonly string[] =>
  figuresTold(told, { atMs: 0, what: 'options' }).problems.map(({ name }) => name)

test('amounts are read in any currency and writing, and never run into the next number', () => {
  const read = (text: string): string | undefined => {
    const money = moneyIn(text)
    return money === undefined ? undefined : `${money.symbol} ${Number(money.amountNanos) / 1e9}`
  }
  const amounts: Readonly<Record<string, string>> = {
    '$14.20 28% used': '$ 14.2',
    '$14.20 2026': '$ 14.2',
    'US$ 1,234.56 spent': 'US$ 1234.56',
    'CA$139.55': 'CA$ 139.55',
    A$16: 'A$ 16',
    '€ 17,00': '€ 17',
    '1.234,56 €': '€ 1234.56',
    '1 234,56 €': '€ 1234.56',
    'EUR 17,00': 'EUR 17',
    "CHF 1'234.50": 'CHF 1234.5',
    '139.55 CAD': 'CAD 139.55',
    '₹1,00,000.00': '₹ 100000',
    '-$5.00': '$ -5',
  }
  for (const [text, meant] of Object.entries(amounts)) assert.equal(read(text), meant, text)
})

test('what a shell makes of "$100.00" is no amount, and a share is no percentage', () => {
  assert.deepEqual(problemsOf({ balance: '00.00' }), ['balance'])
  assert.deepEqual(problemsOf({ balance: '00' }), ['balance'])
  assert.deepEqual(problemsOf({ balance: '.00' }), ['balance'])
  assert.deepEqual(problemsOf({ week: '0.91' }), ['week'])
  assert.deepEqual(problemsOf({ balance: '0', cap: '0.50', week: '0', session: '0.5%' }), [])
})

test('a cap and what is spent are compared only in one currency, which is said once for all', () => {
  const mixed = look(out, { session: '100', balance: '€100', cap: '$50', spent: '€60' })
  const single = look(out, { session: '100', balance: 'CA$100', cap: '50', spent: '60' })

  assert.notEqual(mixed.verdict.ruling, 'cap_reached')
  assert.notEqual(mixed.verdict.ruling, 'false_refusal')
  assert.equal(single.verdict.ruling, 'cap_reached')
  assert.deepEqual(
    single.figures.flatMap((figure) => ('amountNanos' in figure ? [moneyText(figure)] : [])),
    ['CA$100.00', 'CA$50.00', 'CA$60.00'],
  )
})

test('money that was read long before or after a refusal contradicts nothing', () => {
  const told = { balance: '100', cap: '50', spent: '0', extra: 'on' }

  assert.equal(look(out, told).verdict.ruling, 'false_refusal')
  const late = look(out, told, 3 * 60 * minuteMs)
  assert.equal(late.verdict.ruling, 'possibly_false')
  assert.equal(look(out, told, -3 * 60 * minuteMs).verdict.ruling, 'possibly_false')
  assert.match(JSON.stringify(late.verdict.evidence), /spent or added in between/)
})

test('a limit that is all but used up does not make it sure', () => {
  const nearly = look(out, { session: '0', week: '99', balance: '100', cap: '50', spent: '0' })

  assert.equal(nearly.verdict.ruling, 'false_refusal')
  assert.equal(nearly.verdict.confidence, 'medium')
})

test('limits are known by other words as well, and so is their reset', () => {
  const said = [
    "You've reached your weekly limit",
    'Weekly limit exceeded',
    "You've reached your usage limit for this plan",
    'Claude usage limit reached. Your limit will reset at 3pm (Europe/Berlin).',
  ]
  for (const text of said) {
    assert.equal(look(`API Error: 429 ${text}`, {}).verdict.ruling, 'true_limit', text)
  }
  assert.equal(resetInText(said[3] ?? '', refusedAtMs), Date.UTC(2026, 10, 27, 14))
})

test('a page that says how much of a cap is used keeps both apart', () => {
  const figures = figuresInText('Extra usage\n$0.00 of $40.00 used', 0)

  assert.deepEqual(
    figures.map((figure) => ('amountNanos' in figure ? [figure.name, moneyText(figure)] : [])),
    [
      ['spent', '$0.00'],
      ['cap', '$40.00'],
    ],
  )
})

test('figures that settle nothing are not called missing', () => {
  const words = (told: Told): string => headline(look(out, told).verdict, String)

  assert.match(words({}), /cannot be told without figures/)
  assert.match(words({ balance: '0', session: '0', week: '12' }), /figures so far do not settle it/)
})
