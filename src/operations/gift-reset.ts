import { creditWindow } from '../core/commands.ts'
import type { Entry } from '../core/entry.ts'
import {
  operationId as makeOperationId,
  type CustomerId,
  type LimitId,
  type MemberId,
} from '../core/ids.ts'
import type { Unit } from '../core/usage.ts'
import { runCommand, digestOf, type Command } from './command.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

export class NothingToCreditError extends Error {
  readonly code = 'nothing_to_credit'
}

export class UnknownLimitError extends Error {
  readonly code = 'unknown_limit'
}

export type GiftReset = Command & {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  /** Absent: every running instance of the member's plan that has something used. */
  readonly limitId?: LimitId
}

export type Credit = { readonly limitId: LimitId; readonly amount: bigint; readonly unit: Unit }

/**
 * Gives a member a fresh start in running windows by crediting what was used; no reset time moves (W4).
 * Throws `NothingToCreditError` when nothing was used.
 */
export async function giftReset(
  parts: Parts,
  command: GiftReset,
): Promise<{ readonly credited: readonly Credit[] }> {
  const { customerId, memberId, actor } = command
  const scope = { customerId, memberId }
  const known = await planLimits(parts, scope)
  const { limitId: asked } = command
  if (asked !== undefined && !known.includes(asked)) {
    throw new UnknownLimitError(
      `The member's plan has no limit "${asked}"; its limits are: ${known.join(', ')}`,
    )
  }
  const limitIds = asked === undefined ? known : [asked]
  const credited: Credit[] = []
  for (const limitId of limitIds) {
    const operationId = makeOperationId(`reset:${digestOf({ key: command.operationId, limitId })}`)
    const entry = await creditOnce(parts, { ...scope, operationId, actor, limitId })
    for (const leg of entry?.legs ?? [])
      credited.push({ limitId, amount: leg.amount, unit: leg.unit ?? 'money' })
  }
  if (credited.length === 0) throw new NothingToCreditError(nothingText)
  return { credited }
}

async function planLimits(parts: Parts, scope: MemberScope): Promise<readonly LimitId[]> {
  return parts.storage.update(scope, ({ system, member }) => {
    const limits = system.plans.get(member.planId)?.limits ?? []
    return { answer: limits.map((limit) => limit.id), entries: [] }
  })
}

/** The entry that credited this limit, now or the first time; undefined when there is nothing to credit. */
async function creditOnce(
  parts: Parts,
  command: MemberScope & Command & { readonly limitId: LimitId },
): Promise<Entry | undefined> {
  const { memberId, limitId } = command
  try {
    return await runCommand(parts, command, {
      content: { giftReset: limitId, memberId },
      draft: ({ account }, context) => {
        const draft = account === null ? undefined : creditWindow(account, { limitId }, context)
        if (draft === undefined) throw new NothingToCreditError(nothingText)
        return draft
      },
    })
  } catch (error) {
    if (error instanceof NothingToCreditError) return undefined
    throw error
  }
}

const nothingText = 'Nothing is used of any running window, so there is nothing to give back'
