import assert from 'node:assert/strict'
import fc from 'fast-check'
import { exceptLimit } from '../../src/core/commands.ts'
import type { LimitFigures } from '../../src/core/decision.ts'
import type { HoldId } from '../../src/core/ids.ts'
import { CoreWorld } from './core-world.ts'
import { CoreStory, members } from './core-story.ts'
import { Lockstep } from './lockstep.ts'
import { memberCount, setting, type Step, step, type Story, story } from './world.ts'

/** What is promised about every customer's life, as sentences; `npm test` and the campaign run these same ones. */
export type Law = {
  readonly name: string
  readonly property: fc.IRawProperty<unknown, false>
  /** How many stories `npm test` tells; the campaign tells more. */
  readonly numRuns: number
}

/** Plays the steps to their end; `look` is called after each. */
function follow<Played extends CoreStory>(
  played: Played,
  told: Story,
  look: (played: Played) => void,
): Played {
  played.begin(told.setting)
  look(played)
  for (const taken of told.steps) {
    played.take(taken)
    look(played)
  }
  return played
}

/** Plays a story on the core alone: what these laws say needs no second opinion. */
export function play(told: Story, look: (played: CoreStory) => void): CoreStory {
  return follow(new CoreStory(told.setting), told, look)
}

const agreement = fc.property(story, (told) => {
  follow(new Lockstep(told.setting), told, (both) => both.compare())
})

const refolding = fc.property(story, (told) => {
  const { core } = play(told, () => {})
  assert.deepEqual(core.refolded().state(), core.state(), 'folding again gives the same state')
})

const oneEnd = fc.property(story, (told) => {
  const { core } = play(told, () => {})
  const ends = new Map<HoldId, string>()
  for (const { body } of core.journal) {
    if (body.kind !== 'settled' && body.kind !== 'voided' && body.kind !== 'expired') continue
    const isCorrection = body.kind === 'settled' && body.isLate
    const before = ends.get(body.holdId)
    assert.equal(before, isCorrection ? 'expired' : undefined, `${body.holdId} ends once`)
    ends.set(body.holdId, body.kind)
  }
})

/** The parts of every grant that any leg names, read from the journal alone. */
function grantParts(core: CoreStory['core']): Map<string, Map<string, bigint>> {
  const grants = new Map<string, Map<string, bigint>>()
  const move = (account: string, amount: bigint): void => {
    const [kind, id = '', part = ''] = account.split(':')
    if (kind !== 'grant') return
    const parts = grants.get(id) ?? new Map<string, bigint>()
    grants.set(id, parts.set(part, (parts.get(part) ?? 0n) + amount))
  }
  for (const { legs } of core.journal) {
    for (const { from, to, amount } of legs) {
      move(from, -amount)
      move(to, amount)
    }
  }
  return grants
}

const grantsAddUp = fc.property(story, (told) => {
  play(told, ({ core }) => {
    const all = grantParts(core)
    for (const known of core.customer.grants.values()) {
      const parts = {
        available: known.availableNanos,
        held: known.heldNanos,
        spent: known.spentNanos,
        expired: known.expiredNanos,
        refunded: known.refundedNanos,
      }
      let total = 0n
      for (const [part, amount] of Object.entries(parts)) {
        const account = `grant:${known.grantId}:${part}`
        assert.ok(amount >= 0n, `${account} is never negative`)
        const legs = all.get(known.grantId)?.get(part) ?? 0n
        assert.equal(legs, amount, `${account} is what its legs add up to`)
        total += amount
      }
      assert.equal(total, known.grantedNanos, `${known.grantId} adds up`)
      all.delete(known.grantId)
    }
    const closed = core.customer.closedGrants
    const sums = { spent: 0n, refunded: 0n }
    for (const [id, parts] of all) {
      for (const part of ['available', 'held', 'expired']) {
        assert.equal(parts.get(part) ?? 0n, 0n, `${id} is closed with nothing ${part}`)
      }
      for (const part of ['spent', 'refunded'] as const) sums[part] += parts.get(part) ?? 0n
    }
    const { count, grantedNanos, spentNanos, refundedNanos } = closed
    const kept = { spent: spentNanos, refunded: refundedNanos }
    assert.deepEqual([count, kept], [all.size, sums], 'closed grants are what their legs add up to')
    assert.equal(grantedNanos, sums.spent + sums.refunded, 'closed grants add up')
  })
})

