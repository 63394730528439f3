import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsIn } from './ids-in-text.ts'

describe('ids in pasted text', () => {
  const places: readonly (readonly [string, string])[] = [
    ['alone', 'dn_AbC-9_x'],
    ['in a sentence', 'Decision and proof: npm run plimsoll -- explain dn_AbC-9_x'],
    ['in JSON', '{"message":"… explain dn_AbC-9_x","code":"limit_reached"}'],
    ['in a header', 'x-plimsoll-decision: dn_AbC-9_x\nx-plimsoll-position: 7'],
    ['broken by a narrow terminal', '  explain dn_A\n  bC-\n  9_x'],
    ['within the frame of a client', '│ explain dn_AbC │\n│ -9_x           │'],
  ]
  for (const [place, text] of places) {
    test(`a decision id ${place} is among those to try`, () => {
      assert.ok(idsIn(text).decisions.includes('dn_AbC-9_x'), String(idsIn(text).decisions))
    })
  }

  test('holds and request ids are found, each once', () => {
    const text = 'hold_0123abcd (req_011CSHo, again req_011CSHo) {"request_id":"req_ours-1"}'

    assert.deepEqual(idsIn(text).holds, ['hold_0123abcd'])
    assert.deepEqual(idsIn(text).requests, ['req_011CSHo', 'req_ours-1'])
  })

  test('text without an id has none, however long it is', () => {
    const text = "You're out of extra usage. ".repeat(700)

    assert.deepEqual(idsIn(text), { decisions: [], holds: [], requests: [] })
  })

  test('what is tried is bounded', () => {
    const { decisions } = idsIn('dn_a '.repeat(4000))

    assert.ok(decisions.length <= 40)
  })
})
