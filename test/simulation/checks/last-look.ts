import { customerId as customerIdOf, memberId as memberIdOf } from '../../../src/core/ids.ts'
import { faultOfEstimate } from './estimate-rules.ts'
import type { World } from '../world.ts'
import { Books } from './books.ts'

/** Everything once more, when nothing moves any more: recomputed from the first entry, by the server and by us. */
export async function lookAtEverything(world: World): Promise<void> {
  const { app } = world.servers
  if (app === null) return world.blame('no server is left', 'at the end')
  const { storage } = app.parts
  const first = await world.until(storage.verify({ isHealing: true, actor: 'simulation' }))
  for (const fault of first?.faults ?? ['verify did not end'])
    world.blame('verify finds the journal wrong', fault)
  const { corrupted } = world
  if (corrupted === 0 && (first?.drifts.length ?? 0) + world.books.driftCount > 0) {
    world.blame('sums drifted by themselves', JSON.stringify(first?.drifts))
  }
  const second = await world.until(storage.verify({ isHealing: false, actor: 'simulation' }))
  if (second?.drifts.length !== 0)
    world.blame('drift is not healed', JSON.stringify(second?.drifts))
  await lookForLeftovers(world)
  await readAgain(world)
  lookAtUsage(world)
  lookAtEstimates(world)
  for (const holdId of world.answers.delivered) {
    const end = world.books.endOf(holdId)
    const isRight = end === 'settled' || (end === 'expired' && world.lives.mayExpire(holdId))
    if (!isRight) world.blame('what was delivered is not settled', `${holdId}: ${end}`)
  }
}

/** Nothing runs any more, so nothing may be kept for it. */
async function lookForLeftovers(world: World): Promise<void> {
  if (world.books.openHoldCount > 0) return
  await world.servers.look(async ({ storage }) => {
    for (const { customerId, members } of world.customers) {
      for (const { memberId } of members) {
        const scope = { customerId: customerIdOf(customerId), memberId: memberIdOf(memberId) }
        const { customer, member } = await storage.accountAt(scope, storage.durablePosition)
        const kept = [customer.heldNanos, customer.overrunReservedNanos, member.heldNanos]
        for (const { heldNanos } of customer.grants.values()) kept.push(heldNanos)
        if (kept.every((amount) => amount === 0n)) continue
        world.blame('something is kept for nobody', `${memberId}: ${kept.join()}`)
      }
    }
  })
}

/** A second reader, from the first entry on, finds what the first one found on the way. */
async function readAgain(world: World): Promise<void> {
  const { books } = world
  const again = new Books((what) => world.blame('the journal read again is wrong', what))
  again.livingExpiries = books.livingExpiries
  await world.servers.look(async ({ storage }) => {
    await books.catchUp(storage)
    await again.catchUp(storage)
  })
  if (again.digest !== books.digest) {
    world.blame('the journal read again is another one', `${again.position}, ${books.position}`)
  }
}

/** Whoever read a whole good answer is settled by what the upstream said, unless the server died over it (`HoldLives`). */
function lookAtUsage(world: World): void {
  for (const { holdId, upstreamRequestId: requestId } of world.wholes) {
    const said = world.upstream.said.get(requestId)
    const settled = world.books.settledFor(requestId)
    if (said === undefined) continue
    if (said.trouble === 'usage goes down' && settled?.body.kind === 'settled') {
      const output = settled.body.usage.output ?? 0
      if (output < said.outputTokens)
        world.blame('usage that went down is believed', `${requestId}: ${output}`)
    }
    if (said.trouble !== 'none') continue
    if (settled?.body.kind !== 'settled') {
      if (!world.lives.mayExpire(holdId)) world.blame('a whole answer was never settled', requestId)
      continue
    }
    const { usage, isEstimate } = settled.body
    const told = listOf([
      usage.input,
      usage.cache_read,
      usage.cache_write_5m,
      usage.cache_write_1h,
      usage.output,
      usage.web_search,
    ])
    const right = listOf([
      said.inputTokens,
      said.cacheReadTokens,
      said.cacheWrite5mTokens,
      said.cacheWrite1hTokens,
      said.outputTokens,
      said.searches,
    ])
    if (told !== right || isEstimate) world.blame('settled by other usage', `${told}, not ${right}`)
  }
}

/** Where the last report of usage never came, what is charged says that it is an estimate. */
function lookAtEstimates(world: World): void {
  const { upstream, books, passage } = world
  for (const [requestId, { isReported, maxTokens }] of upstream.said) {
    const body = books.settledFor(requestId)?.body
    if (body?.kind !== 'settled') continue
    if (!isReported && !body.isEstimate) world.blame('an estimate passes as a report', requestId)
    const delivered = passage.delivered.get(requestId.replace('req_up_', ''))
    if (!body.isEstimate || delivered === undefined) continue
    const fault = faultOfEstimate(body.usage, { delivered, maxTokens })
    if (fault !== null)
      world.blame('an estimate forgets what was delivered', `${requestId}: ${fault}`)
  }
}

const listOf = (amounts: readonly (number | undefined)[]): string =>
  amounts.map((amount) => amount ?? 0).join(', ')