/** What a step writes, answers and leaves, without journal positions: what twins have in common. */
function outcomeOf(played: CoreStory, taken: Step): unknown {
  const entryCount = played.core.journal.length
  played.take(taken)
  const { core, asked, settled, nowMs } = played
  const denial = asked?.decision.kind === 'deny' ? asked.decision.denial : null
  return {
    figures: members.map((member) => core.shown(member, nowMs)),
    wallet: core.wallet(nowMs),
    settled: settled?.answer,
    written: core.journal.slice(entryCount).map((entry) => entry.body),
    denial: denial && { ...denial, figures: null },
  }
}

const toggleNeutrality = fc.property(
  fc.record({
    setting,
    before: fc.array(step, { maxLength: 30, size: 'max' }),
    who: fc.option(fc.nat({ max: memberCount - 1 }), { nil: null }),
    after: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
  }),
  ({ setting: terms, before, who, after }) => {
    const toggled = play({ setting: terms, steps: before }, () => {})
    const twin = play({ setting: terms, steps: before }, () => {})
    const { extraUsage } = toggled.core.figures(who ?? 0, toggled.nowMs)
    const isOn = who === null ? extraUsage.isOnForCustomer : extraUsage.isOnForMember
    toggled.take({ kind: 'switch', who, isOn: !isOn })
    toggled.take({ kind: 'switch', who, isOn })
    for (const taken of after) {
      const expected = outcomeOf(twin, taken)
      assert.deepEqual(outcomeOf(toggled, taken), expected, 'a twin that never toggled is the same')
    }
  },
)

/** A limit that was excepted and put back to what it was, with nothing in between. */
const exceptionNeutrality = fc.property(
  fc.record({
    setting,
    before: fc.array(step, { maxLength: 30, size: 'max' }),
    member: fc.nat({ max: memberCount - 1 }),
    amount: fc.constantFrom(null, 0n, 300n),
    after: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
  }),
  ({ setting: terms, before, member, amount, after }) => {
    const excepted = play({ setting: terms, steps: before }, () => {})
    const twin = play({ setting: terms, steps: before }, () => {})
    const { planId, exceptions } = excepted.core.member(member)
    const limits = excepted.core.system.plans.get(planId)?.limits ?? []
    for (const limit of limits) {
      const old = exceptions.get(limit.id) ?? null
      for (const exception of [{ amount, untilMs: null }, old]) {
        const terms = { limitId: limit.id, unit: limit.unit, exception }
        excepted.core.write(member, exceptLimit(terms, excepted.core.moment(excepted.nowMs)))
      }
    }
    for (const taken of after) {
      const expected = outcomeOf(twin, taken)
      assert.deepEqual(outcomeOf(excepted, taken), expected, 'a twin without it is the same')
    }
  },
)

/** Plays a story twice, once with something in between that no rule may notice; each step comes out the same. */
function assertUnnoticed(
  { setting: terms, steps }: Story,
  disturb: (played: CoreStory, index: number) => void,
): void {
  const [plain, disturbed] = [new CoreStory(terms), new CoreStory(terms)]
  plain.begin(terms)
  disturbed.begin(terms)
  for (const [index, taken] of steps.entries()) {
    disturb(disturbed, index)
    const expected = outcomeOf(plain, taken)
    assert.deepEqual(outcomeOf(disturbed, taken), expected, 'nobody notices')
  }
}

const chances = fc.array(fc.nat({ max: 9 }), { minLength: 1 })

const snapshotNeutrality = fc.property(story, chances, (told, drawn) => {
  assertUnnoticed(told, ({ core }, index) => {
    const before = core.state()
    if ((drawn[index % drawn.length] ?? 0) < 3) core.throughText()
    assert.deepEqual(core.state(), before, 'what is written down is read again as it was')
  })
})

const independence = fc.property(story, chances, (told, drawn) => {
  assertUnnoticed(told, ({ core }, index) => {
    core.othersCount += drawn[index % drawn.length] ?? 0
  })
})

const refusalChangesNothing = fc.property(story, (told) => {
  const played = new CoreStory(told.setting)
  played.begin(told.setting)
  for (const taken of told.steps) {
    const before = played.core.state()
    played.take(taken)
    if (played.asked?.decision.kind !== 'deny') continue
    assert.deepEqual(played.core.state(), before, 'the refused request left no trace')
  }
})

