import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

export type Pause = 'customer_inactive' | 'member_inactive'

/** Whether this member may ask for anything at all; read from the journal's sums like every decision. */
export function findPause(
  { storage }: Pick<Parts, 'storage'>,
  scope: MemberScope,
): Promise<Pause | null> {
  return storage.update(scope, ({ customer, member }) => {
    let answer: Pause | null = null
    if (!member.isSeated || !member.isActive) answer = 'member_inactive'
    if (!customer.isOpen || !customer.isActive) answer = 'customer_inactive'
    return { answer, entries: [] }
  })
}
