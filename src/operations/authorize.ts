import type { Account } from '../core/account.ts'
import { decide, type Decided } from '../core/authorize.ts'
import { postIncludedGrant } from '../core/commands.ts'
import type { AuthorizeRequest, Decision, Denial, ExtraUsageReason } from '../core/decision.ts'
import type { RequestFacts } from '../core/entry.ts'
import { holdId, type KeyId } from '../core/ids.ts'
import { dueGrants } from '../core/included-grant.ts'
import { appliesTo } from '../core/plan.ts'
import type { ChangeContext, Changed, MemberScope, NewEntry } from '../storage/storage.ts'
import { freshId } from '../system/random.ts'
import { allowedDecisionId } from './decision-id.ts'
import type { GateParts } from './parts.ts'
import { limitBinding, walletBinding, type Place } from './waiting-line.ts'

/** Admission of one request: decided on the journal's sums, the hold durable before this resolves. */
export type Admission = {
  readonly decision: Decision
  /** Names the hold of an allow; a signed token for a refusal. Give it to `explain`. */
  readonly decisionId: string
}

export type AdmissionRequest = {
  readonly keyId: KeyId | null
  readonly facts: RequestFacts
  /** Aborts when the caller hangs up: it then leaves the waiting line. */
  readonly signal?: AbortSignal
  /** Asked before each decision: what was true before a long body or a wait may be so no more. */
  readonly isKeyValid?: () => Promise<boolean>
}

/** The caller hung up while its request waited; nothing was held. */
export class CallerGoneError extends Error {
  readonly code = 'caller_gone'
}

/** The key was revoked while its request was on the way to a decision; nothing was held. */
export class KeyRevokedError extends Error {
  readonly code = 'key_revoked'
}

/**
 * Decides a request, waiting up to the line's time when only other requests in flight stand in its way.
 * When that time is up it is decided once more without regard to the line, so that a refusal always
 * rests on the journal alone. Rejects with `StorageUnavailableError` when storage is away: that is never
 * a refusal (D12); with `CallerGoneError` when the caller left; and with `KeyRevokedError`.
 */
export async function authorize(
  parts: GateParts,
  scope: MemberScope,
  request: AdmissionRequest,
): Promise<Admission> {
  const asker: Asker = { request, place: undefined, isInLine: true }
  try {
    for (;;) {
      if ((await request.isKeyValid?.()) === false) throw new KeyRevokedError('The key is revoked')
      const attempt = await tryOnce(parts, scope, asker)
      if (attempt.kind === 'decided') return attempt.admission
      asker.isInLine = asker.place !== undefined && (await asker.place.next())
      if (request.signal?.aborted === true) throw new CallerGoneError('The caller left the line')
    }
  } finally {
    asker.place?.leave()
  }
}

type Attempt =
  | { readonly kind: 'decided'; readonly admission: Admission }
  /** Refused only because of others in flight, or others who came before wait for the same. */
  | { readonly kind: 'waiting' }

type Asker = {
  readonly request: AdmissionRequest
  place: Place | undefined
  /** Waiting is still possible, and nobody who came before may be passed. */
  isInLine: boolean
}

async function tryOnce(parts: GateParts, scope: MemberScope, asker: Asker): Promise<Attempt> {
  const asked = {
    holdId: holdId(freshId(parts.random, 'hold')),
    bootId: parts.bootId,
    keyId: asker.request.keyId,
    facts: asker.request.facts,
    holdMaxMs: parts.holdMaxMs,
  }
  for (;;) {
    const step = await parts.storage.update(
      scope,
      (account, context): Changed<Attempt | { readonly kind: 'granted' }> => {
        parts.storage.quarantine.assertServed(scope.customerId)
        const grants = includedGrantEntries(account, context)
        if (grants.length > 0) return { answer: { kind: 'granted' }, entries: grants }
        // Counted within the change: what was admitted a moment ago must be seen.
        const customerRunningCount = parts.storage.openHoldCount(scope.customerId)
        return decideInTurn(
          parts,
          { account, asked: { ...asked, customerRunningCount }, asker },
          context,
        )
      },
    )
    if (step.kind !== 'granted') return step
  }
}

/**
 * Included credit that the plan owes by now, one at a time: each is drafted from the sums that the one
 * before it left. Posted before anything is decided; callers ask again until nothing is due.
 */
