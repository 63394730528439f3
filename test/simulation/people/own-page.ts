import type { World } from '../world.ts'
import type { SimMember } from './cast.ts'
import type { Client } from './client.ts'

/** A member looks at its own page, by its own key. */
export async function readOwnPage(
  world: World,
  member: SimMember,
  { client, process }: { readonly client: Client; readonly process: string },
): Promise<void> {
  const key = member.keys.find(({ isRevoked }) => !isRevoked)
  if (key === undefined) return
  const { customerId, memberId } = member
  const asked = { operation: 'page', customerId, memberId, path: '/me/usage' }
  const call = world.history.invoke(process, asked)
  const reply = await client.ask({
    method: 'GET',
    path: '/api/me/usage',
    headers: [['authorization', `Bearer ${key.keyText}`]],
    body: '',
  })
  if (reply.kind !== 'answer' || !reply.isWhole || reply.status >= 500) return call.unknown()
  if (reply.status !== 200) {
    call.fail({ status: reply.status })
    if (!key.isRevoked) world.blame('a member cannot read its own page', reply.body)
    return
  }
  call.ok({ figures: (JSON.parse(reply.body) as { figures: unknown }).figures })
  world.answers.takeUsage(member, reply.body)
}
