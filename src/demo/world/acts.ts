import {
  customerId,
  limitId,
  memberId,
  operationId,
  planId,
  type CustomerId,
  type MemberId,
} from '../../core/ids.ts'
import { larger, type Nanos } from '../../core/money.ts'
import { giftReset } from '../../operations/gift-reset.ts'
import { issueKey } from '../../operations/issue-key.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { openCustomer } from '../../operations/open-customer.ts'
import { demoOpening } from '../../operations/demo-world.ts'
import { revokeKey } from '../../operations/revoke-key.ts'
import { seatMember } from '../../operations/seat-member.ts'
import { setExtraUsage } from '../../operations/set-extra-usage.ts'
import { setSpendCap } from '../../operations/set-spend-cap.ts'
import { setStatus } from '../../operations/set-status.ts'
import { topUp } from '../../operations/top-up.ts'
import type { DemoTerms } from '../demo-account.ts'
import type { DemoHouse } from './cast.ts'
import type { Scene, Stage } from './stage.ts'
import { dayMs } from './working-days.ts'

/** What the operator and the people of the demo world do beside asking: seats, money, switches, keys. */

const hourMs = dayMs / 24
const dollars = (amount: number): Nanos => BigInt(Math.round(amount * 100)) * 10_000_000n

/** Opens the customer, seats its members and gives them their keys. */
export async function moveIn(stage: Stage, house: DemoHouse, terms: DemoTerms): Promise<void> {
  const { parts } = stage
  const { customerId: customer, name, zone } = house
  await openCustomer(parts, {
    operationId: demoOpening(customer),
    actor: 'operator',
    customerId: customer,
    name,
    zone,
    isExtraUsageOn: false,
    cap: { kind: 'unlimited' },
    isStrict: false,
    ...terms,
  })
  for (const person of house.people) {
    const scope = { customerId: customer, memberId: person.memberId }
    const seat = { planId: person.planId, name: person.name }
    await seatMember(parts, { ...by('seat', person.memberId), ...scope, ...seat })
    for (const key of person.keys) await giveKey(stage, scope, key)
  }
}

type Scope = { readonly customerId: CustomerId; readonly memberId: MemberId }

const by = (what: string, ...of: readonly string[]) => ({
  operationId: operationId(['first-start', what, ...of].join(':')),
  actor: 'operator',
})

/** The same command again answers with the same key. */
export const keyCommand = (id: MemberId, name: string) => by('key', id, name)

async function giveKey({ parts, keys }: Stage, scope: Scope, name: string): Promise<void> {
  const { memberId: id } = scope
  const { keyId } = await issueKey(parts, { ...keyCommand(id, name), ...scope, name })
  if (!keys.has(id)) keys.set(id, keyId)
}

/** `daysAgo` before the end, at an hour of that day (UTC). */
const momentIn =
  (endMs: number) =>
  (daysAgo: number, hour: number): number =>
    Math.min(Math.floor(endMs / dayMs) * dayMs - daysAgo * dayMs + hour * hourMs, endMs - hourMs)

export function acts(endMs: number): readonly Scene[] {
  const at = momentIn(endMs)
  return [...harbor(at), ...northwind(at), ...ines(at), ...quill(at, endMs)]
}

type At = (daysAgo: number, hour: number) => number

function harbor(at: At): readonly Scene[] {
  const house = customerId('harbor-studio')
  return [
    pays(house, { atMs: at(26, 9.5), amount: 20 }),
    switches(house, { atMs: at(26, 9.6), isOn: true }),
    caps(house, { atMs: at(25, 14), amount: 15 }),
    switches(house, { atMs: at(12, 18), isOn: false }),
    switches(house, { atMs: at(11, 8.2), isOn: true }),
    gives(house, { atMs: at(3, 11), amount: 5, daysValid: 30 }),
  ]
}

