import { seatMember as draftSeating } from '../core/commands.ts'
import {
  customerId as readCustomerId,
  memberId,
  type CustomerId,
  type MemberId,
  type PlanId,
} from '../core/ids.ts'
import { UnknownScopeError, type MemberScope } from '../storage/storage.ts'
import { digestOf, runCommand, type Command } from './command.ts'
import { getFigures } from './figures.ts'
import type { Parts } from './parts.ts'

export class UnknownPlanError extends Error {
  readonly code = 'unknown_plan'
}

export class IdTakenError extends Error {
  readonly code = 'id_taken'
}

export type SeatMember = Command & {
  readonly customerId: CustomerId
  /** Chosen by the caller, or made from the idempotency key. */
  readonly memberId?: MemberId
  readonly name?: string
  readonly planId: PlanId
}

/** Under which id this command seats, each time that it is said. */
export const seatedAs = (command: SeatMember): MemberId =>
  command.memberId ??
  memberId(
    `mem_${digestOf({ customerId: command.customerId, seat: command.operationId }).slice(0, 16)}`,
  )

/** Seats a person or service on a plan, or moves it to another: what was used stays, the new limits count at once. */
export async function seatMember(
  parts: Parts,
  command: SeatMember,
): Promise<{ readonly memberId: MemberId }> {
  const { customerId, operationId, actor, planId, name } = command
  const id = seatedAs(command)
  if (command.memberId !== undefined) await refuseTaken(parts, { customerId, memberId: id })
  await runCommand(
    parts,
    { customerId, memberId: id, operationId, actor },
    {
      content: { seat: id, planId },
      name: { id, text: name },
      draft: ({ system, customer, account }, context) => {
        if (!customer.isOpen || account === null) {
          throw new UnknownScopeError(`There is no customer "${customerId}"`)
        }
        if (!system.plans.has(planId)) {
          const known = [...system.plans.keys()].join(', ')
          throw new UnknownPlanError(`There is no plan "${planId}"; the plans are: ${known}`)
        }
        return draftSeating(account, { planId }, context)
      },
    },
  )
  // Reading the figures posts the credit that the new plan includes.
  await getFigures(parts, { customerId, memberId: id })
  return { memberId: id }
}

/**
 * Names stand beside ids, whoever's they are: a new member under the id of somebody else would show that one's name,
 * and a name for it would take that one's place.
 */
async function refuseTaken(
  { storage }: Pick<Parts, 'storage'>,
  { customerId, memberId: id }: MemberScope,
): Promise<void> {
  if (String(id) === String(customerId)) return
  const ofCustomer = {
    customerId: readCustomerId(id),
    kind: 'customer_opened',
    rowsMax: 1,
  } as const
  const [opened] = await storage.entries(ofCustomer)
  if (opened === undefined && (await storage.findPerson(id)) === undefined) return
  const isOwn = await storage.update({ customerId, memberId: id }, ({ member }) => ({
    answer: member.isSeated,
    entries: [],
  }))
  if (!isOwn) throw new IdTakenError(`The id "${id}" names somebody else already`)
}
