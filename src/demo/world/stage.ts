import type { KeyId, MemberId } from '../../core/ids.ts'
import type { Nanos } from '../../core/money.ts'
import { costOf, type Price, type Usage } from '../../core/usage.ts'
import { authorize } from '../../operations/authorize.ts'
import type { GateParts } from '../../operations/parts.ts'
import { ensurePrice } from '../../operations/publish-price.ts'
import { settle } from '../../operations/settle.ts'
import { voidHold } from '../../operations/void-hold.ts'
import type { Chance } from './chance.ts'
import type { ScriptedClock } from './scripted-clock.ts'

/** Where the history of the demo world is played: the real operations, on time that is scripted. */
export type Stage = {
  readonly parts: GateParts
  readonly clock: ScriptedClock
  readonly chance: Chance
  readonly priceOf: (model: string, atMs: number) => Price | undefined
  /** The present: nothing is played after it. */
  readonly endMs: number
  /** The key that each member uses. */
  readonly keys: Map<MemberId, KeyId>
}

/** Something that happens at a moment. */
export type Scene = { readonly atMs: number; play(stage: Stage): Promise<void> }

export type Asked = {
  readonly scope: Parameters<typeof authorize>[1]
  readonly model: string
  /** About what it shall cost; as it comes when left out. */
  readonly costNanos?: Nanos
}

/** One request, from its admission to its end, as the gateway would have it. */
export async function ask(stage: Stage, { scope, model, costNanos }: Asked): Promise<void> {
  const { parts, clock, chance } = stage
  const price = stage.priceOf(model, clock.wallMs())
  if (price === undefined) return
  await ensurePrice(parts, price)
  const usage = costNanos === undefined ? usageByChance(chance) : usageFor(price, costNanos)
  const inputTokens = (usage.input ?? 0) + (usage.cache_read ?? 0) + (usage.cache_write_5m ?? 0)
  const { decision } = await authorize(parts, scope, {
    keyId: stage.keys.get(scope.memberId) ?? null,
    facts: {
      model,
      priceId: price.id,
      inputTokensExpected: inputTokens,
      inputTokensMax: Math.ceil(inputTokens * 1.25),
      maxTokens: 8000,
      isThinking: false,
      consent: 'allow',
    },
  })
  if (decision.kind === 'deny') return
  const { holdId } = decision.allowance
  clock.goTo(Math.min(clock.wallMs() + chance.between(3_000, 25_000), stage.endMs))
  const luck = costNanos === undefined ? chance.next() : 1
  if (luck < 0.01) {
    await voidHold(parts, scope, { holdId, cause: 'upstream_error' })
    return
  }
  await settle(parts, scope, {
    holdId,
    usage,
    marks: [],
    isEstimate: luck < 0.03,
    upstreamRequestId: null,
  })
}

function usageByChance(chance: Chance): Usage {
  return {
    input: chance.between(40, 1800),
    cache_read: chance.between(2_000, 30_000),
    cache_write_5m: chance.between(200, 2_400),
    output: chance.between(90, 1_100),
  }
}

/** The output is what makes up the rest of the cost. */
function usageFor(price: Price, costNanos: Nanos): Usage {
  const base = { input: 200, cache_read: 4_000 }
  const restNanos = costNanos - costOf(price, base)
  const perThousandNanos = costOf(price, { output: 1000 })
  if (restNanos <= 0n || perThousandNanos <= 0n) return { input: 200, output: 50 }
  return { ...base, output: Number((restNanos * 1000n) / perThousandNanos) + 1 }
}
