import type { Named } from './answers.ts'

/**
 * Who is at the console. The operator sees everything; an owner manages one customer; a member sees its own.
 * An owner who is seated as well has a member; the operator has neither.
 */
export type Role = 'operator' | 'owner' | 'member'

export type SessionAnswer =
  /** Nobody has an account yet: the first one made becomes the operator's. */
  | { readonly kind: 'first_run' }
  | { readonly kind: 'signed_out' }
  | {
      readonly kind: 'signed_in'
      /** How: by an account with e-mail and password, or by a member's key. */
      readonly by: 'account' | 'key'
      readonly role: Role
      readonly email: string | null
      readonly name: string | null
      readonly customer: Named | null
      readonly member: Named | null
      readonly currencySymbol: string
      readonly version: string
      /** There is a demo world, which the operator can remove. */
      readonly hasDemoWorld: boolean
    }
