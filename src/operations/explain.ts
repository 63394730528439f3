import { decide } from '../core/authorize.ts'
import type { AuthorizeRequest, Decision, ExtraUsageReason, Reason } from '../core/decision.ts'
import type { Entry, EntryBody, RequestFacts } from '../core/entry.ts'
import { holdId, type CustomerId, type HoldId, type MemberId } from '../core/ids.ts'
import type { MemberScope, Storage } from '../storage/storage.ts'
import {
  DecisionUnknownError,
  readAllowedDecisionId,
  type AllowedDecision,
  type DeniedDecision,
} from './decision-id.ts'
import type { GateParts } from './parts.ts'

/** The same decision, made again from the journal as it was then, and what led to it. */
export type Explanation = {
  readonly decisionId: string
  /** What was answered then. */
  readonly kind: 'allow' | 'deny'
  readonly answeredReason: Reason | null
  readonly answeredExtraUsageReason: ExtraUsageReason | null
  readonly customerId: CustomerId
  readonly memberId: MemberId
  readonly position: number
  readonly atMs: number
  readonly facts: RequestFacts
  /** Recomputed now. */
  readonly decision: Decision
  /** The recomputed answer is the one that left. */
  readonly isConfirmed: boolean
  /** Entries that led to it, oldest first: settings, grants, and what its limits and wallet counted. */
  readonly entries: readonly Entry[]
  /** How many such entries were found; more than `entries` when only the last ones are shown. */
  readonly entryCount: number
  /** How the hold of an allow ended; null for a refusal, or while it is open. */
  readonly end: Entry | null
}

type ExplainParts = Pick<GateParts, 'storage' | 'signer'>

/** Entries read back from the decision, and the most that are shown. */
const entriesReadMax = 1000
const entriesShownMax = 50

/** Throws `DecisionUnknownError` when this installation made no such decision. */
export async function explain(parts: ExplainParts, decisionId: string): Promise<Explanation> {
  // A terminal that is too narrow breaks an id into lines, and people copy it from there.
  const id = decisionId.replaceAll(/\s+/g, '')
  const allowed = readAllowedDecisionId(id) ?? (await admissionOf(parts.storage, id))
  if (allowed !== undefined) return explainAllow(parts, id, allowed)
  const denied = parts.signer.read(id)
  if (denied === undefined) {
    throw new DecisionUnknownError(
      'This installation made no such decision; copy the whole id from the refusal or the x-plimsoll-decision header',
    )
  }
  return explainDenial(parts, id, denied)
}

/** A hold's own id names its admission, too: that is what a history shows. */
async function admissionOf(storage: Storage, id: string): Promise<AllowedDecision | undefined> {
  if (!id.startsWith('hold_')) return undefined
  const [entry] = await storage.holdEntries(holdId(id))
  if (entry?.body.kind !== 'held' || entry.memberId === null) return undefined
  const { customerId, memberId, position } = entry
  return { customerId, memberId, holdId: entry.body.holdId, position: position - 1 }
}

async function explainDenial(
  parts: ExplainParts,
  decisionId: string,
  denied: DeniedDecision,
): Promise<Explanation> {
  const { customerId, memberId, position, atMs, facts, customerRunningCount, holdMaxMs } = denied
  const scope = { customerId, memberId }
  const decision = await decideAgain(parts.storage, scope, {
    position,
    atMs,
    facts,
    customerRunningCount,
    holdMaxMs,
  })
  const isConfirmed =
    decision.kind === 'deny' &&
    decision.denial.reason === denied.reason &&
    decision.denial.extraUsageReason === denied.extraUsageReason
  return {
    decisionId,
    kind: 'deny',
    answeredReason: denied.reason,
    answeredExtraUsageReason: denied.extraUsageReason,
    ...scope,
    position,
    atMs,
    facts,
    decision,
    isConfirmed,
    ...(await leadingEntries(parts.storage, scope, position)),
    end: null,
  }
}

async function explainAllow(
  parts: ExplainParts,
  decisionId: string,
  allowed: AllowedDecision,
): Promise<Explanation> {
  const { customerId, memberId, holdId: hold } = allowed
  const scope = { customerId, memberId }
  const held = await findHold(parts.storage, allowed)
  if (held === undefined) throw new DecisionUnknownError('The journal has no such hold')
  const { body, entry } = held
  const position = entry.position - 1
  const decision = await decideAgain(parts.storage, scope, {
    position,
    atMs: entry.atMs,
    facts: body.facts,
    customerRunningCount: 0,
    holdMaxMs: held.body.expiresAtMs - entry.atMs,
  })
  const isConfirmed = decision.kind === 'allow' && decision.allowance.source === body.source
  return {
    decisionId,
    kind: 'allow',
    answeredReason: null,
    answeredExtraUsageReason: null,
    ...scope,
    position,
    atMs: entry.atMs,
    facts: body.facts,
    decision,
    isConfirmed,
    ...(await leadingEntries(parts.storage, scope, position)),
    end: (await parts.storage.findHoldEnd(memberId, hold)) ?? null,
  }
}

type HeldEntry = { readonly entry: Entry; readonly body: Extract<EntryBody, { kind: 'held' }> }

/** The hold follows closely on the position that its decision read. */
async function findHold(
  storage: Storage,
  allowed: AllowedDecision,
): Promise<HeldEntry | undefined> {
  const { customerId, memberId, holdId: wanted, position } = allowed
  const entries = await storage.entries({
    customerId,
    memberId,
    afterPosition: position,
    rowsMax: entriesReadMax,
  })
  for (const entry of entries) {
    if (entry.body.kind === 'held' && entry.body.holdId === wanted)
      return { entry, body: entry.body }
  }
  return undefined
}

async function decideAgain(
  storage: Storage,
  scope: MemberScope,
  input: {
    readonly position: number
    readonly atMs: number
    readonly facts: RequestFacts
    readonly customerRunningCount: number
    readonly holdMaxMs: number
  },
): Promise<Decision> {
  const account = await storage.accountAt(scope, input.position)
  const request: AuthorizeRequest = {
    holdId: recomputedHoldId,
    bootId: storage.bootId,
    keyId: null,
    facts: input.facts,
    holdMaxMs: input.holdMaxMs,
    customerRunningCount: input.customerRunningCount,
  }
  return decide(account, request, { nowMs: input.atMs, position: input.position }).decision
}

/** A decision that is only made again places no hold; this name appears nowhere in the journal. */
const recomputedHoldId: HoldId = holdId('recomputed')

async function leadingEntries(
  storage: Storage,
  scope: MemberScope,
  position: number,
): Promise<Pick<Explanation, 'entries' | 'entryCount'>> {
  const { customerId, memberId } = scope
  const query = {
    customerId,
    beforePosition: position + 1,
    isNewestFirst: true,
    rowsMax: entriesReadMax,
  } as const
  const own = await storage.entries({ ...query, memberId })
  const shared = await storage.entries({ ...query, isShared: true })
  const found = new Map<number, Entry>()
  for (const entry of [...own, ...shared]) found.set(entry.position, entry)
  const entries = [...found.values()].toSorted((left, right) => left.position - right.position)
  return { entries: entries.slice(-entriesShownMax), entryCount: entries.length }
}
