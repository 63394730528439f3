import { useParams } from 'wouter'
import { path } from './api.ts'

/**
 * Whose figures a page shows. A member looks at its own; an owner or operator at any member, with the same answers
 * from another address; and some things are the customer's as a whole.
 */
export type MemberScope =
  | { readonly kind: 'me' }
  | { readonly kind: 'member'; readonly customerId: string; readonly memberId: string }
export type CustomerScope = { readonly kind: 'customer'; readonly customerId: string }
export type Scope = MemberScope | CustomerScope

/** Where the API has it: "me", "customers/c1/members/m1" or "customers/c1". */
export function scopePath(scope: Scope): string {
  if (scope.kind === 'me') return 'me'
  if (scope.kind === 'customer') return path`customers/${scope.customerId}`
  return path`customers/${scope.customerId}/members/${scope.memberId}`
}

/** The address of one of a scope's pages: "#/history", or below the member's own. */
export const scopeHref = (scope: Scope, page: string): string =>
  scope.kind === 'me' ? `#/${page}` : `#/${scopePath(scope)}/${page}`

/** The page above a page of a scope, called by its name once that is known; one's own pages have none above. */
export function parentOf(
  scope: Scope,
  name: string | null | undefined,
): { readonly parent?: { readonly href: string; readonly title: string } } {
  if (scope.kind === 'me') return {}
  const id = scope.kind === 'customer' ? scope.customerId : scope.memberId
  return { parent: { href: `#/${scopePath(scope)}`, title: name ?? id } }
}

/** The scope that the address names; without one it is the reader's own. */
export function useMemberScope(): MemberScope {
  const { customerId, memberId } = useParams<{ customerId?: string; memberId?: string }>()
  if (customerId === undefined || memberId === undefined) return { kind: 'me' }
  return { kind: 'member', customerId, memberId }
}
