import type { Scope } from '../../data/scope.ts'
import { useSession } from '../../data/session.ts'

/** What the reader may change here. The server decides; this only keeps from offering what it would refuse. */
export type Permissions = {
  /** The customer's switch, cap and reload: its owner's and the operator's. */
  readonly canManage: boolean
  /** Adding money is the operator's, until payments come. */
  readonly canGrant: boolean
  /** Whether the figures are the reader's own: "you", or "the member". */
  readonly isOwn: boolean
}

export function usePermissions(scope: Scope): Permissions {
  const { role } = useSession()
  return {
    canManage: role === 'operator' || role === 'owner',
    canGrant: role === 'operator',
    isOwn: scope.kind === 'me',
  }
}