function northwind(at: At): readonly Scene[] {
  const house = customerId('northwind-robotics')
  const seat = (id: string): Scope => ({ customerId: house, memberId: memberId(id) })
  const intern = seat('nw-intern')
  const felix = seat('nw-felix')
  const hana = seat('nw-hana')
  const david = seat('nw-david')
  const mira = seat('nw-mira')
  return [
    pays(house, { atMs: at(27, 10), amount: 100 }),
    switches(house, { atMs: at(27, 10.2), isOn: true }),
    caps(house, { atMs: at(27, 10.3), amount: 60 }),
    scene(at(20, 9), async ({ parts }) => {
      const seated = { planId: planId('team'), ...by('move', felix.memberId, 'down') }
      await seatMember(parts, { ...felix, ...seated })
    }),
    scene(at(9, 13), async ({ parts }) => {
      const seated = { planId: planId('max-5x'), ...by('move', felix.memberId, 'up') }
      await seatMember(parts, { ...felix, ...seated })
    }),
    scene(at(14, 16), async (stage) => {
      const keyId = stage.keys.get(hana.memberId)
      if (keyId === undefined) return
      await revokeKey(stage.parts, { ...hana, keyId, ...by('revoke', hana.memberId) })
      stage.keys.delete(hana.memberId)
      await giveKey(stage, hana, 'Notebook (new)')
    }),
    scene(at(13, 9), async ({ parts }) => {
      const command = { ...by('off', david.memberId), isOn: false }
      await setExtraUsage(parts, { ...david, ...command })
    }),
    scene(at(13, 9.1), async ({ parts }) => {
      const cap = { kind: 'capped', amountNanos: dollars(4) } as const
      await setSpendCap(parts, { ...mira, ...by('cap', mira.memberId), cap })
    }),
    pays(house, { atMs: at(12, 8.5), amount: 50 }),
    scene(at(6, 15), async ({ parts }) => {
      const id = seat('nw-lena')
      const command = by('reset', id.memberId)
      // There is nothing to give where nothing was used.
      await giftReset(parts, { ...id, limitId: limitId('week'), ...command }).catch(isNothingUsed)
    }),
    scene(at(6, 17), async ({ parts }) => {
      await setStatus(parts, { ...intern, ...by('pause', intern.memberId), isActive: false })
    }),
  ]
}

function isNothingUsed(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'nothing_to_credit') throw error
}

function ines(at: At): readonly Scene[] {
  const house = customerId('ines-carvalho')
  return [
    gives(house, { atMs: at(24, 15), amount: 10, daysValid: 10 }),
    pays(house, { atMs: at(8, 19), amount: 3 }),
    switches(house, { atMs: at(8, 19.1), isOn: true }),
  ]
}

/** The cap is reached, to the last digit, and there is money left: two numbers. */
function quill(at: At, endMs: number): readonly Scene[] {
  const house = customerId('quill-and-co')
  return [
    pays(house, { atMs: at(25, 15), amount: 25 }),
    switches(house, { atMs: at(25, 15.1), isOn: true }),
    caps(house, { atMs: at(25, 15.2), amount: 20 }),
    scene(endMs - hourMs / 2, async ({ parts }) => {
      const { spentNanos } = await getCustomer(parts, house)
      const cap = { kind: 'capped', amountNanos: larger(spentNanos, dollars(0.5)) } as const
      const command = by('cap', house, 'end')
      await setSpendCap(parts, { customerId: house, memberId: null, cap, ...command })
    }),
  ]
}

const scene = (atMs: number, play: Scene['play']): Scene => ({ atMs, play })

type Amount = { readonly atMs: number; readonly amount: number }

const pays = (house: CustomerId, { atMs, amount }: Amount): Scene =>
  scene(atMs, async ({ parts }) => {
    const money = { amountNanos: dollars(amount), origin: 'top_up' as const, expiresAtMs: null }
    await topUp(parts, { ...by('top-up', house, `${atMs}`), customerId: house, ...money })
  })

const gives = (house: CustomerId, gift: Amount & { readonly daysValid: number }): Scene =>
  scene(gift.atMs, async ({ parts, clock }) => {
    const { atMs, amount, daysValid } = gift
    const expiresAtMs = clock.wallMs() + daysValid * dayMs
    const money = { amountNanos: dollars(amount), origin: 'gift' as const, expiresAtMs }
    await topUp(parts, { ...by('gift', house, `${atMs}`), customerId: house, ...money })
  })

const switches = (house: CustomerId, { atMs, isOn }: { atMs: number; isOn: boolean }): Scene =>
  scene(atMs, async ({ parts }) => {
    const command = { ...by('switch', house, `${atMs}`), isOn }
    await setExtraUsage(parts, { customerId: house, memberId: null, ...command })
  })

const caps = (house: CustomerId, { atMs, amount }: Amount): Scene =>
  scene(atMs, async ({ parts }) => {
    const cap = { kind: 'capped', amountNanos: dollars(amount) } as const
    const command = by('cap', house, `${atMs}`)
    await setSpendCap(parts, { customerId: house, memberId: null, cap, ...command })
  })
