import { customerId, systemCustomerId } from '../../../src/core/ids.ts'
import type { Entry } from '../../../src/core/entry.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { checkLongHistory } from '../../histories/check-long-history.ts'
import { historyOfWorld, type Look } from '../../histories/from-world.ts'
import type { HistoryEvent } from '../history-log.ts'
import type { World } from '../world.ts'

/** What a world's histories came to, in its row of results. */
export type HistoriesSeen = {
  readonly operations: number
  /** Customers whose history has an order, or for certain has none. */
  readonly decided: number
  readonly undecided: number
  readonly realMs: number
}

export const noHistories: HistoriesSeen = { operations: 0, decided: 0, undecided: 0, realMs: 0 }

/** Keeps what everybody did and heard, and what became durable between. */
export class HistoryKeeper {
  readonly events: HistoryEvent[] = []
  readonly looks: Look[] = []
  #since = 0
  #position = 0

  /** Somebody looked: so much of the journal is durable now. */
  look(position: number, at: number): void {
    if (position > this.#position) this.looks.push({ position, since: this.#since, at })
    this.#position = position
    this.#since = at
  }
}

/**
 * Whether everything that anybody was told of a customer has an order that the second implementation of the rules
 * explains. A history without one, or one that cannot be decided, is a violation.
 */
export async function judgeHistories(world: World): Promise<HistoriesSeen> {
  let judged: HistoriesSeen | null = null
  await world.servers.look(async (parts) => {
    judged = await judgeAll(world, parts)
  })
  if (judged !== null) return judged
  world.blame('no server is left', 'whose journal could be read', 'history')
  return noHistories
}

async function judgeAll(world: World, { storage, signer }: GateParts): Promise<HistoriesSeen> {
  const beganMs = performance.now()
  const { events, looks } = world.kept
  const system = await entriesOf(storage, systemCustomerId)
  const seen = { operations: 0, decided: 0, undecided: 0 }
  for (let index = 1; index <= world.mix.customers; index += 1) {
    const customer = `c${index}`
    const own = await entriesOf(storage, customer)
    const history = historyOfWorld(
      { customer, own, system },
      { events, looks, readDenied: (id) => signer.read(id) },
    )
    const { kind, lines } = checkLongHistory(history)
    seen.operations += history.operations.length
    seen[kind === 'undecided' ? 'undecided' : 'decided'] += 1
    if (kind !== 'linearizable')
      world.blame('what was told has no order', lines.join('\n'), 'history')
  }
  return { ...seen, realMs: performance.now() - beganMs }
}

async function entriesOf(storage: Storage, customer: string): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for (;;) {
    const afterPosition = all.at(-1)?.position ?? 0
    const page = await storage.entries({ customerId: customerId(customer), afterPosition })
    all.push(...page)
    if (page.length === 0) return all
  }
}