const honestRetry = fc.property(story, (told) => {
  play(told, ({ core, asked, nowMs }) => {
    if (asked?.decision.kind !== 'deny' || asked.decision.denial.reason !== 'limit_reached') return
    const { member, request } = asked
    const { retryAtMs } = asked.decision.denial
    if (retryAtMs === null) return
    assert.ok(retryAtMs > nowMs, 'the promised moment is ahead')
    assert.equal(core.decide(member, request, retryAtMs - 1).kind, 'deny', 'not a moment before')

    // Open holds settle within their amounts: all of them now, or each as late as its maximum duration lets it.
    const [soon, late] = [core.refolded(), core.refolded()]
    for (const hold of soon.openHolds()) soon.settleAsExpected(hold, nowMs)
    for (const hold of late.openHolds()) {
      if (hold.expiresAtMs > retryAtMs) continue
      late.settleAsExpected(hold, Math.max(nowMs, hold.expiresAtMs - 1))
    }
    for (const world of [soon, late]) {
      assert.equal(
        world.decide(member, request, retryAtMs).kind,
        'allow',
        'the request passes then',
      )
    }
  })
})

/** Read from the journal alone: what each reload found, and what it left. */
const boundedReloads = fc.property(story, (told) => {
  const { core } = play(told, () => {})
  const again = new CoreWorld(memberCount)
  const names = new Set<string>()
  for (const entry of core.journal) {
    const { body, atMs } = entry
    if (body.kind === 'granted' && body.reload !== undefined) {
      const { extraUsage } = again.figures(0, atMs)
      const { setting, reloadedNanos, standingOrderNanos } = extraUsage.autoReload
      const { amountNanos } = body.grant
      assert.ok(setting.kind === 'on' && extraUsage.isOnForCustomer, 'only while it is on')
      const available = extraUsage.balanceNanos - extraUsage.heldNanos
      assert.ok(available < setting.thresholdNanos, 'only below the threshold')
      assert.equal(amountNanos, setting.amountNanos, 'by the amount that was set')
      assert.ok(reloadedNanos + amountNanos <= setting.monthMaxNanos, "within the month's maximum")
      assert.ok(reloadedNanos + amountNanos <= standingOrderNanos, 'within the standing order')
      const name = `${body.reload.month.startMs}:${body.reload.number}`
      assert.ok(!names.has(name), `${name} comes once`)
      names.add(name)
    }
    again.fold(entry)
  }
})

const reservedIsTrue = fc.property(story, (told) => {
  play(told, ({ core, asked, nowMs }) => {
    if (asked?.decision.kind !== 'deny') return
    const { reason } = asked.decision.denial
    if (reason !== 'limit_reached' && reason !== 'reserved') return
    const freed = core.refolded()
    for (const { holdId } of freed.openHolds()) freed.void(holdId, nowMs)
    const { kind } = freed.decide(asked.member, asked.request, nowMs)
    assert.equal(kind === 'allow', reason === 'reserved', 'only holds are in the way of a reserved')
  })
})

const planFirst = fc.property(story, (told) => {
  play(told, ({ asked }) => {
    if (asked?.decision.kind !== 'allow') return
    if (asked.decision.allowance.source !== 'extra_usage') return
    const { model } = asked.request.facts
    const closed = asked.before.limits.filter(
      (limit) =>
        (limit.models?.some((prefix) => model.startsWith(prefix)) ?? true) &&
        limit.amount !== null &&
        limit.used + limit.held >= limit.amount,
    )
    assert.ok(closed.length > 0, 'money is held only when a limit of this model was closed')
  })
})

const boundedCharge = fc.property(story, (told) => {
  play(told, ({ core, settled }) => {
    const body = settled === null ? undefined : core.journal.at(-1)?.body
    if (settled?.answer.kind !== 'settled' || body?.kind !== 'settled') return
    const { costNanos, chargedNanos, overrunNanos, lostNanos } = settled.answer
    const { extraUsage } = settled.before
    const isOn = extraUsage.isOnForCustomer && extraUsage.isOnForMember
    const free = [extraUsage.balanceNanos - extraUsage.heldNanos]
    const { capNanos, memberCapNanos } = extraUsage
    if (capNanos !== null) free.push(capNanos - extraUsage.spentNanos - extraUsage.heldNanos)
    if (memberCapNanos !== null) {
      free.push(memberCapNanos - extraUsage.memberSpentNanos - extraUsage.memberHeldNanos)
    }
    const room = free.reduce((a, b) => (a < b ? a : b))
    const most = settled.heldNanos + (isOn && room > 0n ? room : 0n)
    const owed = body.source === 'extra_usage' ? costNanos : 0n
    assert.equal(chargedNanos, owed < most ? owed : most, 'the charge is what the formula allows')
    assert.equal(
      chargedNanos + overrunNanos + lostNanos,
      owed,
      'every nano of the cost has one payer',
    )
  })
})

