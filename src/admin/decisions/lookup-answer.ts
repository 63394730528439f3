import type { Figures } from '../../core/decision.ts'
import { DecisionUnknownError, readAllowedDecisionId } from '../../operations/decision-id.ts'
import { reportedBy } from '../../operations/report-refusal.ts'
import type { UsageScope } from '../../operations/usage-readings.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { ExplanationAnswer, UsageAnswer } from '../contract/answers.ts'
import type { Comparison, FoundDecision, LookupAnswer } from '../contract/lookup.ts'
import { AdminFailure } from '../failures.ts'
import { toJson } from '../http/exchange.ts'
import { idsIn, type IdsInText } from './ids-in-text.ts'
import { explanationAnswer, usageAnswer } from '../members/member-answers.ts'
import { limitTitle } from '../wording/wording.ts'

/** Finds the decision that a pasted text is about, makes it again, and says whether it was right. */
type Scope = Required<UsageScope>

export async function lookupAnswer(
  parts: AdminApiParts,
  scope: Scope,
  text: string,
): Promise<LookupAnswer> {
  const ids = idsIn(text)
  const explanation = await findDecision(parts, scope, ids)
  if (explanation !== null) return foundDecision(parts, scope, explanation)
  if (ids.decisions.length > 0 || ids.holds.length > 0) {
    return {
      kind: 'unknown',
      headline: 'This id was not made here about you, or a part of it is missing.',
      advice:
        'Copy it whole, with everything after the underscore. An id of another installation or member is not known here.',
    }
  }
  if (ids.requests.length > 0) {
    return {
      kind: 'unknown',
      headline: `No request of yours with this request id is known among your last ${settlesLookedAtMax.toLocaleString('en')}.`,
      advice:
        'Requests that were refused write nothing, so their request ids are remembered only for a while, and not across a restart. The decision id of a refusal proves itself at any time: it stands in the message and in the header x-plimsoll-decision.',
    }
  }
  return {
    kind: 'not_ours',
    headline: 'There is no id of this service in it.',
    advice:
      'Every refusal of this gateway carries a decision id that begins with dn_. If a hosted assistant or another service refused you, nothing here can prove it; this command on your own machine judges such a refusal by what your client kept, and says what to do next:',
    command: 'npm run plimsoll -- doctor',
  }
}

/** The first id of the text that names a decision about this member. */
async function findDecision(
  parts: AdminApiParts,
  scope: Scope,
  ids: IdsInText,
): Promise<ExplanationAnswer | null> {
  for (const id of [...ids.decisions, ...ids.holds]) {
    const explanation = await explained(parts, scope, id)
    if (explanation !== null) return explanation
  }
  for (const id of ids.requests) {
    const decisionId = refusedAs(parts, scope, id)
    const explanation = decisionId === null ? null : await explained(parts, scope, decisionId)
    if (explanation !== null) return explanation
  }
  const holdId = ids.requests.length === 0 ? null : await admittedAs(parts, scope, ids.requests)
  return holdId === null ? null : explained(parts, scope, holdId)
}

async function explained(
  parts: AdminApiParts,
  scope: Scope,
  id: string,
): Promise<ExplanationAnswer | null> {
  try {
    return await explanationAnswer(parts, id, scope)
  } catch (error) {
    const isUnknown =
      error instanceof DecisionUnknownError ||
      (error instanceof AdminFailure && error.code === 'decision_unknown')
    if (isUnknown || (error instanceof Error && 'code' in error && error.code === 'invalid_id'))
      return null
    throw error
  }
}

/** Our own request id of a refusal, while this process remembers it. */
function refusedAs({ desk }: AdminApiParts, scope: Scope, requestId: string): string | null {
  const found = desk?.telemetry.refusals
    .newestFirst()
    .find(
      (refusal) =>
        refusal.requestId === requestId &&
        refusal.customerId === scope.customerId &&
        refusal.memberId === scope.memberId,
    )
  return found?.decisionId ?? null
}

/** No index has the upstream's request ids, so the member's newest requests are looked through, once for all ids. */
const settlesPerRead = 1000
const settlesLookedAtMax = 10_000

async function admittedAs(
  { storage }: AdminApiParts,
  { customerId, memberId }: Scope,
  requestIds: readonly string[],
): Promise<string | null> {
  const wanted = new Set<string | null>(requestIds)
  const query = { customerId, memberId, kind: 'settled', isNewestFirst: true } as const
  let beforePosition = storage.durablePosition + 1
  for (let lookedAt = 0; lookedAt < settlesLookedAtMax; lookedAt += settlesPerRead) {
    const settles = await storage.entries({ ...query, beforePosition, rowsMax: settlesPerRead })
    for (const { body } of settles)
      if (body.kind === 'settled' && wanted.has(body.upstreamRequestId)) return body.holdId
    const last = settles.at(-1)
    if (last === undefined || settles.length < settlesPerRead) return null
    beforePosition = last.position
  }
  return null
}

