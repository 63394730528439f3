import { setImmediate as nextTurn } from 'node:timers/promises'

import type { HoldId } from '../../src/core/ids.ts'
import { holdId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { authorize, type Admission } from '../../src/operations/authorize.ts'
import { ensurePrice } from '../../src/operations/publish-price.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import {
  openWorld,
  sessionPlan,
  testPrices,
  type Seat,
  type World,
  type WorldOptions,
} from './world.ts'

export const cent = nanosPerUnit / 100n
const price = testPrices.priceOf({ model: 'claude-sonnet-4-5' }, Date.UTC(2026, 10))

export type Waiting = { readonly world: World; readonly clock: ManualClock; readonly held: HoldId }

export const busyPlan = sessionPlan(cent, { outputTokensExpected: 1000 })

/** A session of one cent, all of it kept by one running request of about 1.5 cents. */
export async function openBusyWorld(more: Partial<WorldOptions> = {}): Promise<Waiting> {
  const clock = new ManualClock()
  const upstream = { url: 'http://127.0.0.1:9' }
  const world = await openWorld({ upstream, clock, plan: busyPlan, ...more })
  if (price === undefined) throw new Error('The test model has no price')
  await ensurePrice(world.parts, price)
  return { world, clock, held: idOf(await ask(world)) }
}

export type Asked = {
  readonly signal?: AbortSignal
  readonly seat?: Seat
  readonly maxTokens?: number
  readonly isKeyValid?: () => Promise<boolean>
}

export function ask(world: World, asked: Asked = {}): Promise<Admission> {
  if (price === undefined) throw new Error('The test model has no price')
  const { seat = world.seat, maxTokens = 1000, ...rest } = asked
  const facts = {
    model: 'claude-sonnet-4-5',
    priceId: price.id,
    inputTokensExpected: 10,
    inputTokensMax: 20,
    maxTokens,
    isThinking: false,
    consent: 'allow' as const,
  }
  return authorize(world.parts, seat, { keyId: null, facts, ...rest })
}

export const outcome = ({ decision }: Admission): string =>
  decision.kind === 'allow' ? decision.allowance.source : decision.denial.reason

export const idOf = ({ decision }: Admission): HoldId =>
  decision.kind === 'allow' ? decision.allowance.holdId : holdId('none')

export const free = (world: World, held: HoldId, seat: Seat = world.seat): Promise<unknown> =>
  voidHold(world.parts, seat, { holdId: held, cause: 'test' })

/** Lets whatever can go on without time passing go on. */
export async function settleDown(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
}
