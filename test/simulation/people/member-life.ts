import { readAllowedDecisionId } from '../../../src/operations/decision-id.ts'
import type { Answered } from '../checks/answer-checks.ts'
import type { Asked } from '../checks/turns.ts'
import { ofOperator } from '../engine/upstream-answer.ts'
import type { Chance } from '../engine/chance.ts'
import type { World } from '../world.ts'
import { addKey, type SimMember } from './cast.ts'
import { readOwnPage } from './own-page.ts'
import type { Asking, Client, Reply } from './client.ts'
import {
  askMessages,
  drawRequest,
  writeFreeRequest,
  writeRequest,
  type LlmRequest,
} from './llm-caller.ts'

/** How many requests of one member run at once, at most: more than a plan allows. */
const atOnceMax = 6
const triesMax = 3
/** How long a request waits for room that others keep, and how many of a member's do so. */
const waitMaxMs = 2000
const waitersMax = 8

/** A member's clients, which ask, read, leave, wait, and ask again. */
export async function liveAsMember(world: World, member: SimMember): Promise<void> {
  const { timeline, mix } = world
  const name = `member ${member.memberId}`
  const chance = world.chance.fork(name)
  const page = world.client('admin', `${name}-page`)
  const clients = Array.from({ length: atOnceMax }, (_, index) =>
    world.client('gateway', `${name}-${index}`, slowReader(chance)),
  )
  for (let round = 1; !world.isClosing; round += 1) {
    await timeline.sleep(chance.wait(mix.thinkMs), { kind: 'caller', name: `${name} asks` })
    if (world.isClosing) return
    const atOnce = chance.percent(60) ? 1 : chance.between(2, atOnceMax)
    const running = clients.slice(0, atOnce).map((client, index) => {
      const luck = `${mix.seed}-${member.memberId}-${round}-${index}`
      const own = chance.fork(luck)
      return ask({ world, member, client, chance: own, name: `${name}-${index}` }, luck)
    })
    const look = { client: page, process: `${name}-page` }
    if (chance.percent(15)) running.push(readOwnPage(world, member, look))
    await world.during(Promise.all(running))
  }
}

const slowReader = (chance: Chance): { latencyMs?: number } =>
  chance.percent(10) ? { latencyMs: 900 } : {}

type Asker = {
  readonly world: World
  readonly member: SimMember
  readonly client: Client
  readonly chance: Chance
  readonly name: string
}

/** One request, and again where the answer invites to it. */
async function ask(asker: Asker, luck: string): Promise<void> {
  const { world, chance, name } = asker
  const request = drawRequest(chance, luck)
  if (chance.percent(8)) return askForNothing(asker)
  if (world.mix.administrators > 0 && chance.percent(6)) return askWhileSwitchedOff(asker, luck)
  if (world.mix.administrators > 0 && chance.percent(3)) return askWhileRevoked(asker, luck)
  const isLong = chance.percent(world.mix.longPercent)
  for (let tries = 0; tries < triesMax; tries += 1) {
    const own = { ...request, luck: `${luck}-${tries}` }
    const long = { ...request, luck: `${own.luck}-long`, maxTokens: 600 }
    const reply = await askOnce(asker, isLong ? long : own)
    const retryMs = reply === null ? null : retryAfterMs(reply)
    if (retryMs === null || world.isClosing || !chance.percent(60)) return
    await world.timeline.sleep(retryMs, { kind: 'caller', name: `${name} tries again` })
  }
}

/** Nothing may come of it but an answer: neither limits nor money stand in its way. */
async function askForNothing({ world, member, client, chance }: Asker): Promise<void> {
  const key = member.keys.find(({ isRevoked }) => !isRevoked)
  if (key === undefined) return
  const reply = await client.ask(writeFreeRequest(chance, key.keyText))
  if (reply.kind !== 'answer') return
  const { status, headers, body } = reply
  const isOfLimits = headers.has('x-plimsoll-decision') || status === 429
  const isBurst = body.includes('"too_fast"')
  if (status === 500 || (isOfLimits && !isBurst)) world.blame('what costs nothing is limited', body)
}

