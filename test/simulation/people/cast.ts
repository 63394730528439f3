import type { Chance } from '../engine/chance.ts'
import type { Wallets } from '../mix.ts'
import { planIds } from '../plans.ts'
import type { Operator } from './operator.ts'

/** A member as the world knows it. */
export type SimMember = {
  readonly customerId: string
  readonly memberId: string
  readonly keys: SimKey[]
  /** Its name and address were erased, which was acknowledged. */
  isErased?: boolean
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
  { chance, wallets }: { readonly chance: Chance; readonly wallets: Wallets },
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
  if (wallets === 'capped') await capSome(operator, members, chance)
  for (const { path, content } of fillings(chance, wallets)) {
    await operator.insist({ path: `/customers/${customerId}${path}`, customerId, content })
  }
  return { customerId, zone, members }
}

/** Some members may use less than their customer does. */
async function capSome(
  operator: Operator,
  members: readonly SimMember[],
  chance: Chance,
): Promise<void> {
  for (const { customerId, memberId } of members) {
    if (!chance.percent(60)) continue
    const path = `/customers/${customerId}/members/${memberId}/spend-cap`
    const cap = { kind: 'capped', amountNanos: dollars(chance.between(1, 4)) }
    await operator.insist({ path, customerId, content: { cap } })
  }
}

const dollars = (amount: number): string => String(amount * 1_000_000_000)

/** What a customer has to begin with. */
function fillings(
  chance: Chance,
  wallets: Wallets,
): readonly { readonly path: string; readonly content: object }[] {
  const topUp = (amount: number) => ({
    path: '/top-ups',
    content: { amountNanos: dollars(amount) },
  })
  switch (wallets) {
    case 'usual':
      return chance.percent(80) ? [topUp(chance.between(1, 20))] : []
    case 'poor':
      return [topUp(chance.between(1, 3))]
    case 'capped': {
      const cap = { kind: 'capped', amountNanos: dollars(chance.between(1, 6)) }
      return [topUp(60), { path: '/spend-cap', content: { cap } }]
    }
    case 'reloading': {
      const order = { monthMaxNanos: dollars(chance.between(5, 60)) }
      return [
        topUp(chance.between(1, 3)),
        { path: '/standing-order', content: order },
        { path: '/auto-reload', content: drawAutoReload(chance) },
      ]
    }
  }
}

export function drawAutoReload(chance: Chance): object {
  if (chance.percent(20)) return { kind: 'off' }
  const threshold = chance.between(1, 2_000) * 1_000_000
  const amount = threshold + chance.between(0, 2_000) * 1_000_000
  const most = amount * chance.between(1, 2) + chance.below(amount)
  return {
    kind: 'on',
    thresholdNanos: String(threshold),
    amountNanos: String(amount),
    monthMaxNanos: String(most),
  }
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
