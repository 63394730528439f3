import type { MembersAnswer } from '../../../src/admin/contract/answers.ts'
import type { Chance } from '../engine/chance.ts'
import { planIds, plansText } from '../plans.ts'
import type { World } from '../world.ts'
import { addKey, drawAutoReload, seatNew, type SimCustomer, type SimMember } from './cast.ts'
import { liveAsMember } from './member-life.ts'
import type { Command, Operator } from './operator.ts'

type Desk = {
  readonly world: World
  readonly customer: SimCustomer
  readonly operator: Operator
  readonly chance: Chance
}

const membersMax = 5

/** An administrator of one customer, who changes its settings while its members work. */
export async function liveAsAdministrator(
  world: World,
  customer: SimCustomer,
  index: number,
): Promise<void> {
  const { timeline, mix } = world
  const name = `administrator-${index}-${customer.customerId}`
  const desk = {
    world,
    customer,
    operator: world.operator(name),
    chance: world.chance.fork(name),
  }
  while (!world.isClosing) {
    const event = { kind: 'administrator', name } as const
    await timeline.sleep(desk.chance.wait(mix.administratorMs), event)
    if (!world.isClosing) await world.during(actOnce(desk))
  }
}

async function actOnce(desk: Desk): Promise<void> {
  const { customer, chance, operator } = desk
  const member = customer.members[chance.below(customer.members.length)]
  if (member === undefined) return
  const kind = chance.below(100)
  if (kind < 70) await order(desk, drawCommand(desk, member))
  else if (kind < 76) await revokeOne(operator, member)
  else if (kind < 82) await addKey(operator, member)
  else if (kind < 85 && customer.members.length < membersMax) await seatAnother(desk)
  else if (kind < 88 && desk.world.mix.hasNewPlans) await publishPlans(desk)
  else if (kind < 89) await eraseOne(operator, member)
  else await readOne(desk, member)
}

/** Mostly said until it is heard; sometimes twice at once, or once more with other content. */
async function order({ operator, chance, world }: Desk, command: Command): Promise<void> {
  const key = operator.freshKey()
  if (chance.percent(15)) {
    await Promise.all([operator.say(command, key), operator.say(command, key)])
    return
  }
  const { isOn } = command.content as { isOn?: boolean }
  if (isOn !== undefined && chance.percent(15)) {
    const rival = world.operator(`rival-${key}`)
    await Promise.all([
      operator.insist(command, key),
      rival.insist({ ...command, content: { isOn: !isOn } }),
    ])
    return
  }
  const outcome = await operator.insist(command, key)
  if (outcome.kind !== 'done') return
  if (isOn !== undefined && chance.percent(40)) {
    const other = await operator.insist({ ...command, content: { isOn: !isOn } }, key)
    if (other.kind === 'done') world.blame('a key was used for two commands', key)
  }
  if (!chance.percent(15)) return
  const again = await operator.insist(command, key)
  if (again.kind !== 'done') world.blame('a repeated command has another answer', key)
}

function drawCommand(desk: Desk, member: SimMember): Command {
  const { chance, world } = desk
  const { customerId } = desk.customer
  const ofCustomer = `/customers/${customerId}`
  const ofMember = `${ofCustomer}/members/${member.memberId}`
  const place = chance.percent(50) ? ofCustomer : ofMember
  const command = (path: string, content: object): Command => ({ path, content, customerId })
  const amountNanos = String(chance.between(1, 8_000) * 1_000_000)
  switch (chance.below(15)) {
    case 0:
    case 1:
      return command(`${place}/extra-usage`, { isOn: chance.percent(75) })
    case 2:
      return command(`${place}/spend-cap`, { cap: drawCap(chance) })
    case 3:
    case 4:
    case 9:
    case 10: {
      const lifeMs = chance.between(10, 4000) * 1000
      const expires = chance.percent(30) ? { expiresAtMs: world.trueMs() + lifeMs } : {}
      const kind = chance.percent(70) ? 'top-ups' : 'gifts'
      return command(`${ofCustomer}/${kind}`, { amountNanos, ...expires })
    }
    case 5:
      return pause(desk, place)
    case 6: {
      const seat = { memberId: member.memberId, planId: chance.pick(planIds) }
      return command(`${ofCustomer}/members`, seat)
    }
    case 7:
      return command(`${ofMember}/gift-reset`, {})
    case 11:
      return command(`${ofCustomer}/auto-reload`, drawAutoReload(chance))
    case 12: {
      const monthMaxNanos = String(chance.pick([0, 5, 20, 500]) * 1_000_000_000)
      return command(`${ofCustomer}/standing-order`, { monthMaxNanos })
    }
    default:
      return command(`${ofMember}/exceptions`, drawException(chance, world))
  }
}

