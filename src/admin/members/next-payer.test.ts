import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExtraUsageFigures, Figures, LimitFigures } from '../../core/decision.ts'
import { customerId, limitId, memberId } from '../../core/ids.ts'
import { nextPayers } from './next-payer.ts'

const limit = (terms: Partial<LimitFigures> & { readonly id: string }): LimitFigures => ({
  limitId: limitId(terms.id),
  windowKind: 'session',
  unit: 'money',
  used: 0n,
  held: 0n,
  amount: 100n,
  startMs: 0,
  resetMs: 1000,
  models: null,
  exception: null,
  ...terms,
})

const funded: ExtraUsageFigures = {
  isOnForCustomer: true,
  isOnForMember: true,
  balanceNanos: 10n,
  heldNanos: 0n,
  spentNanos: 0n,
  capNanos: null,
  memberSpentNanos: 0n,
  memberHeldNanos: 0n,
  memberCapNanos: null,
  capResetMs: 5000,
  autoReload: {
    setting: { kind: 'off' },
    state: 'off',
    stop: null,
    reloadedNanos: 0n,
    reloadCount: 0,
    monthEndMs: 5000,
    standingOrderNanos: 0n,
  },
}

const figures = (
  limits: readonly LimitFigures[],
  extraUsage: Partial<ExtraUsageFigures> = {},
): Figures => ({
  customerId: customerId('acme'),
  memberId: memberId('ada'),
  position: 1,
  atMs: 0,
  planName: 'Pro',
  limits,
  extraUsage: { ...funded, ...extraUsage },
  runningCount: 0,
  runningMax: 20,
})

const full = limit({ id: 'session', used: 100n })

test('D2: while every limit has room the plan pays, whatever is in the wallet', () => {
  const empty = { isOnForCustomer: false, balanceNanos: 0n }

  const [next] = nextPayers(figures([limit({ id: 'session', used: 99n })], empty))

  assert.equal(next?.payer, 'plan')
  assert.equal(next?.extraUsageReason, null)
  assert.equal(next?.sentence, 'The plan pays for the next request.')
})

test('a limit that is unlimited for a member never stops the plan from paying', () => {
  const exception = { planAmount: 100n, untilMs: null }
  const [next] = nextPayers(figures([limit({ id: 'week', used: 500n, amount: null, exception })]))

  assert.equal(next?.payer, 'plan')
})

test('the plan pays again when an exception ends that gave less, and not before one that gave more ended too late', () => {
  const less = limit({
    id: 'session',
    used: 60n,
    amount: 50n,
    exception: { planAmount: 100n, untilMs: 400 },
  })
  const more = limit({
    id: 'week',
    used: 200n,
    amount: null,
    resetMs: 9000,
    exception: { planAmount: 100n, untilMs: 300 },
  })
  const never = limit({ id: 'day', amount: 0n, exception: { planAmount: 0n, untilMs: 300 } })

  const again = (limits: readonly LimitFigures[]) => nextPayers(figures(limits))[0]?.planPaysAgainMs

  assert.equal(again([less]), 400)
  assert.equal(again([less, more]), 9000)
  assert.equal(again([less, never]), null)
})

test('D4: once a limit is full extra usage pays, with what holds keep counted', () => {
  const held = limit({ id: 'session', used: 60n, held: 40n })

  assert.equal(nextPayers(figures([held]))[0]?.payer, 'extra_usage')
  assert.equal(nextPayers(figures([full]))[0]?.planPaysAgainMs, 1000)
  assert.equal(nextPayers(figures([]))[0]?.payer, 'plan')
})

test('what stands in the way of extra usage is named in the order of a decision', () => {
  const cases: readonly (readonly [Partial<ExtraUsageFigures>, string])[] = [
    [{ isOnForCustomer: false, isOnForMember: false }, 'off_for_customer'],
    [{ isOnForMember: false, capNanos: 0n }, 'off_for_member'],
    [{ capNanos: 0n, memberCapNanos: 0n }, 'cap_reached'],
    [{ capNanos: 7n, spentNanos: 4n, heldNanos: 3n }, 'cap_reached'],
    [
      { memberCapNanos: 7n, memberSpentNanos: 4n, memberHeldNanos: 3n, balanceNanos: 0n },
      'member_cap_reached',
    ],
    [{ heldNanos: 10n }, 'balance_too_low'],
  ]

  for (const [extraUsage, reason] of cases) {
    const [next] = nextPayers(figures([full], extraUsage))
    assert.equal(next?.payer, 'nobody')
    assert.equal(next?.extraUsageReason, reason)
    assert.match(
      next?.sentence ?? '',
      /^Nothing pays for the next request: the session limit has no room left, and /,
    )
  }
})

test('D14: the limit of one model closes that model, and is said apart', () => {
  const opus = limit({ id: 'opus', windowKind: 'week', models: ['claude-opus'], used: 100n })

  const next = nextPayers(figures([limit({ id: 'session' }), opus], { isOnForCustomer: false }))

  assert.deepEqual(
    next.map(({ models, payer }) => [models, payer]),
    [
      [null, 'plan'],
      [['claude-opus'], 'nobody'],
    ],
  )
  assert.match(
    next[1]?.sentence ?? '',
    /the next request to claude-opus\*: the week limit for claude-opus\* has no room left/,
  )
})

test('the limit that frees last comes first, and one that never frees gives no time', () => {
  const week = limit({ id: 'week', windowKind: 'week', used: 100n, resetMs: 9000 })
  const never = limit({ id: 'none', amount: 0n })

  const [both] = nextPayers(figures([full, week]))
  const [closed] = nextPayers(figures([full, never]))

  assert.deepEqual([both?.closed, both?.planPaysAgainMs], [['week', 'session'], 9000])
  assert.deepEqual([closed?.closed[0], closed?.planPaysAgainMs], ['none', null])
})
