import type { CustomerId, MemberId, PersonId } from '../../core/ids.ts'
import { hasDemoWorld } from '../../operations/demo-world.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { Caller } from '../callers/callers.ts'
import type { Named } from '../contract/answers.ts'
import type { PersonAnswer } from '../contract/people.ts'
import type { SessionAnswer } from '../contract/session.ts'
import type { ConsolePerson } from '../sign-in/person.ts'

/** Who is at the console, and who may be. */

type NamingParts = Pick<AdminApiParts, 'storage'>

async function named(
  { storage }: NamingParts,
  id: CustomerId | MemberId | null,
): Promise<Named | null> {
  return id === null ? null : { id, name: (await storage.findPerson(id))?.name ?? null }
}

export async function sessionAnswer(
  parts: AdminApiParts,
  caller: Caller | undefined,
): Promise<SessionAnswer> {
  if (caller === undefined) {
    return { kind: (await parts.signIn.accounts.hasOperator()) ? 'signed_out' : 'first_run' }
  }
  const person = caller.session?.person ?? null
  const scope = caller.kind === 'operator' ? { customerId: null, memberId: null } : caller
  return {
    kind: 'signed_in',
    by: person === null ? 'key' : 'account',
    role: caller.kind,
    email: person?.email ?? null,
    name: person?.name ?? null,
    customer: await named(parts, scope.customerId),
    member: await named(parts, scope.memberId),
    currencySymbol: parts.about.currencySymbol,
    version: parts.about.version,
    hasDemoWorld: await hasDemoWorld(parts),
  }
}

export async function personAnswer(
  parts: AdminApiParts,
  person: ConsolePerson,
  you: PersonId | undefined,
): Promise<PersonAnswer> {
  const { id, name, email, role, isActive, createdAtMs } = person
  const [latest] = await parts.signIn.sessions.list(id)
  return {
    id,
    name,
    email,
    role,
    customer: await named(parts, person.customerId),
    member: await named(parts, person.memberId),
    isActive,
    createdAtMs,
    lastSeenAtMs: latest?.lastSeenAtMs ?? null,
    isYou: id === you,
  }
}