/** A long answer, and somebody who switches extra usage off, or lowers the cap, while it runs. */
async function askWhileSwitchedOff(asker: Asker, luck: string): Promise<void> {
  const { world, member, chance, name } = asker
  const operator = world.operator(`rug-${luck}`)
  const { customerId, memberId } = member
  const ofCustomer = `/customers/${customerId}`
  const place = chance.percent(50) ? ofCustomer : `${ofCustomer}/members/${memberId}`
  const [path, off, on] = chance.percent(60)
    ? [`${place}/extra-usage`, { isOn: false }, { isOn: true }]
    : [`${place}/spend-cap`, { cap: { kind: 'capped', amountNanos: '0' } }, { cap: unlimited }]
  const switchOff = async (): Promise<void> => {
    await operator.insist({ path, customerId, content: off })
    await world.timeline.sleep(3000, { kind: 'administrator', name: `${name} switched on` })
    await operator.insist({ path, customerId, content: on })
  }
  const event = { kind: 'administrator', name: `${name} switched off` } as const
  world.timeline.after(chance.wait(150), event, () => void world.during(switchOff()))
  const drawn = drawRequest(chance, `${luck}-long`)
  await askOnce(asker, { ...drawn, model: 'sim-cheap', maxTokens: 600, isStream: true })
}

/** Several long answers at once by a key of their own, and somebody who revokes it while they run or wait. */
async function askWhileRevoked(asker: Asker, luck: string): Promise<void> {
  const { world, member, chance, name } = asker
  const operator = world.operator(`revokes-${luck}`)
  const own: SimMember = { ...member, keys: [] }
  await addKey(operator, own)
  const [key] = own.keys
  if (key === undefined) return
  const revoke = async (): Promise<void> => {
    key.isRevoked = true
    const path = `/customers/${member.customerId}/keys/${key.keyId}/revoke`
    const outcome = await operator.insist({ path, customerId: member.customerId, content: {} })
    key.isDead = outcome.kind === 'done'
  }
  const event = { kind: 'administrator', name: `${name} is revoked` } as const
  world.timeline.after(chance.wait(800), event, () => void world.during(revoke()))
  const running = Array.from({ length: 4 }, async (_, index) => {
    const process = `${name}-revoked-${luck}-${index}`
    const client = world.client('gateway', process)
    const drawn = drawRequest(chance, `${luck}-${index}-long`)
    await world.timeline.sleep(chance.wait(300), { kind: 'caller', name: `${process} asks` })
    // Where the plan is full of what runs, it waits.
    const how = { maxTokens: 600, isStream: true, isForbiddingExtraUsage: true }
    const request = { ...drawn, model: 'sim-cheap', ...how }
    await askOnce({ ...asker, member: own, client, name: process }, request)
  })
  await Promise.all(running)
}

const unlimited = { kind: 'unlimited' } as const

async function askOnce(asker: Asker, request: LlmRequest): Promise<Reply | null> {
  const { world, member, client, chance, name } = asker
  // Now and then one that was revoked, as a client does that nobody told.
  const good = member.keys.filter(({ isRevoked }) => !isRevoked)
  const keys = chance.percent(8) || good.length === 0 ? member.keys : good
  const key = keys[chance.below(keys.length)]
  if (key === undefined) return null
  const { history } = world
  const { isDead } = key
  const asking = {
    ...writeRequest(request, key.keyText),
    ...manners(chance, { ...request, leavingPercent: world.mix.leavingPercent }),
  }
  const knownPosition = world.books.lastFor(member)
  world.passage.ask(request.luck, asking.body)
  const { memberId } = member
  const { model } = request
  const { customerId } = member
  const waits = { member: memberId, model, sinceMs: world.timeline.nowMs }
  const atOnce = world.asking(memberId, 1)
  const reply = await askMessages({ client, history, process: name }, member, { request, asking })
  world.asking(memberId, -1)
  if (reply.kind === 'answer') judgeWait(world, reply, { ...waits, atOnce })
  world.answers.take(member, reply, knownPosition)
  world.passage.read(request.luck, reply)
  if (reply.kind !== 'answer' || !reply.isWhole) world.noteLeft(request.luck, client)
  for (const tell of world.onReply) tell(member, request, reply)
  if (reply.kind === 'answer') {
    const { sinceMs } = waits
    judge(world, { reply, key: { ...key, isDead }, request, asked: { customerId, sinceMs } })
  }
  return reply
}

