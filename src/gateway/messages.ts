import type { Decision } from '../core/decision.ts'
import {
  authorize,
  CallerGoneError,
  KeyRevokedError,
  type Admission,
} from '../operations/authorize.ts'
import { ensurePrice } from '../operations/publish-price.ts'
import { phraseDenial } from '../providers/anthropic-denial.ts'
import { freshId } from '../system/random.ts'
import { admitCaller, isKeyValid, type KnownCaller } from './caller/admit-caller.ts'
import { runAdmitted } from './admitted.ts'
import { readAsking, type AskedRequest } from './caller/asked-request.ts'
import { readOwnedBody, takePlace, type OwnedBody } from './caller/owned-body.ts'
import { isStorageAway } from './hold/end-hold.ts'
import type { Exchange, Gate } from './gate.ts'
import { refuse, sendReply } from './refuse.ts'

/**
 * `POST /v1/messages`, the one request that is metered: who asks, what it asks for, whether it may, and
 * then the reply. Until it is admitted nothing is written and the upstream knows nothing of it.
 */
export async function serveMessages(gate: Gate, exchange: Exchange): Promise<void> {
  const known = await admitCaller(gate, exchange)
  if (known === undefined) return
  const pace = gate.abandons.ask(known.owner.memberId)
  if (!pace.isAdmitted) {
    return refuse(gate, exchange, { kind: 'too_fast', retryAfterMs: pace.retryAfterMs })
  }
  const read = await readInPlace(gate, exchange, known)
  if (read === undefined) return
  try {
    await serveBody(gate, exchange, { known, body: read.body })
  } finally {
    gate.bodyRoom.giveBack(read.owner, read.body.length)
  }
}

/** A place is kept while the body comes: from then on the limit of running requests counts. */
async function readInPlace(
  gate: Gate,
  exchange: Exchange,
  { owner }: KnownCaller,
): Promise<OwnedBody | undefined> {
  if (!takePlace(gate, exchange, owner)) return undefined
  try {
    return await readOwnedBody(gate, exchange, owner)
  } finally {
    gate.keyPlaces.giveBack(owner.keyId)
  }
}

type KnownRequest = { readonly known: KnownCaller; readonly body: Buffer }

async function serveBody(gate: Gate, exchange: Exchange, request: KnownRequest): Promise<void> {
  const startedMs = gate.telemetry.startedDeciding()
  const { caller, trace } = exchange
  const asking = readAsking(gate, request.body, caller.request.rawHeaders)
  if (asking.kind === 'problem') {
    return refuse(gate, exchange, { kind: 'invalid_request', message: asking.message })
  }
  const { asked } = asking
  trace.fields.model = asked.facts.model
  trace.fields.isStream = asked.isStream
  trace.fields.sessionId = asked.sessionId
  const admission = await askAdmission(gate, exchange, { known: request.known, asked })
  if (admission === undefined) return
  const { decision, decisionId } = admission
  trace.fields.decisionId = decisionId
  if (decision.kind === 'deny') {
    gate.telemetry.decided(decision.denial.figures, null, startedMs)
    return deny(gate, exchange, { decision, decisionId, request })
  }
  const { allowance } = decision
  gate.telemetry.decided(allowance.figures, allowance.source, startedMs)
  await runAdmitted(gate, exchange, { ...request, asked, allowance, decisionId })
}

async function askAdmission(
  gate: Gate,
  exchange: Exchange,
  { known, asked }: { readonly known: KnownCaller; readonly asked: AskedRequest },
): Promise<Admission | undefined> {
  const { parts } = gate
  const { keyId } = known.owner
  const { caller } = exchange
  try {
    if (asked.price !== null) await ensurePrice(parts, asked.price)
    return await authorize(parts, known.owner, {
      keyId,
      facts: asked.facts,
      get signal() {
        return caller.leaving
      },
      isKeyValid: () => isKeyValid(gate, known),
    })
  } catch (error) {
    if (error instanceof CallerGoneError) {
      exchange.trace.fields.outcome = 'caller_left'
      return undefined
    }
    if (error instanceof KeyRevokedError) {
      refuse(gate, exchange, { kind: 'unknown_key', problem: 'unknown' })
      return undefined
    }
    if (!isStorageAway(error)) throw error
    gate.logger.warn('limits unavailable', { error: String(error) })
    refuse(gate, exchange, { kind: 'limits_unavailable' })
    return undefined
  }
}

function deny(
  gate: Gate,
  exchange: Exchange,
  denied: {
    readonly decision: Decision & { kind: 'deny' }
    readonly decisionId: string
    readonly request: KnownRequest
  },
): void {
  const { denial } = denied.decision
  const { fields } = exchange.trace
  const requestId = freshId(gate.parts.random, 'req')
  fields.outcome = 'denied'
  fields.reason = denial.reason
  fields.extraUsageReason = denial.extraUsageReason
  fields.requestId = requestId
  const { pageUrl, timeZone, currencySymbol, deniedStatus, command } = gate.settings
  const reply = phraseDenial({
    denial,
    decisionId: denied.decisionId,
    requestId,
    pageUrl,
    timeZone,
    currencySymbol,
    deniedStatus,
    ...(command === undefined ? {} : { command }),
    nowMs: denial.figures.atMs,
    isOauthStyle: denied.request.known.isOauthStyle,
  })
  sendReply(exchange.caller, reply)
}
