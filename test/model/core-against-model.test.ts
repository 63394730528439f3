import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import { reloadState } from '../../src/core/auto-reload.ts'
import { laws, play } from './laws.ts'
import { story } from './world.ts'

// More runs, from a seed of one's own: node test/model/campaign.ts --runs 20000 --seed 7
for (const { name, property, numRuns } of laws) {
  test(name, () => {
    fc.assert(property, { numRuns })
  })
}

test('the stories reach every source, every reason and every way in which a hold ends', () => {
  const seen = new Set<string>()
  const told = fc.sample(story, { numRuns: 600, seed: 1 })
  for (const each of told) {
    const { core } = play(each, ({ asked, settled, core: { customer }, nowMs }) => {
      const reload = reloadState(customer, nowMs)
      if (reload.kind === 'stopped') seen.add(reload.reason)
      if (asked?.decision.kind === 'allow') seen.add(asked.decision.allowance.source)
      if (asked?.decision.kind === 'allow' && asked.decision.allowance.source === 'plan') {
        const isOpened = asked.before.limits.some(
          ({ used, held, exception }) => exception !== null && used + held >= exception.planAmount,
        )
        if (isOpened) seen.add('exception_opens')
      }
      if (asked?.decision.kind === 'deny') {
        const { binding, retryAtMs, remedies } = asked.decision.denial
        for (const remedy of remedies) seen.add(remedy)
        if (binding.some((bound) => bound.exception !== null)) seen.add('exception_binds')
        const ends = binding.map((bound) => bound.exception?.untilMs ?? null)
        if (retryAtMs !== null && ends.includes(retryAtMs)) seen.add('exception_end_admits')
        seen.add(asked.decision.denial.reason)
        seen.add(asked.decision.denial.extraUsageReason ?? 'not_asked')
      }
      if (settled !== null) seen.add(settled.answer.kind)
    })
    for (const { body } of core.journal) {
      seen.add(body.kind)
      if (body.kind === 'settled' && body.overrunNanos > 0n) seen.add('overrun')
      if (body.kind === 'settled' && body.isLate && body.chargedNanos > 0n) seen.add('late_charge')
      if (body.kind === 'settled' && (body.lostNanos ?? 0n) > 0n) seen.add('late_loss')
      if (body.kind === 'granted' && body.reload !== undefined) seen.add('reloaded')
      if (body.kind === 'held' && body.grantLegs.length > 1) seen.add('several_grants')
    }
  }

  const expected = `plan extra_usage free customer_inactive member_inactive model_unpriced
    running_limit limit_reached reserved not_asked off_for_customer off_for_member
    forbidden_by_request cap_reached member_cap_reached balance_too_low settled already_ended voided
    expired hold_grown window_credited limit_excepted exception_binds exception_opens
    exception_end_admits auto_reload_set standing_order_set reload_refused reloaded wait_for_reload
    extra_usage_off spend_cap_reached month_max_reached standing_order_missing standing_order_used_up refunded overrun late_charge late_loss several_grants`.split(
    /\s+/,
  )
  assert.deepEqual(
    expected.filter((word) => !seen.has(word)),
    [],
  )
})