/** Most wait for the whole answer; some leave, at any moment, or send slowly, or close their half. */
function manners(
  chance: Chance,
  { isStream, leavingPercent }: LlmRequest & { readonly leavingPercent: number },
): Partial<Asking> {
  if (chance.percent(leavingPercent)) {
    if (chance.percent(30)) return { leaveAfterMs: chance.wait(30) }
    if (chance.percent(50)) return { leaveAfterMs: chance.wait(1500) }
    return { leaveAtBytes: chance.between(1, isStream ? 900 : 300) }
  }
  if (chance.percent(7)) return { parts: chance.between(2, 5) }
  return chance.percent(3) ? { isHalfClosing: true } : {}
}

/** "Only running requests keep the room" is said when the wait for them is over, or when too many wait already. */
function judgeWait(
  world: World,
  reply: Answered,
  asked: Asked & { readonly atOnce: number },
): void {
  const { status, body } = reply
  const { sinceMs, atOnce } = asked
  // Each of several nodes has a line of its own, and nobody waits where a server stops, or too many do.
  const isLine = world.cluster === null && !world.outage.isFelt && atOnce <= waitersMax
  const passed = isLine ? world.turns.look(reply, asked, world.timeline.nowMs) : null
  if (passed !== null) world.blame('somebody is let in out of turn', passed)
  if (status !== 429 || !body.includes('"error_code":"reserved"')) return
  const waitedMs = world.timeline.nowMs - sinceMs
  if (waitedMs >= waitMaxMs || atOnce > waitersMax || world.outage.isFelt) return
  world.blame('nobody waited for what runs', `${waitedMs} ms, with ${atOnce} at once`)
}

/** Only what invites to it is asked again, as clients do. */
function retryAfterMs(reply: Reply): number | null {
  if (reply.kind !== 'answer') return 500
  if (reply.headers.get('x-should-retry') !== 'true') return null
  return Number(reply.headers.get('retry-after') ?? '1') * 1000
}

function judge(
  world: World,
  told: {
    readonly reply: Answered
    readonly key: SimMember['keys'][number]
    readonly request: LlmRequest
    readonly asked: { readonly customerId: string; readonly sinceMs: number }
  },
): void {
  const { reply, key, request, asked } = told
  const { status, body, isWhole } = reply
  if (status === 500) world.blame('the server says that it has a fault', body)
  if (status === 401 && !key.isRevoked) world.blame('a key that is good was not known', body)
  if (status === 200 && key.isDead) world.blame('a key that was revoked was taken', key.keyId)
  if (body.includes(ofOperator)) world.blame("the operator's account is passed on", body)
  const isUnavailable = body.includes('"limits_unavailable"') && status !== 200
  if (isUnavailable && status !== 503) world.blame('storage that is away reads as a limit', body)
  const isAway = status === 503 && body.includes('"limits_unavailable"')
  const isExcused = world.outage.isFelt || world.quarantines.excuses(asked)
  if (isAway && !isExcused) world.blame('limits are unavailable for nothing', body)
  const decided = world.quarantines.faultOf(reply, asked)
  if (decided !== null) world.blame('a customer in quarantine is decided on', decided)
  const decision = readAllowedDecisionId(reply.headers.get('x-plimsoll-decision') ?? '')
  // A server that stops says so in a last event.
  if (status === 200 && isWhole && !body.includes('event: error'))
    world.noteWhole(`req_up_${request.luck}`, decision?.holdId ?? '')
}
