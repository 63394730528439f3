import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resetInText } from './reset-in-text.ts'

const saidAtMs = Date.UTC(2026, 10, 27, 12)

const cases: readonly (readonly [string, number | undefined])[] = [
  ["You've hit your 5-hour limit · resets 3:23pm (UTC)", Date.UTC(2026, 10, 27, 15, 23)],
  ["You've hit your 5-hour limit · resets 9am (UTC)", Date.UTC(2026, 10, 28, 9)],
  ['resets 12am (UTC)', Date.UTC(2026, 10, 28, 0)],
  ['resets 12:30pm (UTC)', Date.UTC(2026, 10, 27, 12, 30)],
  ['resets 3pm (Europe/Berlin)', Date.UTC(2026, 10, 27, 14)],
  ['weekly limit · resets Nov 30, 3:20pm (UTC)', Date.UTC(2026, 10, 30, 15, 20)],
  ['weekly limit · resets Jan 2, 9am (America/New_York)', Date.UTC(2027, 0, 2, 14)],
  ['It resets at 20:44 (UTC), in 5 h.', Date.UTC(2026, 10, 27, 20, 44)],
  ['It resets on Mon 30 Nov 20:44 (UTC), in 3 d.', Date.UTC(2026, 10, 30, 20, 44)],
  ['Claude AI usage limit reached|1795802400', 1_795_802_400_000],
  ['resets 3pm', undefined],
  ['resets 3pm (Nowhere/Land)', undefined],
  ['resets 25:00 (UTC)', undefined],
  ['resets soon (UTC)', undefined],
  ['nothing about it', undefined],
]
for (const [text, expected] of cases) {
  test(`"${text}" names ${expected === undefined ? 'no moment' : new Date(expected).toISOString()}`, () => {
    assert.equal(resetInText(text, saidAtMs), expected)
  })
}

test('a time that is named as it begins is that of today', () => {
  assert.equal(resetInText('resets 12pm (UTC)', saidAtMs + 30_000), saidAtMs)
})
