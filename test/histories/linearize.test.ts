import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import { linearize } from './linearize.ts'
import type { Operation, SequentialModel } from './operation.ts'

/** A counter that can be added to, taken from while it lasts, and read: small enough to try every order by hand. */
type Call = { readonly kind: 'add' | 'take'; readonly by: number } | { readonly kind: 'read' }
type Answer = number | 'refused'

const counter: SequentialModel<number, Call, Answer> = {
  step(state, call, answer) {
    if (call.kind === 'read') return answer === undefined || answer === state ? state : null
    const after = call.kind === 'add' ? state + call.by : state - call.by
    const said = after < 0 ? 'refused' : after
    if (answer !== undefined && answer !== said) return null
    return said === 'refused' ? state : said
  },
  key: String,
  isObservation: (call, answer) => call.kind === 'read' || answer === 'refused',
}

type Op = Operation<Call, Answer>

/** Every order of every choice of the uncertain ones, tried one by one. */
function isExplained(operations: readonly Op[]): boolean {
  const extend = (order: readonly Op[], state: number): boolean => {
    const left = operations.filter((one) => !order.includes(one))
    if (!left.some(({ isCertain }) => isCertain)) return true
    return left.some((next) => {
      const isTooSoon = left.some(
        ({ isCertain, returnedAt }) => isCertain && returnedAt < next.invokedAt,
      )
      const isTooLate = order.some(({ invokedAt }) => invokedAt > next.returnedAt)
      if (isTooSoon || isTooLate) return false
      const after = counter.step(state, next.call, next.answer)
      return after !== null && extend([...order, next], after)
    })
  }
  return extend([], 0)
}

const call = fc.oneof(
  fc.record({ kind: fc.constantFrom('add' as const, 'take' as const), by: fc.nat({ max: 2 }) }),
  fc.record({ kind: fc.constant('read' as const) }),
)
const operation = fc.record({
  call,
  answer: fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 3 }) },
    fc.constantFrom('refused' as const, undefined),
  ),
  invokedAt: fc.nat({ max: 8 }),
  lasts: fc.nat({ max: 6 }),
  fate: fc.constantFrom('certain', 'certain', 'certain', 'by then or never', 'some day or never'),
})
const operations = fc.array(operation, { maxLength: 7 }).map((drawn) =>
  drawn.map(({ call: asked, answer, invokedAt, lasts, fate }, index): Op => {
    const isCertain = fate === 'certain'
    const returnedAt = fate === 'some day or never' ? Infinity : invokedAt + lasts
    const seen = isCertain ? answer : undefined
    const who = { id: `#${index}`, process: 'p' }
    return { ...who, call: asked, answer: seen, invokedAt, returnedAt, isCertain }
  }),
)

test('the search says of every small history what trying every order says', () => {
  const counts = { good: 0, bad: 0 }
  fc.assert(
    fc.property(operations, (history) => {
      const { kind } = linearize(counter, 0, { operations: history })

      const expected = isExplained(history) ? 'linearizable' : 'not_linearizable'
      assert.equal(kind, expected)
      counts[expected === 'linearizable' ? 'good' : 'bad'] += 1
    }),
    { numRuns: 3000 },
  )
  assert.ok(counts.good > 200 && counts.bad > 200, JSON.stringify(counts))
})

test('the order that is found keeps real time and gives every answer', () => {
  fc.assert(
    fc.property(operations, (history) => {
      const found = linearize(counter, 0, { operations: history })
      if (found.kind !== 'linearizable') return

      let state = 0
      const { order } = found
      for (const [index, { call: asked, answer, invokedAt }] of order.entries()) {
        const next = counter.step(state, asked, answer)
        assert.notEqual(next, null)
        state = next ?? 0
        const later: readonly Op[] = order.slice(index + 1)
        assert.ok(later.every(({ returnedAt }) => returnedAt >= invokedAt))
      }
      const certain = history.filter(({ isCertain }) => isCertain)
      assert.ok(certain.every((one) => order.includes(one)))
    }),
    { numRuns: 1000 },
  )
})

test('hints change how soon an order is found, and never what is found', () => {
  fc.assert(
    fc.property(operations, fc.array(fc.nat(), { minLength: 7 }), (history, hints) => {
      const hinted = history.map((one, index) => ({ ...one, hint: hints[index] ?? 0 }))

      const plain = linearize(counter, 0, { operations: history }).kind
      assert.equal(linearize(counter, 0, { operations: hinted }).kind, plain)
    }),
    { numRuns: 1000 },
  )
})

test('a search that would take too long says so, and not that the history is good or bad', () => {
  // Fourteen at once in any order, and a sum that none of the orders gives.
  const adds = Array.from({ length: 14 }, (_, index): Op => {
    const asked = { kind: 'add' as const, by: 2 ** index }
    const when = { invokedAt: 0, returnedAt: 10, isCertain: true }
    return { id: `#${index}`, process: `p${index}`, call: asked, answer: undefined, ...when }
  })
  const read = { id: 'read', process: 'p', call: { kind: 'read' as const }, answer: 1.5 }
  const history = [...adds, { ...read, invokedAt: 11, returnedAt: 12, isCertain: true }]

  assert.equal(linearize(counter, 0, { operations: history, stepsMax: 1000 }).kind, 'undecided')
  const whole = linearize(counter, 0, { operations: history, stepsMax: 1_000_000 })
  assert.equal(whole.kind, 'not_linearizable')
})
