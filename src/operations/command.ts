import { createHash } from 'node:crypto'

import type { Account, CustomerState, SystemState } from '../core/account.ts'
import type { Actor, Entry, EntryDraft } from '../core/entry.ts'
import type { CustomerId, KeyId, MemberId, OperationId } from '../core/ids.ts'
import type { ChangeContext } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/**
 * Explicit commands from people and tools: each has an idempotency key and an actor. Repeating a command
 * answers with the entry that the first one wrote; the same key with other content is a conflict (R4).
 */
export type Command = { readonly operationId: OperationId; readonly actor: Actor }

/** The digest of a command's content: what must be the same for a repeat to be a repeat. */
export function digestOf(content: object): string {
  const text = JSON.stringify(content, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

type Target =
  | { readonly customerId: CustomerId; readonly memberId: MemberId }
  | { readonly customerId: CustomerId; readonly memberId: null }

export type CommandChange = {
  readonly name?: NamedBy
  /** Everything that the command asks for, its key and actor left out. */
  readonly content: object
  /** Returns the entry to write, or throws an error that says why the command cannot be done. */
  readonly draft: (
    state: { system: SystemState; customer: CustomerState; account: Account | null },
    context: ChangeContext,
  ) => EntryDraft
}

/**
 * Runs a command once and returns the entry that it wrote, now or the first time. Rejects with
 * `OperationConflictError` when the key was used for another command.
 */
export async function runCommand(
  parts: Parts,
  target: Target & Command,
  change: CommandChange,
): Promise<Entry> {
  const { customerId, operationId, actor } = target
  const operationDigest = digestOf(change.content)
  const mark = { operationId, operationDigest, actor }
  let isRepeat = false
  const answerAgain = (): undefined => {
    isRepeat = true
    return undefined
  }
  const once = { operationId, operationDigest, answerAgain }
  if (target.memberId === null) {
    await parts.storage.updateCustomer(
      customerId,
      (state, context) => ({
        answer: undefined,
        entries: [{ ...change.draft({ ...state, account: null }, context), ...mark }],
      }),
      once,
    )
  } else {
    const { memberId } = target
    await parts.storage.update(
      { customerId, memberId },
      (account, context) => {
        const { system, customer } = account
        const draft = change.draft({ system, customer, account }, context)
        return { answer: undefined, entries: [{ ...draft, ...mark, memberId }] }
      },
      once,
    )
  }
  const [entry] = await parts.storage.entries({ customerId, operationId, rowsMax: 1 })
  if (entry === undefined) throw new Error(`The journal lost operation ${operationId}`)
  await nameOnce(parts, { name: change.name, isRepeat })
  return entry
}

/** A repeat gives a name only where a crash kept the first run from it, and never again what was erased. */
async function nameOnce(
  { storage }: Parts,
  { name, isRepeat }: { readonly name: NamedBy | undefined; readonly isRepeat: boolean },
): Promise<void> {
  if (name?.text === undefined) return
  const person = { id: name.id, name: name.text, email: null }
  await (isRepeat ? storage.putPersonOnce(person) : storage.putPerson(person))
}

/** A name that a command gives, for people only; without text it gives none. */
export type NamedBy = {
  readonly id: CustomerId | MemberId | KeyId
  readonly text: string | undefined
}
