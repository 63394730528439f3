import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import type { AccountOperation } from './account-history.ts'
import { checkHistory } from './check-history.ts'
import { checkLongHistory } from './check-long-history.ts'
import { randomHistory } from './random-history.ts'
import { historyOf } from './sample-account.ts'

/** Half a second with nobody between each two stretches of a history, so that it has quiet moments. */
function spread(operations: readonly AccountOperation[]): AccountOperation[] {
  const at = (ms: number): number => (ms === Infinity ? ms : ms + 500 * Math.floor(ms / 80))
  return operations
    .filter(({ isCertain }) => isCertain)
    .map((one) => {
      const invokedAt = at(one.invokedAt)
      return { ...one, invokedAt, returnedAt: Math.max(invokedAt, at(one.returnedAt)) }
    })
}

/** Another answer than was given, which may be right at another moment. */
function doubted(one: AccountOperation, others: readonly AccountOperation[]): AccountOperation {
  const same = others.find(({ answer, id }) => answer?.kind === one.answer?.kind && id !== one.id)
  return { ...one, answer: same?.answer ?? one.answer }
}

test('a long history is judged from quiet moment to quiet moment as it is in one search', () => {
  const counts = { linearizable: 0, not_linearizable: 0, undecided: 0 }
  const drawn = fc.tuple(
    randomHistory({ isConcurrent: true }),
    fc.nat(),
    fc.boolean(),
    fc.boolean(),
  )
  fc.assert(
    fc.property(drawn, ([{ begins, operations }, pick, isDoubted, isHinted]) => {
      const told = spread(operations)
      const index = pick % Math.max(1, told.length)
      const asked = told.map((one, place) => {
        const said = isDoubted && place === index ? doubted(one, told) : one
        return isHinted ? { ...said, hint: place } : said
      })
      const history = historyOf(begins, asked)

      const { kind } = checkLongHistory(history)

      assert.equal(kind, checkHistory(history).kind)
      counts[kind] += 1
    }),
    { numRuns: 150 },
  )
  assert.ok(counts.linearizable > 20 && counts.not_linearizable > 20, JSON.stringify(counts))
})

test('a bad long history is told by its smallest window, and not by all that came before', () => {
  const { begins } =
    fc.sample(randomHistory({ isConcurrent: false }), { numRuns: 1, seed: 1 })[0] ?? {}
  assert.ok(begins !== undefined)
  const topUps = Array.from({ length: 40 }, (_, index): AccountOperation => {
    const call = { kind: 'top_up', grant: `g${index}`, amountNanos: 10n, priority: 50 } as const
    const when = { invokedAt: 10 * index, returnedAt: 10 * index + 5, isCertain: true }
    const answer = { kind: 'done' } as const
    return { id: `#${index}`, process: 'p', call: { ...call, expiresAtMs: null }, answer, ...when }
  })
  const missing: AccountOperation = {
    id: '#promised',
    process: 'p',
    call: { kind: 'missing', what: 'a top-up' },
    answer: { kind: 'done' },
    invokedAt: 401,
    returnedAt: 405,
    isCertain: true,
  }

  const { kind, lines } = checkLongHistory(historyOf(begins, [...topUps, missing]))

  assert.equal(kind, 'not_linearizable')
  assert.match(lines[0] ?? '', /^customer acme: no order of these 1 operations .* #promised$/)
})
