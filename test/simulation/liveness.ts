import { isReloadDue } from './checks/entry-rules.ts'
import { askMessages, writeRequest, type LlmRequest } from './people/llm-caller.ts'
import type { SimCustomer, SimMember } from './people/cast.ts'
import type { Reply } from './people/client.ts'
import type { Operator } from './people/operator.ts'
import type { World } from './world.ts'

const minuteMs = 60_000
/** After many tries that failed a reload is tried again an hour later. */
const reloadWaitMs = 70 * minuteMs
/** The longest wait that is tried: some windows end in a month. */
const patienceMs = 8 * 24 * 60 * minuteMs

/**
 * After the last fault: everybody is served again, every hold ends, a promised moment admits, and whoever is funded
 * is admitted at once.
 */
export async function seeEverythingResolve(world: World): Promise<void> {
  world.isClosing = true
  const isStill = (): boolean => world.busy === 0 && world.servers.isWhole
  if (!(await world.pass(world.mix.holdMaxMs + 30 * minuteMs, isStill))) {
    return world.blame('somebody waits for ever', `${world.busy} are in the middle of something`)
  }
  const hasNoHolds = (): boolean =>
    (world.servers.app?.parts.storage.openHolds().count ?? 1) === 0 &&
    world.books.openHoldCount === 0
  // Nobody runs any more, so nothing has to wait for its longest time: except what could not be settled in time.
  const isLeft = [...world.logged.keys()].some((message) => message.startsWith('hold not ended'))
  const waitMs = isLeft ? world.mix.holdMaxMs + 10 * minuteMs : minuteMs
  if (!(await world.pass(waitMs, hasNoHolds))) {
    return world.blame('holds stay open', `${world.books.openHoldCount} of them`)
  }
  if (!(await world.pass(reloadWaitMs, () => hasNoReloadDue(world)))) {
    return world.blame('a reload that is due does not come', 'nobody has paid for it')
  }
  const operator = world.operator('last')
  for (const customer of world.customers) {
    await seeCustomer(world, customer, operator)
    if (world.violations.length > 0) return undefined
  }
  return undefined
}

/** Nobody's wallet waits for a reload that every bound allows. */
function hasNoReloadDue(world: World): boolean {
  const nowMs = world.servers.app?.parts.storage.recordNowMs() ?? 0
  return world.customers.every(({ customerId }) => {
    const ledger = world.books.customer(customerId)
    return ledger === undefined || !isReloadDue(ledger, nowMs)
  })
}

async function seeCustomer(world: World, customer: SimCustomer, operator: Operator): Promise<void> {
  const { customerId, members } = customer
  const order = (path: string, content: object): Promise<unknown> =>
    world.until(operator.insist({ path: `/customers/${customerId}${path}`, customerId, content }))
  await order('/status', { isActive: true })
  for (const member of members)
    await order(`/members/${member.memberId}/status`, { isActive: true })
  for (const member of members) await seePromise(world, member)
  await order('/top-ups', { amountNanos: '100000000000' })
  for (const place of ['', ...members.map(({ memberId }) => `/members/${memberId}`)]) {
    await order(`${place}/extra-usage`, { isOn: true })
    await order(`${place}/spend-cap`, { cap: { kind: 'unlimited' } })
  }
  for (const member of members) {
    const reply = await askLast(world, member, 'funded')
    if (reply?.kind === 'answer' && reply.status !== 200) {
      world.blame('a funded request is refused', `${member.memberId}: ${reply.body}`)
    }
  }
}

/** Somebody who is refused until a moment comes back at that moment. */
async function seePromise(world: World, member: SimMember): Promise<void> {
  const first = await askLast(world, member, 'first')
  if (first?.kind !== 'answer' || first.status !== 429) return
  const { error } = JSON.parse(first.body) as {
    error: { details: { error_code: string; retry_at_ms: number | null } }
  }
  const { error_code: code, retry_at_ms: retryAtMs } = error.details
  if (code !== 'limit_reached' || retryAtMs === null) return
  const leftMs = (): number =>
    retryAtMs - (world.servers.app?.parts.storage.recordNowMs() ?? retryAtMs)
  if (leftMs() > patienceMs) return
  // The machine sleeps until then. A clock of record that was ahead of the right time runs slower meanwhile.
  while (leftMs() > 0) {
    world.timeline.pass(leftMs() + 1)
    await world.pass(1000)
  }
  const again = await askLast(world, member, 'again')
  if (again?.kind === 'answer' && again.status !== 200) {
    world.blame('a promised moment does not admit', `${member.memberId}: ${again.body}`)
  }
}

async function askLast(world: World, member: SimMember, what: string): Promise<Reply | undefined> {
  const key = member.keys.find(({ isRevoked }) => !isRevoked)
  if (key === undefined) return undefined
  const luck = `${world.mix.seed}-${member.memberId}-${what}`
  const request: LlmRequest = {
    luck,
    model: 'sim-cheap',
    maxTokens: 16,
    isStream: false,
    words: 5,
    isForbiddingExtraUsage: false,
    isBearer: false,
  }
  const knownPosition = world.books.lastFor(member)
  const parts = { client: world.client('gateway', luck), history: world.history, process: luck }
  const asking = writeRequest(request, key.keyText)
  const reply = await world.until(askMessages(parts, member, { request, asking }))
  if (reply !== undefined) world.answers.take(member, reply, knownPosition)
  await world.pass(1000)
  return reply
}
