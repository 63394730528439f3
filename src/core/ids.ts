/**
 * Opaque names of things. They carry no personal data (DESIGN R6), so they may appear in the journal,
 * in logs and in refusals. Each brand has one cast: its constructor, which checks the shape.
 */
type Branded<Name extends string> = string & { readonly brand: Name }

export type CustomerId = Branded<'customer'>
export type MemberId = Branded<'member'>
export type KeyId = Branded<'key'>
export type HoldId = Branded<'hold'>
export type GrantId = Branded<'grant'>
export type PlanId = Branded<'plan'>
export type LimitId = Branded<'limit'>
export type PriceId = Branded<'price'>
export type BootId = Branded<'boot'>
export type OperationId = Branded<'operation'>
/** Somebody with an account at the console. */
export type PersonId = Branded<'person'>

/** Ids stand inside account names (`grant:<id>:held`), so a colon may never be part of one. */
const idPattern = /^[A-Za-z0-9_.-]+$/
const idLengthMax = 64
/** An included grant is named after its month, plan and member, so its id is longer than theirs. */
const grantIdLengthMax = 256

export class InvalidIdError extends Error {
  readonly code = 'invalid_id'
}

function checked(text: string, kind: string, lengthMax = idLengthMax): string {
  if (text.length > lengthMax || !idPattern.test(text)) {
    throw new InvalidIdError(
      `A ${kind} id has 1 to ${lengthMax} letters, digits, dots, dashes or underscores; got ${JSON.stringify(text.slice(0, 80))}`,
    )
  }
  return text
}

export const customerId = (text: string): CustomerId => checked(text, 'customer') as CustomerId
export const memberId = (text: string): MemberId => checked(text, 'member') as MemberId
export const keyId = (text: string): KeyId => checked(text, 'key') as KeyId
export const holdId = (text: string): HoldId => checked(text, 'hold') as HoldId
export const grantId = (text: string): GrantId =>
  checked(text, 'grant', grantIdLengthMax) as GrantId
export const planId = (text: string): PlanId => checked(text, 'plan') as PlanId
export const limitId = (text: string): LimitId => checked(text, 'limit') as LimitId
export const priceId = (text: string): PriceId => checked(text, 'price') as PriceId
export const personId = (text: string): PersonId => checked(text, 'person') as PersonId
export const bootId = (text: string): BootId => checked(text, 'boot') as BootId

/** The idempotency key of one command, chosen by whoever sends it: any text up to 200 characters. */
export function operationId(text: string): OperationId {
  if (text.length === 0 || text.length > 200) {
    throw new InvalidIdError('An idempotency key has 1 to 200 characters')
  }
  return text as OperationId
}

/** The customer under which entries about the whole installation stand: plans, prices, boots. */
export const systemCustomerId = customerId('system')