/**
 * Of requests that cost at most their worst case, which is all that the gate knows beforehand. An overrun is of the
 * month of its hold, whatever the clock said since. A month that four others came after may be forgotten.
 */
const boundedOverrun = fc.property(story, (told) => {
  const { core } = play(told, () => {})
  const placed = new Map<HoldId, { readonly worst: bigint; readonly month: string }>()
  const months = new Map<string, bigint>()
  for (const { body, atMs } of core.journal) {
    if (body.kind === 'held') {
      const month = new Date(atMs).toISOString().slice(0, 7)
      placed.set(body.holdId, { worst: body.worstNanos, month })
    }
    if (body.kind !== 'settled' || body.overrunNanos === 0n) continue
    const { worst, month } = placed.get(body.holdId) ?? { worst: 0n, month: '' }
    if (body.costNanos > worst) continue
    const booked = (months.get(month) ?? 0n) + body.overrunNanos
    months.set(month, booked)
    if (months.size > 4) return
    assert.ok(booked <= told.setting.overrunMax, `${booked} overrun in ${month}`)
  }
})

const steadyResets = fc.property(story, (told) => {
  let promised = members.map(() => new Map<string, LimitFigures>())
  /** What was shown before each wrong jump that can still be undone. */
  let before: (typeof promised)[] = []
  let correctionCount = 0
  play(told, ({ core, nowMs, jumpCount, corrections }) => {
    if (jumpCount > before.length) before.push(promised.map((shown) => new Map(shown)))
    if (corrections.count > correctionCount) {
      correctionCount = corrections.count
      // What the wrong clock showed was withdrawn; what was shown before it, and used, holds again.
      const isUsed = ([, { used, held }]: [string, LimitFigures]): boolean => used + held > 0n
      const held = before[corrections.wholeJumps] ?? promised
      promised = held.map((shown) => new Map([...shown].filter(isUsed)))
      before = before.slice(0, jumpCount)
    }
    for (const member of members) {
      const { limits } = core.figures(member, nowMs)
      const shown = promised[member] ?? new Map<string, LimitFigures>()
      for (const limit of limits) {
        const resetMs = shown.get(limit.limitId)?.resetMs ?? 0
        if (nowMs < resetMs) assert.equal(limit.resetMs, resetMs, `${limit.limitId} stays as shown`)
        shown.set(limit.limitId, limit)
      }
      // An instance that no entry ever touched is forgotten with a limit that leaves the plan.
      for (const { limitId, used, held } of shown.values()) {
        const isGone = !limits.some((limit) => limit.limitId === limitId)
        if (isGone && used + held === 0n) shown.delete(limitId)
      }
    }
  })
})

const law = <T>(name: string, property: fc.IRawProperty<T, false>, numRuns = 400): Law => ({
  name,
  property,
  numRuns,
})

export const laws: readonly Law[] = [
  // The model recomputes everything at each question: it is slow, and meant to be.
  law(
    'the core answers every step like the naive model, and shows the same figures',
    agreement,
    250,
  ),
  law('folding the journal again gives the same state', refolding),
  law('every hold ends once; a late settle only corrects an expiry', oneEnd),
  law('L6: a grant is available, held, spent, expired or refunded, to the nano', grantsAddUp),
  law('D3: extra usage off and on again changes no later decision', toggleNeutrality),
  law('an exception that is taken back changes no later decision', exceptionNeutrality),
  law('sums that are written down and read again in between change no answer', snapshotNeutrality),
  law('what other customers do in between changes no answer and no figure', independence),
  law('D10: a refused request changes nothing that anything reads', refusalChangesNothing),
  law('the promised retry moment admits the same request, and no moment before does', honestRetry),
  law('D8: reserved is said exactly when only other holds are in the way', reservedIsTrue),
  law('O9: a reload comes below the threshold only, and never exceeds its bounds', boundedReloads),
  law('O5: money is held only when a limit that applies was closed', planFirst),
  law('O6: each charge is what the settle formula allows, and the rest has a payer', boundedCharge),
  law('I8: what settling leaves to the operator stays within its bound', boundedOverrun),
  law('W1: a reset once shown does not move', steadyResets),
]