/** Whom somebody pauses, the same one resumes a while later, or there would soon be nobody. */
function pause({ world, operator, customer, chance }: Desk, place: string): Command {
  const { customerId } = customer
  const status = (isActive: boolean): Command => {
    return { path: `${place}/status`, customerId, content: { isActive } }
  }
  const event = { kind: 'administrator', name: 'resumes' } as const
  world.timeline.after(chance.wait(world.mix.administratorMs), event, () => {
    void world.during(operator.insist(status(true)))
  })
  return status(false)
}

const drawCap = (chance: Chance): object =>
  chance.percent(40)
    ? { kind: 'unlimited' }
    : { kind: 'capped', amountNanos: String(chance.below(12) * 1_000_000_000) }

function drawException(chance: Chance, world: World): object {
  const limitId = chance.pick(['session', 'week', 'day', 'count'] as const)
  const kind = chance.pick(['plan', 'unlimited', 'amount'])
  const unit = { session: 1_000_000_000, week: 1_000_000_000, day: 400, count: 1 }[limitId]
  const amount = String(chance.between(0, 9) * unit)
  const most = kind === 'amount' ? { kind, amount } : { kind }
  const isPassing = kind !== 'plan' && chance.percent(60)
  const untilMs = world.trueMs() + chance.between(5, chance.pick([40, 3000])) * 1000
  return { limitId, most, ...(isPassing ? { untilMs } : {}) }
}

async function revokeOne(operator: Operator, member: SimMember): Promise<void> {
  const key = member.keys.find(({ isRevoked }) => !isRevoked)
  if (key === undefined || member.keys.length < 2) return
  // From now on nobody can say whether it is taken; after the answer it is not.
  key.isRevoked = true
  const { customerId } = member
  const path = `/customers/${customerId}/keys/${key.keyId}/revoke`
  const outcome = await operator.insist({ path, customerId, content: {} })
  key.isDead = outcome.kind === 'done'
}

/** Who a member is; what it used stays as it is. */
async function eraseOne(operator: Operator, member: SimMember): Promise<void> {
  const { customerId, memberId } = member
  const path = `/customers/${customerId}/members/${memberId}/erase`
  const outcome = await operator.insist({ path, customerId, content: {} })
  if (outcome.kind === 'done') member.isErased = true
}

async function seatAnother({ world, customer, operator, chance }: Desk): Promise<void> {
  const { customerId } = customer
  const memberId = `${customerId}-m${customer.members.length + 1}-${chance.below(1000)}`
  const member = await seatNew(operator, { customerId, memberId }, chance)
  customer.members.push(member)
  void liveAsMember(world, member)
}

/** The plans of everybody, smaller or larger than they were. */
async function publishPlans({ operator, chance }: Desk): Promise<void> {
  const content = plansText(chance.pick([0.5, 1, 2, 5, 10]), chance.below(3))
  await operator.insist({ path: '/plans', customerId: null, content: { content } })
}

async function readOne(
  { operator, customer, chance, world }: Desk,
  member: SimMember,
): Promise<void> {
  const { customerId } = customer
  const ofMember = `/customers/${customerId}/members/${member.memberId}`
  const path = chance.pick([
    `${ofMember}/usage`,
    `${ofMember}/usage`,
    `${ofMember}/usage`,
    `${ofMember}/history`,
    `/customers/${customerId}/history`,
    `/customers/${customerId}/members`,
    '/customers',
    '/seats',
    '/status',
  ])
  const { memberId } = member
  const call = world.history.invoke(operator.name, {
    operation: 'page',
    customerId,
    memberId,
    path,
  })
  const erased = customer.members.filter(({ isErased }) => isErased === true)
  const reply = await operator.read(path)
  if (reply.kind !== 'answer' || !reply.isWhole || reply.status >= 500) return call.unknown()
  const isUsage = path.endsWith('/usage')
  call.ok({ figures: isUsage ? (JSON.parse(reply.body) as { figures: unknown }).figures : null })
  if (reply.status !== 200) world.blame('a page cannot be read', `${path}: ${reply.body}`)
  if (path.endsWith('/history')) {
    const { addsUp } = JSON.parse(reply.body) as { addsUp: boolean }
    if (!addsUp) world.blame('a history does not add up', `${path}: ${reply.body}`)
  }
  if (path.endsWith('/members')) lookForErased(world, reply.body, erased)
  if (isUsage) world.answers.takeUsage(member, reply.body)
}

function lookForErased(world: World, body: string, erased: readonly SimMember[]): void {
  const { members } = JSON.parse(body) as MembersAnswer
  for (const { memberId: id } of erased) {
    const name = members.find(({ memberId }) => memberId === id)?.name ?? null
    if (name !== null) world.blame('a name that was erased is there', `${id}: ${name}`)
  }
}
