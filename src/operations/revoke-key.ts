import { revokeKey as draftRevoke } from '../core/commands.ts'
import type { CustomerId, KeyId, MemberId } from '../core/ids.ts'
import { runCommand, type Command } from './command.ts'
import type { Parts } from './parts.ts'

export type RevokeKey = Command & {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly keyId: KeyId
}

/** Ends a key: the next request with it is refused. Requests that run go on. */
export async function revokeKey(parts: Parts, command: RevokeKey): Promise<void> {
  const { customerId, memberId, operationId, actor } = command
  await runCommand(
    parts,
    { customerId, memberId, operationId, actor },
    {
      content: { revokeKey: command.keyId },
      draft: (_state, context) => draftRevoke({ keyId: command.keyId }, context),
    },
  )
}
