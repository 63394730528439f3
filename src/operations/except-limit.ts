import type { Account, LimitException } from '../core/account.ts'
import { exceptLimit as draftException } from '../core/commands.ts'
import type { LimitId } from '../core/ids.ts'
import type { Unit } from '../core/usage.ts'
import { UnknownScopeError, type MemberScope } from '../storage/storage.ts'
import { runCommand, type Command } from './command.ts'
import { UnknownLimitError } from './gift-reset.ts'
import type { Parts } from './parts.ts'
import { InvalidExpiryError } from './top-up.ts'

export type ExceptLimit = Command &
  MemberScope & {
    readonly limitId: LimitId
    /** Null takes the exception back: the plan's own amount counts again. */
    readonly exception: LimitException | null
  }

/**
 * Gives one member another amount of one limit than its plan, or takes that back. It counts for the very next
 * decision (D9); what was used and every reset stay as they are.
 */
export async function exceptLimit(parts: Parts, command: ExceptLimit): Promise<void> {
  const { limitId, exception, ...target } = command
  const { customerId, memberId } = target
  await runCommand(parts, target, {
    content: { except: limitId, exception, memberId },
    draft: ({ account }, context) => {
      if (account === null || !account.customer.isOpen || !account.member.isSeated) {
        throw new UnknownScopeError(`Customer "${customerId}" has no member "${memberId}"`)
      }
      const untilMs = exception?.untilMs ?? null
      if (untilMs !== null && untilMs <= context.nowMs) {
        throw new InvalidExpiryError('The exception would end in the past; it could never count')
      }
      return draftException({ limitId, unit: unitOf(account, limitId), exception }, context)
    },
  })
}

/** Of a limit of the member's plan, or one that it has an exception of from an earlier plan. */
function unitOf({ system, member }: Account, limitId: LimitId): Unit {
  const limits = system.plans.get(member.planId)?.limits ?? []
  const unit =
    limits.find((limit) => limit.id === limitId)?.unit ??
    (member.exceptions.has(limitId) ? system.limitUnits.get(limitId) : undefined)
  if (unit !== undefined) return unit
  const known = limits.map((limit) => limit.id).join(', ')
  throw new UnknownLimitError(
    `The member's plan has no limit "${limitId}"; ${known === '' ? 'it has none at all' : `its limits are: ${known}`}`,
  )
}
