import assert from 'node:assert/strict'
import { roomAgainMs } from '../../src/core/figures.ts'
import { type Command, CoreStory, members } from './core-story.ts'
import { withoutUsedUp } from './core-world.ts'
import { sum } from './naive-books.ts'
import { monthAt } from './naive-calendar.ts'
import { NaiveModel } from './naive-model.ts'
import { prices, type Setting } from './world.ts'

const nameOf = (member: number): string => `member-${member}`

/** The core and the naive model side by side: each command is given to both, and then all they say is compared. */
export class Lockstep extends CoreStory {
  readonly model = new NaiveModel(prices)
  /** What the model answered to the last command, where it asks for an answer. */
  protected expected: unknown = null

  constructor(setting: Setting) {
    super(setting)
    const { zone, isOn, cap, overrunMax, isStrict, runningMax } = setting
    const terms = { zone, isOn, cap, overrunMax, isStrict, runningMax }
    this.model.note(this.nowMs, { kind: 'opened', ...terms })
  }

  protected override perform(command: Command): void {
    super.perform(command)
    this.expected = this.mirror(command, this.model) ?? null
  }

  protected mirror(command: Command, model: NaiveModel): unknown {
    const { nowMs } = this
    switch (command.kind) {
      case 'authorize': {
        const { holdId: hold, facts, holdMaxMs } = command.request
        const said = model.authorize(
          { hold, member: nameOf(command.member), facts, holdMaxMs },
          nowMs,
        )
        if (said.kind === 'deny') return said
        // Who opened a session is known from the entry itself, and not said again.
        return {
          ...said,
          windows: said.windows.map(({ limit, startMs, endMs }) => ({ limit, startMs, endMs })),
        }
      }
      case 'settle':
        return model.settle(command.id, command, nowMs)
      case 'grow':
        return model.grow(command.id, command, nowMs)
      case 'void':
        return model.void(command.id, nowMs)
      case 'expire':
        return model.expire(command.id, nowMs)
      case 'switch':
      case 'cap':
      case 'status': {
        const member = command.who === null ? null : nameOf(command.who)
        return model.note(nowMs, { ...command, member })
      }
      case 'except': {
        const { exception } = command
        const fact = { limit: command.limit.id, exception: exception ?? ('taken_back' as const) }
        return model.note(nowMs, { kind: 'excepted', member: nameOf(command.member), ...fact })
      }
      case 'grant':
        return model.note(nowMs, { ...command, kind: 'granted', grant: command.id })
      case 'auto_reload':
        return model.note(nowMs, command)
      case 'order':
        return model.note(nowMs, command)
      case 'reload':
        return model.reload(command.id, nowMs)
      case 'refund':
        return model.refund(command.id, nowMs)
      case 'credit':
        return model.credit(nameOf(command.member), command.limit.id, nowMs)
      case 'seat':
        return model.seat(nameOf(command.member), command.plan.id, nowMs)
      case 'publish':
        return model.publish(command.plan, nowMs)
    }
  }

  /** Compares the last answer, every figure that anybody can see, and every sum behind them. */
  compare(): void {
    if (this.asked !== null) assert.deepEqual(this.decided(), this.expected, 'both decide alike')
    if (this.settled !== null) {
      const { answer } = this.settled
      const real =
        answer.kind === 'already_ended'
          ? 'already_ended'
          : {
              cost: answer.costNanos,
              charged: answer.chargedNanos,
              overrun: answer.overrunNanos,
              lost: answer.lostNanos,
            }
      assert.deepEqual(real, this.expected, 'both settle alike')
    }
    for (const member of members) {
      const shown = this.core.shown(member, this.nowMs)
      assert.deepEqual(shown, this.figures(member, this.model), 'same figures')
    }
    assert.deepEqual(this.core.wallet(this.nowMs), this.wallet(), 'same grants and overruns')
  }

  /** The core's last decision in the model's words. */
  private decided(): unknown {
    if (this.asked?.decision.kind === 'deny') {
      const { denial } = this.asked.decision
      // A limit of nothing opens at no reset.
      const opens = denial.binding.map((bound) => roomAgainMs(bound, this.nowMs))
      // After a correction the instance behind a reset may be used up, so the reset alone does not tell.
      if (!this.core.journal.some(({ body: { kind } }) => kind === 'clock_corrected')) {
        assert.equal(opens[0] ?? 0, Math.max(0, ...opens), 'the limit that opens last comes first')
      }
      const binding = new Set<string>(denial.binding.map((bound) => bound.limitId))
      return {
        kind: 'deny',
        reason: denial.reason,
        extraUsageReason: denial.extraUsageReason,
        needed: denial.neededNanos,
        binding,
        retryAtMs: denial.retryAtMs,
      }
    }
    const entry = this.core.journal.at(-1)
    if (entry?.body.kind !== 'held') return entry
    const { body } = entry
    return {
      kind: 'allow',
      hold: body.holdId,
      member: entry.memberId,
      source: body.source,
      request: body.facts,
      amounts: body.amounts,
      expectedMoney: body.expected.money,
      windows: body.windowLegs.map(({ limitId: limit, startMs, endMs }) => {
        return { limit, startMs, endMs }
      }),
      grantLegs: body.grantLegs.map((leg) => ({ grant: leg.grantId, amount: leg.amount })),
      reserve: body.overrunReserveNanos,
      expiresAtMs: body.expiresAtMs,
    }
  }

  protected figures(member: number, model: NaiveModel): unknown {
    const { nowMs } = this
    const name = nameOf(member)
    return {
      limits: model.limits(name, nowMs).map(({ limit, most, used, held, instance }) => ({
        limit: limit.id,
        used,
        held,
        amount: most,
        startMs: instance?.startMs ?? null,
        resetMs: instance?.endMs ?? null,
      })),
      extraUsage: {
        isOnForCustomer: model.isOn(null),
        isOnForMember: model.isOn(name),
        balanceNanos: model.balance(nowMs),
        heldNanos: model.heldMoney(null),
        spentNanos: model.spent(null, nowMs),
        capNanos: model.cap(null),
        memberSpentNanos: model.spent(name, nowMs),
        memberHeldNanos: model.heldMoney(name),
        memberCapNanos: model.cap(name),
        capResetMs: monthAt(this.core.customer.zone, nowMs).endMs,
        autoReload: {
          setting: model.autoReload(),
          ...model.reloadStand(nowMs),
          reloadedNanos: sum(model.reloads(nowMs).map((reload) => reload.amount)),
          reloadCount: model.reloads(nowMs).length,
          monthEndMs: monthAt(this.core.customer.zone, nowMs).endMs,
          standingOrderNanos: model.order(),
        },
      },
      runningCount: model.openHolds(name).length,
      runningMax: model.plan(name).runningMax,
    }
  }

  private wallet(): unknown {
    const { model, nowMs } = this
    const grants = model.grants().map((known) => [known.grant, model.grant(known, nowMs)] as const)
    return {
      ...withoutUsedUp(grants),
      overrun: model.overrunInMonth(nowMs),
      overrunReserved: model.overrunReserved(),
      lost: model.lostMoney(),
    }
  }
}
