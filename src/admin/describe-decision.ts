import type { Decision, Figures, LimitFigures } from '../core/decision.ts'
import { formatMoney, type Nanos } from '../core/money.ts'
import type { Explanation } from '../operations/explain.ts'
import { quantityText, sourceTexts } from './describe-entry.ts'
import { extraUsageWords, limitTitle, reasonWords, remedyWords } from './wording.ts'

/** A decision in words: whether it was right, and the numbers that it was made of, in its own order. */
export type DecisionStory = {
  readonly verdict: string
  readonly steps: readonly DecisionStep[]
  readonly remedies: readonly string[]
}

export type DecisionStep = {
  readonly title: string
  readonly numbers: string
  /** `open` let the request pass, `closed` did not, `skipped` was not asked. */
  readonly outcome: 'open' | 'closed' | 'skipped'
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
    remedies:
      decision.kind === 'deny' ? decision.denial.remedies.map((code) => remedyWords[code]) : [],
  }
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
  const steps = limits.map((limit) => limitStep(limit, told.symbol))
  const isPlan = decision.kind === 'allow' && decision.allowance.source === 'plan'
  return isPlan
    ? [...steps, { title: 'Extra usage', numbers: 'not needed, not looked at', outcome: 'skipped' }]
    : [...steps, ...extraUsageSteps(decision, figures, told.symbol)]
}

function limitStep(limit: LimitFigures, symbol: string): DecisionStep {
  const text = (amount: bigint): string => quantityText(amount, limit.unit, symbol)
  const hasRoom = limit.used + limit.held < limit.amount
  return {
    title: `${limitTitle(limit)} limit`,
    numbers: `${text(limit.used)} used + ${text(limit.held)} held, limit ${text(limit.amount)}`,
    outcome: hasRoom ? 'open' : 'closed',
  }
}

function extraUsageSteps(
  decision: Decision,
  figures: Figures,
  symbol: string,
): readonly DecisionStep[] {
  const { extraUsage } = figures
  const money = (nanos: Nanos): string => formatMoney(nanos, symbol)
  const needed = neededNanos(decision)
  const reason = decision.kind === 'deny' ? decision.denial.extraUsageReason : null
  const switches: DecisionStep[] = [
    {
      title: 'Extra usage for the account',
      numbers: extraUsage.isOnForCustomer ? 'on' : 'off',
      outcome: extraUsage.isOnForCustomer ? 'open' : 'closed',
    },
    {
      title: 'Extra usage for the member',
      numbers: extraUsage.isOnForMember ? 'on' : 'off',
      outcome: extraUsage.isOnForMember ? 'open' : 'closed',
    },
  ]
  if (reason === 'forbidden_by_request') {
    switches.push({
      title: 'The request itself',
      numbers: 'forbids extra usage',
      outcome: 'closed',
    })
  }
  return [
    ...switches,
    capStep('Spend cap of the month', {
      capNanos: extraUsage.capNanos,
      takenNanos: extraUsage.spentNanos + extraUsage.heldNanos,
      needed,
      symbol,
    }),
    capStep("The member's own cap", {
      capNanos: extraUsage.memberCapNanos,
      takenNanos: extraUsage.memberSpentNanos + extraUsage.memberHeldNanos,
      needed,
      symbol,
    }),
    {
      title: 'Balance',
      numbers: `${money(extraUsage.balanceNanos)} less ${money(extraUsage.heldNanos)} held, ${money(needed)} needed`,
      outcome: extraUsage.balanceNanos - extraUsage.heldNanos >= needed ? 'open' : 'closed',
    },
  ]
}

function capStep(
  title: string,
  room: {
    readonly capNanos: Nanos | null
    readonly takenNanos: Nanos
    readonly needed: Nanos
    readonly symbol: string
  },
): DecisionStep {
  const { capNanos, takenNanos, needed } = room
  if (capNanos === null) return { title, numbers: 'none', outcome: 'open' }
  const money = (nanos: Nanos): string => formatMoney(nanos, room.symbol)
  return {
    title,
    numbers: `${money(takenNanos)} spent or held, ${money(needed)} needed, cap ${money(capNanos)}`,
    outcome: takenNanos + needed <= capNanos ? 'open' : 'closed',
  }
}

/** What the request has to hold from the wallet. */
function neededNanos(decision: Decision): Nanos {
  return decision.kind === 'allow'
    ? decision.allowance.heldNanos
    : (decision.denial.neededNanos ?? 0n)
}
