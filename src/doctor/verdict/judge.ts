import { closedText } from './closed-text.ts'
import { limitOf, note, verdict, type Case } from './case.ts'
import {
  windowTitles,
  type Evidence,
  type Refusal,
  type WindowFigure,
  type WindowName,
} from './evidence.ts'
import { judgeExtraUsage } from './judge-extra-usage.ts'
import { judgeGateway } from './judge-gateway.ts'
import { kindOf, type RefusalKind } from './refusal-kind.ts'
import type { BindingLimit, EvidenceLine, Verdict } from './verdict.ts'
import { figureLine, figureText, isOfUnknownTime, weigh } from './weigh-figures.ts'

/**
 * Judges a refusal by what is known. Two rules stand above all others: `false_refusal` needs figures that
 * contradict the message, and `true_limit` is never said of a message alone that official figures contradict.
 */
export function judge(evidence: Evidence): Verdict {
  const { refusal } = evidence
  if (refusal === undefined) return verdict({ ruling: 'no_refusal', confidence: 'high' })
  const case_: Case = {
    refusal,
    nowMs: evidence.nowMs,
    kind: kindOf(refusal),
    weighed: weigh(evidence),
  }
  const judged = byKind(case_)
  const said: EvidenceLine = {
    side: 'note',
    text: `the client said: ${refusal.text}`,
    source: undefined,
    atMs: refusal.atMs,
  }
  const others = case_.weighed.notCounted.map((figure): EvidenceLine => ({
    ...figureLine('note', figure),
    text: `not counted: ${figureText(figure)}; ${whyNotCounted(figure, refusal)}`,
  }))
  return { ...judged, evidence: [said, ...judged.evidence, ...others] }
}

const whyNotCounted = (figure: WindowFigure, refusal: Refusal): string =>
  isOfUnknownTime(figure, refusal)
    ? 'it is what a session heard with its last answer, and may be older than the refusal'
    : 'by its time it may be of another window than the refusal'

function byKind(case_: Case): Verdict {
  const { kind } = case_
  switch (kind.kind) {
    case 'gateway':
      return judgeGateway(case_, kind.decisionId)
    case 'window':
      return judgeWindow(case_, kind.window)
    case 'extra_usage_out':
    case 'extra_usage_off':
    case 'cap_reached':
      return judgeExtraUsage(case_, kind.kind)
    case 'api_credit_out':
    case 'payment':
      return judgePayment(case_, kind.kind)
    default:
      return judgeOther(kind.kind, case_)
  }
}

type OtherKind = Exclude<
  RefusalKind['kind'],
  | 'gateway'
  | 'window'
  | 'extra_usage_out'
  | 'extra_usage_off'
  | 'cap_reached'
  | 'api_credit_out'
  | 'payment'
>

/** Refusals that are not about how much was used: no figure makes them so. */
function judgeOther(kind: OtherKind, { refusal, weighed }: Case): Verdict {
  const [ruling, confidence, why] = others[kind]
  const evidence = [note('for', why)]
  const isAboutUse =
    ruling === 'burst' || ruling === 'request_or_client' || ruling === 'long_context'
  if (isAboutUse && weighed.hasRoom) {
    evidence.push(note('for', 'your limits have room, so it is not about how much you used'))
  }
  const isStopped = refusal.isRetrying
  if (isStopped) evidence.push(note('note', 'the client had not given up yet; it was trying again'))
  return verdict({ ruling, confidence, evidence })
}

const others: Readonly<
  Record<OtherKind, readonly [Verdict['ruling'], Verdict['confidence'], string]>
> = {
  long_context: [
    'long_context',
    'high',
    'the message is the check whether the long (1M) context may be used; that is a permission, not a quota',
  ],
  third_party: [
    'request_or_client',
    'medium',
    'the service took the request for that of another program; users report the official client is hit by it as well, by what the prompt or the tools contain, or by an old version',
  ],
  organisation: ['organisation', 'medium', 'the message names a setting of the organisation'],
  forbidden: [
    'organisation',
    'medium',
    'the service answered 403: you are known, and this is not allowed to you. The client calls that a failed sign-in, which is misleading',
  ],
  sign_in: ['sign_in', 'high', 'the service does not accept the credential'],
  model: ['request_or_client', 'high', 'the chosen model is not there for this account'],
  too_large: ['request_or_client', 'high', 'the request is larger than the service takes'],
  bad_request: [
    'request_or_client',
    'medium',
    'the service answered 400: it objects to the request itself, and the message says to what',
  ],
  burst: [
    'burst',
    'medium',
    'the service answered 429 without naming a limit of your plan: too many requests in a short time, yours or everybody’s',
  ],
  overload: ['server_trouble', 'high', 'the service is overloaded'],
  server: ['server_trouble', 'high', 'the service failed inside'],
  connection: ['connection', 'high', 'the connection failed before an answer came'],
  unknown: ['unknown', 'low', 'the message is none that is known here'],
}

