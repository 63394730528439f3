import { castOfDemoWorld } from '../../operations/demo-world.ts'
import { issueKey } from '../../operations/issue-key.ts'
import type { Parts } from '../../operations/parts.ts'
import { keyCommand } from './acts.ts'
import { demoHouses, type DemoHouse, type DemoPerson } from './cast.ts'

/**
 * Life in the demo world: now and then one of its members sends a small request through the real gateway, so that
 * bars move by themselves. Only while somebody looks, never more than one at a time, and never many in a run.
 */
export type Drip = { stop(): void }

export type DripWorld = {
  readonly parts: Parts
  readonly gatewayUrl: string
  /** Somebody has a page open. */
  readonly isWatched: () => boolean
  /** Told of a failure of its own; a refusal is none. */
  readonly onTrouble: (error: unknown) => void
}

const pauseMinMs = 20_000
const pauseMaxMs = 40_000
/** After a start somebody is on the way to a page. */
const firstMinutesMs = 180_000
/** A day of watching; whoever leaves a page open for good does not fill the journal by it. */
const requestsMax = 2_500
const answerMaxMs = 60_000

export function startDrip(world: DripWorld): Drip {
  const { clock, random } = world.parts
  const startedMs = clock.elapsedMs()
  const ending = new AbortController()
  let sent = 0
  let cancel = (): void => undefined

  const chance = (): number => random.bytes(4).readUInt32BE() / 2 ** 32
  const wait = (): void => {
    if (ending.signal.aborted || sent >= requestsMax) return
    const pauseMs = pauseMinMs + chance() * (pauseMaxMs - pauseMinMs)
    cancel = clock.after(pauseMs, () => void drop().catch(world.onTrouble).finally(wait))
  }
  const drop = async (): Promise<void> => {
    const isFirst = clock.elapsedMs() - startedMs < firstMinutesMs
    if (!isFirst && !world.isWatched()) return
    const cast = new Set(await castOfDemoWorld(world.parts))
    const houses = demoHouses.filter(({ customerId }) => cast.has(customerId))
    const awake = houses.flatMap((house) => house.people.map((person) => ({ house, person })))
    const lively = awake.filter(({ person }) => person.isLively === true)
    const one = lively[Math.floor(chance() * lively.length)]
    if (one === undefined) return
    sent += 1
    await sendAs(one, { world, outputTokens: Math.round(150 + chance() * 500), ending })
  }
  wait()
  return {
    stop: () => {
      ending.abort()
      cancel()
    },
  }
}

async function sendAs(
  { house, person }: { readonly house: DemoHouse; readonly person: DemoPerson },
  sending: {
    readonly world: DripWorld
    readonly outputTokens: number
    readonly ending: AbortController
  },
): Promise<void> {
  const { world, outputTokens, ending } = sending
  const { clock, random } = world.parts
  const scope = { customerId: house.customerId, memberId: person.memberId }
  const [name] = person.keys
  const key = { ...keyCommand(person.memberId, name), ...scope, name }
  const { keyText } = await issueKey({ storage: world.parts.storage, clock, random }, key)
  const late = new AbortController()
  const cancelLate = clock.after(answerMaxMs, () => late.abort())
  try {
    const response = await fetch(`${world.gatewayUrl}/v1/messages`, {
      method: 'POST',
      signal: AbortSignal.any([ending.signal, late.signal]),
      headers: {
        'x-api-key': keyText,
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model: person.models[0],
        max_tokens: 2000,
        stream: true,
        messages: [{ role: 'user', content: `demo-output-tokens: ${outputTokens}` }],
      }),
    })
    for await (const _piece of response.body ?? []) if (ending.signal.aborted) return
  } catch (error) {
    // Cut by our own stop or time.
    if (!ending.signal.aborted && !late.signal.aborted) throw error
  } finally {
    cancelLate()
  }
}
