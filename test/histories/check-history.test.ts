import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import type { AccountOperation, Answer } from './account-history.ts'
import { checkHistory } from './check-history.ts'
import { randomHistory, type RandomHistory } from './random-history.ts'
import { historyOf, model } from './sample-account.ts'

const verdictOf = ({ begins, operations }: RandomHistory): ReturnType<typeof checkHistory> =>
  checkHistory(historyOf(begins, operations))

test('a history in which everything took effect once, in some order within real time, is accepted', () => {
  let [uncertain, overlapping] = [0, 0]
  fc.assert(
    fc.property(randomHistory({ isConcurrent: true }), (history) => {
      uncertain += history.operations.filter(({ isCertain }) => !isCertain).length
      overlapping += history.operations.length

      assert.deepEqual(verdictOf(history), { kind: 'linearizable', lines: [] })
    }),
    { numRuns: 150 },
  )
  assert.ok(uncertain > 100 && overlapping > 1000, `${uncertain} of ${overlapping}`)
})

/** Every amount that is told is a multiple of ten, so one more than it was never true. */
function falsified(answer: Answer | undefined): Answer | null {
  switch (answer?.kind) {
    case 'figures':
      return { ...answer, balanceNanos: answer.balanceNanos + 1n }
    case 'overview':
      return { ...answer, spentNanos: answer.spentNanos + 1n }
    case 'charged':
      return { ...answer, chargedNanos: answer.chargedNanos + 1n }
    case 'denied':
      return { ...answer, reason: answer.reason === 'reserved' ? 'limit_reached' : 'reserved' }
    default:
      return null
  }
}

test('one false answer in a random history is noticed, and the window that is told ends with it', () => {
  let tried = 0
  fc.assert(
    fc.property(randomHistory({ isConcurrent: true }), fc.nat(), (history, pick) => {
      const answered = history.operations.filter(({ answer }) => falsified(answer) !== null)
      const chosen = answered[pick % Math.max(1, answered.length)]
      const isFalse = chosen?.answer?.kind !== 'denied'
      if (chosen === undefined || !isFalse) return
      const answer = falsified(chosen.answer) ?? undefined
      const operations = history.operations.map((one) =>
        one === chosen ? { ...chosen, answer } : one,
      )
      tried += 1

      const { kind, lines } = verdictOf({ ...history, operations })

      if (kind === 'undecided') return
      assert.equal(kind, 'not_linearizable')
      assert.match(lines[0] ?? '', new RegExp(`explains the answer to ${chosen.id}$`))
      assert.ok(lines.some((line) => line.trimStart().startsWith(`${chosen.id} `)))
    }),
    { numRuns: 60 },
  )
  assert.ok(tried > 30, `${tried} tried`)
})

/** Operations that never overlap have one order, so what is right can be told by going along. */
function isRight({ begins, operations }: RandomHistory): boolean {
  let state = model.state(begins)
  for (const { call, answer } of operations) {
    const next = model.step(state, call, answer)
    if (next === null) return false
    state = next
  }
  return true
}

test('an answer that is moved to another time is right exactly when it was true then', () => {
  const counts = { right: 0, wrong: 0 }
  fc.assert(
    fc.property(randomHistory({ isConcurrent: false }), fc.nat(), fc.nat(), (history, from, to) => {
      const { operations } = history
      const moved: AccountOperation[] = [...operations]
      const reads = moved.filter(({ call, answer }) => model.isObservation(call, answer))
      const read = reads[from % Math.max(1, reads.length)]
      if (read === undefined) return
      moved.splice(moved.indexOf(read), 1)
      moved.splice(to % operations.length, 0, read)
      const again = moved.map((one, index) => ({
        ...one,
        invokedAt: 10 * index,
        returnedAt: 10 * index + 5,
      }))

      const expected = isRight({ ...history, operations: again })
      const { kind } = verdictOf({ ...history, operations: again })

      assert.equal(kind, expected ? 'linearizable' : 'not_linearizable')
      counts[expected ? 'right' : 'wrong'] += 1
    }),
    { numRuns: 150 },
  )
  assert.ok(counts.right > 10 && counts.wrong > 10, JSON.stringify(counts))
})
