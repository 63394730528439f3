import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { extraUsageReasons, reasons } from '../core/decision.ts'
import { customerId, holdId, memberId, priceId } from '../core/ids.ts'
import {
  allowedDecisionId,
  createDecisionSigner,
  readAllowedDecisionId,
  type DeniedDecision,
} from './decision-id.ts'

const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const id = fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/)

const denied: fc.Arbitrary<DeniedDecision> = fc.record({
  customerId: id.map(customerId),
  memberId: id.map(memberId),
  position: count,
  atMs: count,
  reason: fc.constantFrom(...reasons),
  extraUsageReason: fc.constantFrom(null, ...extraUsageReasons),
  facts: fc.record({
    model: fc.string({ unit: 'grapheme', maxLength: 80 }),
    priceId: id.map(priceId),
    inputTokensExpected: count,
    inputTokensMax: count,
    maxTokens: count,
    isThinking: fc.boolean(),
    consent: fc.constantFrom('allow' as const, 'never' as const),
  }),
  customerRunningCount: count,
  holdMaxMs: count,
})

test('a refusal reads back as it was signed, and not with another secret', () => {
  const [ours, theirs] = [createDecisionSigner('one'), createDecisionSigner('two')]
  fc.assert(
    fc.property(denied, (decision) => {
      const text = ours.sign(decision)
      assert.deepEqual(ours.read(text), { ...decision, facts: { ...decision.facts } })
      assert.equal(theirs.read(text), undefined)
    }),
  )
})

const anyLetter = fc.constantFrom('A', 'b', '_', '7')

test('an id that was changed, cut or made up is unknown, and nothing breaks', () => {
  const signer = createDecisionSigner('one')
  fc.assert(
    fc.property(denied, fc.nat(), anyLetter, (...[decision, at, letter]) => {
      const text = signer.sign(decision)
      const index = 3 + (at % (text.length - 3))
      if (text[index] !== letter) {
        const changed = text.slice(0, index) + letter + text.slice(index + 1)
        assert.equal(signer.read(changed), undefined)
      }
      assert.equal(signer.read(text.slice(0, index)), undefined)
      assert.equal(signer.read(text + letter), undefined)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(signer.read(text), undefined)
      assert.equal(signer.read(`dn_${text}`), undefined)
      readAllowedDecisionId(`al_${text}`)
    }),
  )
})

test('the id of an allow says where its hold is', () => {
  fc.assert(
    fc.property(id, id, id, count, (...[customer, member, hold, position]) => {
      const allowed = {
        customerId: customerId(customer),
        memberId: memberId(member),
        holdId: holdId(hold),
        position,
      }
      assert.deepEqual(readAllowedDecisionId(allowedDecisionId(allowed)), allowed)
    }),
  )
})
