import type { Decision, Figures, LimitFigures, Remedy } from '../../core/decision.ts'
import { isBelow } from '../../core/entitlement.ts'
import { formatMoney, type Nanos } from '../../core/money.ts'
import type { Explanation } from '../../operations/explain.ts'
import { quantityText, sourceTexts } from './describe-entry.ts'
import { extraUsageWords, limitTitle, reasonWords, remedyWords } from './wording.ts'

/** A decision in words: whether it was right, and the numbers that it was made of, in its own order. */
export type DecisionStory = {
  readonly verdict: string
  readonly steps: readonly DecisionStep[]
  /** What would have let it pass; null for a request that did. */
  readonly help: string | null
}

export type DecisionStep = {
  readonly title: string
  readonly numbers: string
  /** `open` let the request pass, `closed` did not, `skipped` was not asked. */
  readonly outcome: 'open' | 'closed' | 'skipped'
  /** The outcome in words. */
  readonly found: string
}

export function tellDecision(explanation: Explanation, symbol: string): DecisionStory {
  const { decision, facts } = explanation
  const figures = figuresIn(decision)
  const isEarly = decision.kind === 'deny' && decision.denial.extraUsageReason === null
  const isFree = decision.kind === 'allow' && decision.allowance.source === 'free'
  const steps = isEarly || isFree ? [] : stepsOf(decision, figures, { model: facts.model, symbol })
  return {
    verdict: verdictOf(explanation),
    steps,
    help: decision.kind === 'deny' ? helpOf(decision.denial.remedies) : null,
  }
}

/** What opens extra usage is needed together; waiting stands for itself. */
function helpOf(remedies: readonly Remedy[]): string {
  const steps = remedies.filter((remedy) => remedy !== 'wait_for_reset')
  const waits = remedies.filter((remedy) => remedy === 'wait_for_reset')
  return [steps, waits]
    .filter((way) => way.length > 0)
    .map((way) => way.map((remedy) => remedyWords[remedy]).join(' and '))
    .join(', or ')
}

const figuresIn = (decision: Decision): Figures =>
  decision.kind === 'allow' ? decision.allowance.figures : decision.denial.figures

function verdictOf({ kind, decision, isConfirmed, answeredReason }: Explanation): string {
  const again = decisionWords(decision)
  if (isConfirmed) {
    return kind === 'deny'
      ? `Refused, and rightly so: decided again from the journal, ${again}.`
      : `Admitted, and rightly so: decided again from the journal, ${again}.`
  }
  const then =
    kind === 'allow'
      ? 'the request was admitted'
      : `the request was refused (${answeredReason === null ? 'no reason kept' : reasonWords[answeredReason]})`
  return `Wrong: ${then}, but decided again from the journal, ${again}. This is a fault of the software; please report it with this id.`
}

function decisionWords(decision: Decision): string {
  if (decision.kind === 'allow') return `it is ${sourceTexts[decision.allowance.source]}`
  const { reason, extraUsageReason } = decision.denial
  const why = extraUsageReason === null ? '' : `; ${extraUsageWords[extraUsageReason]}`
  return `it is refused because ${reasonWords[reason]}${why}`
}

type Told = { readonly model: string; readonly symbol: string }

function stepsOf(decision: Decision, figures: Figures, told: Told): readonly DecisionStep[] {
  const limits = figures.limits.filter(
    ({ models }) => models === null || models.some((prefix) => told.model.startsWith(prefix)),
  )
  const isPlan = decision.kind === 'allow' && decision.allowance.source === 'plan'
  const steps = limits.map((limit) => limitStep(limit, { isPlan, symbol: told.symbol }))
  if (isPlan) {
    const numbers = 'not needed'
    return [...steps, { title: 'Extra usage', numbers, outcome: 'skipped', found: 'not asked' }]
  }
  return [
    ...steps,
    ...switchSteps(decision, figures),
    ...moneySteps(decision, figures, told.symbol),
  ]
}

type Finding = { readonly isOpen: boolean; readonly words: readonly [open: string, closed: string] }

function step(title: string, numbers: string, { isOpen, words }: Finding): DecisionStep {
  return {
    title,
    numbers,
    outcome: isOpen ? 'open' : 'closed',
    found: isOpen ? words[0] : words[1],
  }
}

/** Figures that leave with an allow count its own hold; before it, every limit of the plan had room. */
function limitStep(
  limit: LimitFigures,
  { isPlan, symbol }: { readonly isPlan: boolean; readonly symbol: string },
): DecisionStep {
  const text = (amount: bigint): string => quantityText(amount, limit.unit, symbol)
  const held = `${text(limit.held)} held${isPlan ? ' with this request' : ''}`
  const most = limit.amount === null ? 'no limit' : text(limit.amount)
  const exception = limit.exception === null ? '' : ' (an exception)'
  const numbers = `${text(limit.used)} used + ${held} of ${most}${exception}`
  const isOpen = isPlan || isBelow(limit.used + limit.held, limit.amount)
  return step(`${limitTitle(limit)} limit`, numbers, { isOpen, words: ['room', 'no room'] })
}

function switchSteps(decision: Decision, { extraUsage }: Figures): readonly DecisionStep[] {
  const words = ['allowed', 'not allowed'] as const
  const position = (title: string, isOn: boolean): DecisionStep =>
    step(title, isOn ? 'on' : 'off', { isOpen: isOn, words })
  const steps = [
    position('Extra usage for the account', extraUsage.isOnForCustomer),
    position('Extra usage for the member', extraUsage.isOnForMember),
  ]
  const reason = decision.kind === 'deny' ? decision.denial.extraUsageReason : null
  return reason === 'forbidden_by_request'
    ? [...steps, step('The request itself', 'forbids extra usage', { isOpen: false, words })]
    : steps
}

function moneySteps(
  decision: Decision,
  { extraUsage }: Figures,
  symbol: string,
): readonly DecisionStep[] {
  const money = (nanos: Nanos): string => formatMoney(nanos, symbol)
  const needed = neededNanos(decision)
  // An allow's figures count its own hold, which is what was asked for here.
  const ownNanos = decision.kind === 'allow' ? needed : 0n
  const cap = (title: string, capNanos: Nanos | null, takenNanos: Nanos): DecisionStep => {
    const words = ['room', 'no room'] as const
    if (capNanos === null) return step(title, 'none', { isOpen: true, words })
    const numbers = `${money(takenNanos)} spent or held of ${money(capNanos)}, needs ${money(needed)}`
    return step(title, numbers, { isOpen: takenNanos + needed <= capNanos, words })
  }
  const { balanceNanos, spentNanos, memberSpentNanos } = extraUsage
  const heldNanos = extraUsage.heldNanos - ownNanos
  const memberHeldNanos = extraUsage.memberHeldNanos - ownNanos
  return [
    cap('Spend cap of the month', extraUsage.capNanos, spentNanos + heldNanos),
    cap("The member's own cap", extraUsage.memberCapNanos, memberSpentNanos + memberHeldNanos),
    step(
      'Balance',
      `${money(balanceNanos)} less ${money(heldNanos)} held, needs ${money(needed)}`,
      {
        isOpen: balanceNanos - heldNanos >= needed,
        words: ['enough', 'not enough'],
      },
    ),
  ]
}

/** What the request has to hold from the wallet. */
function neededNanos(decision: Decision): Nanos {
  return decision.kind === 'allow'
    ? decision.allowance.heldNanos
    : (decision.denial.neededNanos ?? 0n)
}
