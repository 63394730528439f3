import { createHmac, hash } from 'node:crypto'

import { issueKey as draftIssue } from '../core/commands.ts'
import { keyId, type CustomerId, type KeyId, type MemberId } from '../core/ids.ts'
import { UnknownScopeError } from '../storage/storage.ts'
import { runCommand, type Command } from './command.ts'
import type { Parts } from './parts.ts'

export const keyPrefix = 'plim_'
const letters = '0123456789abcdefghjkmnpqrstvwxyz'

/** What is stored of a key: its digest. A key has 160 random bits, so a plain digest cannot be guessed back. */
export function hashKey(text: string): string {
  return hash('sha256', text, 'hex')
}

export class MemberPausedError extends Error {
  readonly code = 'member_paused'
  constructor() {
    super('This account is paused.')
  }
}

export type IssueKey = Command & {
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly name?: string
  /** The member asks for itself: while it is paused it gets none. */
  readonly isForSelf?: boolean
}

/**
 * Makes a key for a member. Its text is derived from a secret of this installation and the idempotency
 * key, so that repeating the command shows the same key, and nothing that is stored can.
 */
export async function issueKey(
  parts: Parts,
  command: IssueKey,
): Promise<{ readonly keyId: KeyId; readonly keyText: string }> {
  const { customerId, memberId, operationId, actor, name } = command
  const secret = await parts.storage.secret('key-derivation', () =>
    parts.random.bytes(32).toString('base64url'),
  )
  const seed = createHmac('sha256', secret).update(`${customerId}\n${operationId}`).digest()
  let keyText = keyPrefix
  for (const byte of seed) keyText += letters.charAt(byte & 31)
  const keyHash = hashKey(keyText)
  const id = keyId(`key_${keyHash.slice(0, 16)}`)
  await runCommand(
    parts,
    { customerId, memberId, operationId, actor },
    {
      content: { issueKeyFor: memberId },
      name: { id, text: name },
      draft: ({ account }, context) => {
        if (account?.member.isSeated !== true) {
          throw new UnknownScopeError(`Customer "${customerId}" has no member "${memberId}"`)
        }
        const isPaused = !account.customer.isActive || !account.member.isActive
        if (command.isForSelf === true && isPaused) throw new MemberPausedError()
        return draftIssue({ keyId: id, keyHash }, context)
      },
    },
  )
  return { keyId: id, keyText }
}
