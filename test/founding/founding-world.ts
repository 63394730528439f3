import { bootId, operationId, type HoldId } from '../../src/core/ids.ts'
import type { Denial } from '../../src/core/decision.ts'
import { authorize, type Admission } from '../../src/operations/authorize.ts'
import { createDecisionSigner } from '../../src/operations/decision-id.ts'
import { getFigures } from '../../src/operations/figures.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { ensurePrice } from '../../src/operations/publish-price.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { settle } from '../../src/operations/settle.ts'
import { topUp } from '../../src/operations/top-up.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { WaitingLine } from '../../src/operations/waiting-line.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import {
  earlyRequests,
  factsOf,
  holdMaxMs,
  overrunMaxNanos,
  plans,
  price,
  truthOf,
  type FoundingCustomer,
} from './founding-customer.ts'

/** The real storage on files, at one moment that does not pass, and the operations that a gateway calls. */
export type FoundingWorld = {
  readonly storage: Storage
  readonly parts: GateParts
  close(): Promise<void>
}

/** So few that every account has stored sums soon. */
const snapshotEvery = 2
const clock = new ManualClock()
export const foundingNowMs = clock.wallMs()

export async function openWorld(folder: string): Promise<FoundingWorld> {
  const storage = await openSqliteStorage({
    dataFolder: folder,
    clock,
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    version: 'test',
    snapshotEvery,
  })
  const line = new WaitingLine(storage, clock, { waitMaxMs: 0, waitersMax: 0 })
  const parts: GateParts = {
    storage,
    clock,
    random: systemRandom,
    signer: createDecisionSigner('founding'),
    line,
    bootId: bootId(storage.bootId),
    holdMaxMs,
  }
  return {
    storage,
    parts,
    async close() {
      line.close()
      await storage.close()
    },
  }
}

export async function publishAll({ parts }: FoundingWorld): Promise<void> {
  await ensurePrice(parts, price)
  await publishPlans(parts, [...plans])
}

const commandOf = (id: string) => ({ operationId: operationId(id), actor: 'founding' })

/** Opens one, pays in, and settles its first requests. */
export async function begin({ parts }: FoundingWorld, customer: FoundingCustomer): Promise<void> {
  const { scope, isOn, cap } = customer
  const { customerId } = scope
  await openCustomer(parts, {
    ...commandOf(`open-${customerId}`),
    customerId,
    zone: 'UTC',
    isExtraUsageOn: isOn,
    cap,
    overrunMaxNanos,
    isStrict: false,
    runningMax: 100,
  })
  const plan = plans.find(({ name }) => name === customer.plan) ?? plans[0]
  await seatMember(parts, { ...commandOf(`seat-${customerId}`), ...scope, planId: plan.id })
  for (const [index, amountNanos] of customer.topUps.entries()) {
    const terms = { origin: 'top_up', expiresAtMs: null, priority: 50 } as const
    await topUp(parts, { ...commandOf(`pay-${index}`), customerId, amountNanos, ...terms })
  }
  if (!customer.isMemberOn) {
    await setExtraUsage(parts, { ...commandOf(`off-${customerId}`), ...scope, isOn: false })
  }
  await work(parts, customer, customer.requests.slice(0, earlyRequests))
}

/** Settles the rest of its requests. */
export const goOn = ({ parts }: FoundingWorld, customer: FoundingCustomer): Promise<void> =>
  work(parts, customer, customer.requests.slice(earlyRequests))

async function work(
  parts: GateParts,
  { scope }: FoundingCustomer,
  requests: FoundingCustomer['requests'],
): Promise<void> {
  for (const { maxTokens, output } of requests) {
    const { decision } = await ask(parts, scope, maxTokens)
    if (decision.kind === 'deny') continue
    await settle(parts, scope, {
      holdId: decision.allowance.holdId,
      usage: { input: 100, output },
      marks: [],
      isEstimate: false,
      upstreamRequestId: null,
    })
  }
}

const ask = (
  parts: GateParts,
  scope: FoundingCustomer['scope'],
  maxTokens: number,
): Promise<Admission> => authorize(parts, scope, { keyId: null, facts: factsOf(maxTokens) })

export type Asked = {
  readonly ms: number
  /** What the customer was told, where it is not the truth. */
  readonly falseDenial: string | null
  readonly falseAllow: string | null
  readonly falseFigure: string | null
}

/** The customer's request, held against the truth; what it held is given back. */
export async function askLast(world: FoundingWorld, customer: FoundingCustomer): Promise<Asked> {
  const { parts } = world
  const { scope } = customer
  const startedMs = performance.now()
  const { decision } = await ask(parts, scope, customer.asks)
  const ms = performance.now() - startedMs
  if (decision.kind === 'allow') await giveBack(parts, scope, decision.allowance.holdId)
  const figures = await getFigures(parts, scope)
  const truth = truthOf(customer, foundingNowMs)
  const said = decision.kind === 'allow' ? decision.allowance.source : tell(decision.denial)
  const expected = truth.decision.kind === 'allow' ? truth.decision.source : tell(truth.decision)
  const isFalse = said !== expected
  const sentence = `${scope.memberId} was told ${said} and not ${expected}`
  const shown = [
    figures.limits[0]?.used,
    figures.extraUsage.balanceNanos,
    figures.extraUsage.spentNanos,
  ]
  const kept = [truth.used, truth.balance, truth.spent]
  const isShownFalsely = shown.some((amount, index) => amount !== kept[index])
  return {
    ms,
    falseDenial: isFalse && decision.kind === 'deny' ? sentence : null,
    falseAllow: isFalse && decision.kind === 'allow' ? sentence : null,
    falseFigure: isShownFalsely
      ? `${scope.memberId} was shown ${shown.join()} and not ${kept.join()}`
      : null,
  }
}

const giveBack = (
  parts: GateParts,
  scope: FoundingCustomer['scope'],
  holdId: HoldId,
): Promise<unknown> => voidHold(parts, scope, { holdId, cause: 'asked only' })

const tell = ({ reason, extraUsageReason }: Pick<Denial, 'reason' | 'extraUsageReason'>): string =>
  `${reason} (${extraUsageReason})`