export async function foundDecision(
  parts: AdminApiParts,
  scope: Scope,
  explanation: ExplanationAnswer,
): Promise<FoundDecision> {
  const usage = await usageAnswer(parts, scope)
  const { decisionId, kind, isConfirmed } = explanation
  const isReported = (await reportedBy(parts, { ...scope, decisionId })) !== null
  return {
    kind: 'decision',
    decisionId,
    answer:
      kind === 'deny'
        ? isConfirmed
          ? 'rightly_refused'
          : 'wrongly_refused'
        : isConfirmed
          ? 'admitted'
          : 'wrongly_admitted',
    headline: headlineOf(explanation),
    explanation,
    holdId: kind === 'allow' ? holdOf(decisionId) : null,
    comparison: comparisonOf(explanation, usage),
    nowSentence: nowSentence(usage, explanation.facts.model),
    isReported,
    currencySymbol: usage.currencySymbol,
  }
}

/** An admission is named by its decision id, or by its hold itself. */
const holdOf = (decisionId: string): string =>
  readAllowedDecisionId(decisionId)?.holdId ?? decisionId

function headlineOf({ kind, isConfirmed }: ExplanationAnswer): string {
  if (kind === 'deny') {
    return isConfirmed
      ? 'The refusal was right: decided again from the journal, it is the same.'
      : 'The refusal was wrong: decided again from the journal, it comes out differently.'
  }
  return isConfirmed
    ? 'This request was not refused: it was admitted, and rightly so.'
    : 'This request was admitted, though decided again from the journal it comes out differently.'
}

function comparisonOf(
  { decision, atMs, facts }: ExplanationAnswer,
  usage: UsageAnswer,
): Comparison {
  const then = decision.kind === 'allow' ? decision.allowance.figures : decision.denial.figures
  const now = usage.figures
  const concerns = ({ models }: { readonly models: readonly string[] | null }): boolean =>
    models === null || models.some((prefix) => facts.model.startsWith(prefix))
  return {
    thenAtMs: atMs,
    nowAtMs: now.atMs,
    limits: then.limits.filter(concerns).map((limit) => ({
      title: limitTitle(limit as never as Figures['limits'][number]),
      unit: limit.unit,
      before: limit,
      now: now.limits.find(({ limitId }) => limitId === limit.limitId) ?? null,
    })),
    extraUsage: { before: then.extraUsage, now: now.extraUsage },
  }
}

function nowSentence({ blocked, nextPayers }: UsageAnswer, model: string): string {
  if (blocked !== null) return blocked.sentence
  const payer =
    nextPayers.find(({ models }) => models?.some((prefix) => model.startsWith(prefix)) === true) ??
    nextPayers.find(({ models }) => models === null)
  return payer?.sentence ?? ''
}

/** The figures and facts of a decision for whoever looks into it: nothing of what was asked, and no key. */
export function reportBundle(
  { about }: Pick<AdminApiParts, 'about'>,
  found: FoundDecision,
  note: string,
): { readonly text: string; readonly bundle: Readonly<Record<string, unknown>> } {
  const { explanation, comparison } = found
  const { customerId, memberId, position, atMs, facts, isConfirmed } = explanation
  const { answeredReason, answeredExtraUsageReason, decision, verdict, steps } = explanation
  const bundle = {
    format: 'plimsoll-report-1',
    version: about.version,
    decisionId: found.decisionId,
    answer: found.answer,
    isConfirmed,
    verdict,
    customerId,
    memberId,
    position,
    at: new Date(atMs).toISOString(),
    facts,
    reason: answeredReason,
    extraUsageReason: answeredExtraUsageReason,
    decidedAgain: decision.kind === 'allow' ? 'allow' : decision.denial.reason,
    steps,
    comparison: toJson(comparison),
    note,
  }
  const lines = [
    'Plimsoll: report of a decision',
    '',
    found.headline,
    verdict,
    '',
    `decision   ${found.decisionId}`,
    `made       ${bundle.at}, read at journal position ${position}`,
    `model      ${facts.model}`,
    `reason     ${[answeredReason, answeredExtraUsageReason].filter((reason) => reason !== null).join(', ') || 'none'}`,
    `version    ${about.version}`,
    '',
    ...steps.map(({ title, numbers, found: outcome }) => `${title}: ${numbers} (${outcome})`),
    '',
    `now: ${found.nowSentence}`,
    ...(note === '' ? [] : ['', `note: ${note}`]),
  ]
  return { text: `${lines.join('\n')}\n`, bundle }
}
