import type { World } from '../world.ts'
import { liveAsAdministrator } from './administrator-life.ts'
import { openCast } from './cast.ts'
import { liveAsStranger } from './hostile-life.ts'
import { liveAsMember } from './member-life.ts'

/** Everybody who is there begins what they do; `without` leaves one customer out. */
export function beginLives(world: World, without: string | null = null): void {
  void liveAsStranger(world)
  for (let index = 1; index <= world.mix.customers; index += 1) {
    const customerId = `c${index}`
    if (customerId === without) continue
    const event = { kind: 'administrator', name: 'opens' } as const
    world.timeline.after(0, event, () => void beginCustomer(world, customerId))
  }
}

async function beginCustomer(world: World, customerId: string): Promise<void> {
  const chance = world.chance.fork(`cast ${customerId}`)
  const { wallets } = world.mix
  const operator = world.operator(`opens-${customerId}`)
  const customer = await openCast(operator, customerId, { chance, wallets })
  world.customers.push(customer)
  for (const member of customer.members) void liveAsMember(world, member)
  for (let desk = 0; desk < world.mix.administrators; desk += 1) {
    void liveAsAdministrator(world, customer, desk)
  }
}
