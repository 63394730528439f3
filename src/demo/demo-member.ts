import type { KeyId } from '../core/ids.ts'
import { findKey } from '../operations/find-key.ts'
import { issueKey } from '../operations/issue-key.ts'
import { openCustomer } from '../operations/open-customer.ts'
import type { Parts } from '../operations/parts.ts'
import { seatMember } from '../operations/seat-member.ts'
import {
  demoCommands,
  demoCustomerId,
  demoMemberId,
  demoPlanId,
  type DemoTerms,
} from './demo-account.ts'

/**
 * Makes the demo customer, member and key at the first start of an installation that has no customer yet.
 * Answers the key's text, also at later starts; null once it was revoked or where others were made first.
 */
export async function ensureDemoMember(parts: Parts, terms: DemoTerms): Promise<string | null> {
  const [customer] = await parts.storage.entries({ kind: 'customer_opened', rowsMax: 1 })
  if (customer !== undefined && customer.operationId !== demoCommands.open.operationId) return null
  const scope = { customerId: demoCustomerId, memberId: demoMemberId }
  await openCustomer(parts, {
    ...demoCommands.open,
    customerId: demoCustomerId,
    name: 'Demo',
    zone: 'UTC',
    isExtraUsageOn: false,
    cap: { kind: 'unlimited' },
    isStrict: false,
    ...(customer === undefined ? terms : await termsOf(parts)),
  })
  const plans = await parts.storage.updateSystem((system) => ({
    answer: [...system.plans.keys()],
    entries: [],
  }))
  const planId = plans.includes(demoPlanId) ? demoPlanId : plans[0]
  if (planId === undefined) return null
  const members = await parts.storage.members(demoCustomerId)
  if (members.length === 0)
    await seatMember(parts, { ...demoCommands.seat, ...scope, planId, name: 'Demo' })
  const { keyText } = await issueKey(parts, { ...demoCommands.key, ...scope, name: 'Demo' })
  return (await findKey(parts, keyText)) === undefined ? null : keyText
}

/** The id of the demo key, while it works; null where there is none or it was revoked. */
export async function demoKeyIdOf({ storage }: Pick<Parts, 'storage'>): Promise<KeyId | null> {
  const { operationId } = demoCommands.key
  const [issued] = await storage.entries({ customerId: demoCustomerId, operationId })
  if (issued?.body.kind !== 'key_issued') return null
  const record = await storage.findKey(issued.body.keyHash)
  return record === undefined || record.isRevoked ? null : record.keyId
}

/** The terms that the first start wrote, so that starting again is the same command. */
async function termsOf({ storage }: Parts): Promise<DemoTerms> {
  return storage.updateCustomer(demoCustomerId, ({ customer }) => {
    const { overrunMaxNanos, runningMax } = customer
    return { answer: { overrunMaxNanos, runningMax }, entries: [] }
  })
}
