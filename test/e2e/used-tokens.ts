import type { Usage } from '../../src/core/usage.ts'
import type { HoldId } from '../../src/core/ids.ts'
import type { Price } from '../../src/core/usage.ts'
import { priceId } from '../../src/core/ids.ts'
import { authorize } from '../../src/operations/authorize.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { ensurePrice } from '../../src/operations/publish-price.ts'
import { settle } from '../../src/operations/settle.ts'
import type { MemberScope } from '../../src/storage/storage.ts'

/** Requests without a gateway, for tests of what was used when: one nano per input token, ten per output token. */
export const nanoPrice = (model: string): Price => ({
  id: priceId(`nano-${Buffer.from(model).toString('hex')}`),
  model,
  source: 'test',
  rates: {
    input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }],
    output: [{ aboveInputTokens: 0, nanosPerMillion: 10_000_000n }],
  },
  multipliers: {},
})

/** Admits a request and settles it with this usage; answers with its hold. */
export async function useTokens(
  parts: GateParts,
  { customerId, memberId }: MemberScope,
  used: { readonly model: string; readonly usage: Usage; readonly upstreamRequestId?: string },
): Promise<HoldId> {
  const price = nanoPrice(used.model)
  await ensurePrice(parts, price)
  const scope = { customerId, memberId }
  const { decision } = await authorize(parts, scope, {
    keyId: null,
    facts: {
      model: used.model,
      priceId: price.id,
      inputTokensExpected: 1,
      inputTokensMax: 1,
      maxTokens: 1,
      isThinking: false,
      consent: 'allow',
    },
  })
  if (decision.kind === 'deny')
    throw new Error(`The request was refused: ${decision.denial.reason}`)
  await settle(parts, scope, {
    holdId: decision.allowance.holdId,
    usage: used.usage,
    marks: [],
    isEstimate: false,
    upstreamRequestId: used.upstreamRequestId ?? null,
  })
  return decision.allowance.holdId
}
