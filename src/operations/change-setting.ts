import type { EntryDraft } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import { UnknownScopeError, type ChangeContext } from '../storage/storage.ts'
import { runCommand, type Command } from './command.ts'
import type { Parts } from './parts.ts'

/** A setting of a customer, or of one member when `memberId` is given. Each changes by its own command only. */
export type Setting = Command & {
  readonly customerId: CustomerId
  readonly memberId: MemberId | null
}

type Scope = 'customer' | 'member'

/** Writes one settings event for a customer or member that exists. */
export async function changeSetting(
  parts: Parts,
  command: Setting,
  change: {
    readonly content: object
    readonly draft: (scope: Scope, context: ChangeContext) => EntryDraft
  },
): Promise<void> {
  const { customerId, memberId, operationId, actor } = command
  await runCommand(
    parts,
    { customerId, memberId, operationId, actor },
    {
      content: { ...change.content, memberId },
      draft: ({ customer, account }, context) => {
        if (!customer.isOpen) throw new UnknownScopeError(`There is no customer "${customerId}"`)
        if (account !== null && !account.member.isSeated) {
          throw new UnknownScopeError(
            `Customer "${customerId}" has no member "${account.member.memberId}"`,
          )
        }
        return change.draft(memberId === null ? 'customer' : 'member', context)
      },
    },
  )
}