function judgeWindow(case_: Case, window: WindowName | undefined): Verdict {
  const { refusal, weighed } = case_
  const own = window === undefined ? undefined : weighed.windows.get(window)
  const limit = limitOf(case_, window)
  const isLate =
    limit.resetsAtMs !== undefined &&
    refusal.atMs !== undefined &&
    refusal.quota?.resetsAtMs !== undefined &&
    refusal.atMs - refusal.quota.resetsAtMs > lateMs
  if (isLate) {
    const why = 'the service said when the limit resets, and refused after that moment'
    return verdict({ ruling: 'false_refusal', confidence: 'medium', evidence: [note('for', why)] })
  }
  if (own?.standing === 'room') return judgeContradicted(case_, own.isSure)
  if (window === undefined && weighed.hasRoom) return judgeVague(case_)
  const { binding } = weighed
  const isOfficial = refusal.quota?.status === 'rejected'
  const evidence: EvidenceLine[] = []
  if (isOfficial) evidence.push(officialLine(refusal, window))
  const reason = refusal.quota?.overageDisabledReason
  if (reason !== undefined)
    evidence.push(note('note', `extra usage was closed: ${closedText(reason)}`))
  if (binding !== undefined) evidence.push(figureLine('for', binding.figure))
  if (!isOfficial && binding === undefined) {
    evidence.push(note('note', 'only the message says so; no figure confirms or contradicts it'))
  }
  if (weighed.money.isIntact) {
    evidence.push(
      note('against', 'extra usage has money and room below its cap, so it should have taken over'),
    )
  }
  const isSure = isOfficial || binding?.isSure === true
  return verdict({
    ruling: 'true_limit',
    confidence: isSure ? 'high' : 'medium',
    limit: binding !== undefined && own === undefined ? limitOf(case_, binding.window) : limit,
    evidence,
    missing: isSure ? [] : ['session', 'week'],
  })
}

/** A reset that lies so long before the refusal is no matter of clocks. */
const lateMs = 2 * 60_000

/** "You've hit your limit", while session and week have room: a limit of one model may be meant. */
function judgeVague({ weighed }: Case): Verdict {
  const evidence = [...weighed.windows.values()].map(({ figure }) => figureLine('for', figure))
  const open = note('against', 'the message names no limit; one of a single model may be meant')
  return verdict({
    ruling: 'possibly_false',
    confidence: 'medium',
    evidence: [...evidence, open],
    missing: ['week_opus', 'week_sonnet'],
  })
}

function judgeContradicted({ weighed, refusal }: Case, isSure: boolean): Verdict {
  const { binding } = weighed
  const evidence = [...weighed.windows.values()].map(({ figure, standing }) =>
    figureLine(standing === 'room' ? 'for' : 'against', figure),
  )
  if (binding !== undefined) {
    const other = `the message names another limit than the one that is used up (${windowTitles[binding.window]})`
    const limit: BindingLimit = {
      window: binding.window,
      resetsAtMs: binding.figure.resetsAtMs,
      isOver: false,
    }
    const found = { ruling: 'true_limit', confidence: 'medium', limit } as const
    return verdict({ ...found, evidence: [...evidence, note('note', other)] })
  }
  if (refusal.quota?.status === 'rejected') {
    evidence.push(officialLine(refusal, undefined, 'against'))
    return verdict({ ruling: 'false_refusal', confidence: 'medium', evidence })
  }
  return verdict({ ruling: 'false_refusal', confidence: isSure ? 'high' : 'medium', evidence })
}

const officialLine = (
  { quota, atMs }: Refusal,
  window: WindowName | undefined,
  side: EvidenceLine['side'] = 'for',
): EvidenceLine => ({
  side,
  text: `the service's own fields say: ${window === undefined ? (quota?.claim ?? 'a limit') : windowTitles[window]} rejected`,
  source: { kind: 'official', what: 'rate-limit fields of the refusal' },
  atMs,
})

/** 402: the purse of API keys, which is not the one of extra usage. */
function judgePayment({ weighed }: Case, kind: 'api_credit_out' | 'payment'): Verdict {
  const { balance, isBalanceEmpty } = weighed.money
  const purse = note(
    'note',
    'this is the prepaid credit of API keys (Console), another purse than the extra usage of a plan (claude.ai)',
  )
  const evidence = kind === 'api_credit_out' ? [purse] : []
  if (balance !== undefined) {
    evidence.push(figureLine(isBalanceEmpty ? 'for' : 'against', balance))
    if (!isBalanceEmpty) return verdict({ ruling: 'possibly_false', confidence: 'low', evidence })
  }
  const why = 'the service asks for payment (402)'
  return verdict({
    ruling: 'out_of_balance',
    confidence: isBalanceEmpty ? 'high' : kind === 'api_credit_out' ? 'medium' : 'low',
    evidence: [note('for', why), ...evidence],
    missing: balance === undefined ? ['balance'] : [],
  })
}
