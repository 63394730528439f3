import {
  customerId as readCustomerId,
  memberId as readMemberId,
  personId as readPersonId,
  type CustomerId,
  type MemberId,
  type PersonId,
} from '../../core/ids.ts'
import type { Role } from '../contract/session.ts'

/** Somebody with an account at the console. Members have a customer and a member, owners a customer and perhaps a seat. */
export type ConsolePerson = {
  readonly id: PersonId
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly customerId: CustomerId | null
  readonly memberId: MemberId | null
  /** May sign in. */
  readonly isActive: boolean
  readonly createdAtMs: number
}

/** What a person may see and do follows from these alone. */
export type Standing = Pick<ConsolePerson, 'role' | 'customerId' | 'memberId'>

/** A row of the sign-in library, as this side knows it. */
export type UserRow = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly customerId?: string | null | undefined
  readonly memberId?: string | null | undefined
  readonly isActive: boolean
  readonly createdAt: Date
}

export function personOf(row: UserRow): ConsolePerson {
  const { customerId, memberId } = row
  return {
    id: readPersonId(row.id),
    name: row.name,
    email: row.email,
    role: roleOf(row.role),
    customerId: typeof customerId !== 'string' ? null : readCustomerId(customerId),
    memberId: typeof memberId !== 'string' ? null : readMemberId(memberId),
    isActive: row.isActive,
    createdAtMs: row.createdAt.getTime(),
  }
}

function roleOf(text: string): Role {
  if (text === 'operator' || text === 'owner' || text === 'member') return text
  throw new Error(`An account has the unknown role ${JSON.stringify(text)}`)
}