export function includedGrantEntries(
  account: Account,
  context: ChangeContext,
): readonly NewEntry[] {
  const { memberId } = account.member
  const [due] = dueGrants(account, context.nowMs)
  return due === undefined ? [] : [{ ...postIncludedGrant(account, due, context), memberId }]
}

function decideInTurn(
  parts: GateParts,
  input: { readonly account: Account; readonly asked: AuthorizeRequest; readonly asker: Asker },
  context: ChangeContext,
): Changed<Attempt> {
  const { account, asked, asker } = input
  const { customerId, memberId } = account.member
  const scope = { customerId, memberId }
  const decided = decide(account, asked, context)
  const { decision, draft } = decided
  if (asker.isInLine) {
    const bindings = bindingsOf(account, asked, decided)
    const isBlockedInPassing = decision.kind === 'deny' && isPassing(decision.denial)
    const isPassingOthers = decision.kind === 'allow' && parts.line.isTaken(bindings, asker.place)
    if (isBlockedInPassing || isPassingOthers) {
      const waitMs = changesInMs(decision, context)
      const asking = { scope, bindings, changesInMs: waitMs, isFitting: isPassingOthers }
      // Within the change: whoever is decided next must see this one waiting.
      if (asker.place === undefined) asker.place = parts.line.join(asking, asker.request.signal)
      else asker.place.stay(asking)
      return { answer: { kind: 'waiting' }, entries: [] }
    }
  }
  if (decision.kind === 'deny' || draft === null) {
    return { answer: { kind: 'decided', admission: refuse(parts, asked, decision) }, entries: [] }
  }
  const decisionId = allowedDecisionId({
    ...scope,
    holdId: asked.holdId,
    position: context.position,
  })
  const admission: Admission = { decision, decisionId }
  return {
    answer: { kind: 'decided', admission },
    entries: [{ ...draft, memberId }],
  }
}

/** Others in flight keep what it needs, or a reload that is due brings it: either is over in a moment. */
const isPassing = ({ reason, remedies }: Denial): boolean =>
  reason === 'reserved' || remedies.includes('wait_for_reload')

/**
 * What an allowed request would take from under those who wait, and what a refused one waits for: the
 * limits that bind it, and the wallet where money is what it lacks.
 */
function bindingsOf(
  account: Account,
  asked: AuthorizeRequest,
  decided: Decided,
): readonly string[] {
  const { member, system } = account
  const { decision } = decided
  if (decision.kind === 'deny') {
    const { binding, extraUsageReason } = decision.denial
    const limits = binding.map((limit) => limitBinding(member, limit.limitId))
    return lacksMoney(extraUsageReason) ? [...limits, walletBinding(member.customerId)] : limits
  }
  const { source } = decision.allowance
  if (source === 'free') return []
  if (source === 'extra_usage') return [walletBinding(member.customerId)]
  return (system.plans.get(member.planId)?.limits ?? [])
    .filter((limit) => appliesTo(limit, asked.facts.model))
    .map((limit) => limitBinding(member, limit.id))
}

/** How long until a window that binds resets, an exception to it ends, or the caps' month does, whichever is first. */
function changesInMs(decision: Decision, { nowMs }: ChangeContext): number | null {
  if (decision.kind === 'allow') return null
  const { binding, figures } = decision.denial
  const momentsMs = [
    ...binding.flatMap((limit) => [limit.resetMs, limit.exception?.untilMs ?? null]),
    figures.extraUsage.capResetMs,
  ]
  const nextMs = Math.min(...momentsMs.map((ms) => (ms !== null && ms > nowMs ? ms : Infinity)))
  return nextMs === Infinity ? null : nextMs - nowMs
}

function lacksMoney(reason: ExtraUsageReason | null): boolean {
  return reason === 'cap_reached' || reason === 'member_cap_reached' || reason === 'balance_too_low'
}

function refuse(parts: GateParts, asked: AuthorizeRequest, decision: Decision): Admission {
  if (decision.kind === 'allow') throw new Error('An allowed request was about to be refused')
  const { reason, extraUsageReason, figures } = decision.denial
  const decisionId = parts.signer.sign({
    customerId: figures.customerId,
    memberId: figures.memberId,
    position: figures.position,
    atMs: figures.atMs,
    reason,
    extraUsageReason,
    facts: asked.facts,
    customerRunningCount: asked.customerRunningCount,
    holdMaxMs: asked.holdMaxMs,
  })
  return { decision, decisionId }
}
