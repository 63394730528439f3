import type { Chance } from '../engine/chance.ts'
import { planIds } from '../plans.ts'
import type { Operator } from './operator.ts'

/** A member as the world knows it. */
export type SimMember = {
  readonly customerId: string
  readonly memberId: string
  readonly keys: SimKey[]
}

type SimKey = {
  readonly keyId: string
  readonly keyText: string
  /** Somebody has begun to revoke it. */
  isRevoked: boolean
  /** Its revocation was acknowledged: whoever asks from now on is refused. */
  isDead: boolean
}

export type SimCustomer = {
  readonly customerId: string
  readonly zone: string
  readonly members: SimMember[]
}

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland'] as const

/** Opens one customer with its members and keys, as an operator does at the admin port. */
export async function openCast(
  operator: Operator,
  customerId: string,
  chance: Chance,
): Promise<SimCustomer> {
  const zone = chance.pick(zones)
  await operator.insist({
    path: '/customers',
    customerId,
    content: { customerId, name: customerId, zone, isExtraUsageOn: chance.percent(75) },
  })
  const members: SimMember[] = []
  for (let index = 1; index <= chance.between(1, 3); index += 1) {
    members.push(
      await seatNew(operator, { customerId, memberId: `${customerId}-m${index}` }, chance),
    )
  }
  if (chance.percent(80)) {
    const amountNanos = String(chance.between(1, 20) * 1_000_000_000)
    await operator.insist({
      path: `/customers/${customerId}/top-ups`,
      customerId,
      content: { amountNanos },
    })
  }
  return { customerId, zone, members }
}

export async function seatNew(
  operator: Operator,
  { customerId, memberId }: { readonly customerId: string; readonly memberId: string },
  chance: Chance,
): Promise<SimMember> {
  const planId = chance.pick(planIds)
  const path = `/customers/${customerId}/members`
  await operator.insist({ path, customerId, content: { memberId, name: memberId, planId } })
  const member: SimMember = { customerId, memberId, keys: [] }
  for (let count = chance.between(1, 2); count > 0; count -= 1) await addKey(operator, member)
  return member
}

export async function addKey(operator: Operator, member: SimMember): Promise<void> {
  const { customerId, memberId } = member
  const path = `/customers/${customerId}/members/${memberId}/keys`
  const outcome = await operator.insist({ path, customerId, content: {} })
  if (outcome.kind !== 'done') return
  const { keyId, keyText } = outcome.answer as { keyId: string; keyText: string }
  member.keys.push({ keyId, keyText, isRevoked: false, isDead: false })
}
