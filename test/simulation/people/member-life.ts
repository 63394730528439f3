import type { World } from '../world.ts'
import type { SimMember } from './cast.ts'
import { askMessages, drawRequest, writeRequest } from './llm-caller.ts'

/** A member's client, which asks, reads, waits, and asks again. */
export async function liveAsMember(world: World, member: SimMember): Promise<void> {
  const { timeline, mix, history } = world
  const name = `member ${member.memberId}`
  const chance = world.chance.fork(name)
  const client = world.client('gateway', name)
  for (let count = 1; !world.isClosing; count += 1) {
    await timeline.sleep(chance.wait(mix.thinkMs), { kind: 'caller', name: `${name} asks` })
    const key = member.keys.find(({ isRevoked }) => !isRevoked)
    if (key === undefined) continue
    const request = drawRequest(chance, `${mix.seed}-${member.memberId}-${count}`)
    const asking = writeRequest(request, key.keyText)
    await askMessages({ client, history, process: name }, member, { request, asking })
  }
}
