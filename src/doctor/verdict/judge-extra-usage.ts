import type { FigureName } from './evidence.ts'
import { closedText } from './closed-text.ts'
import { limitOf, note, verdict, type Case } from './case.ts'
import type { Confidence, EvidenceLine, Verdict } from './verdict.ts'
import { figureLine, type WeighedMoney } from './weigh-figures.ts'

/**
 * "You're out of extra usage": true only when the plan has no room *and* extra usage cannot pay. The plan
 * pays first, so room in it contradicts the message whatever the purse holds.
 */
export function judgeExtraUsage(
  case_: Case,
  said: 'extra_usage_out' | 'extra_usage_off' | 'cap_reached',
): Verdict {
  const { weighed, refusal } = case_
  const { money, hasRoom, binding } = weighed
  const why = whyItCannotPay(case_, said)
  if (hasRoom && why?.isOfficial !== true) return judgeWithRoom(case_)
  const evidence = [...windowLines(case_), ...moneyLines(money, why)]
  const missing = missingFigures(case_)
  const limit = binding === undefined ? undefined : limitOf(case_, binding.window)
  if (why !== undefined) {
    const isSure = binding?.isSure === true || (why.isOfficial && !hasRoom)
    if (binding === undefined && !why.isOfficial) evidence.push(planUnknown)
    if (hasRoom) evidence.push(planHasRoom)
    const official = why.isOfficial ? [officialReason(case_)] : []
    const confidence = isSure ? 'high' : 'medium'
    const { ruling } = why
    return verdict({ ruling, confidence, limit, missing, evidence: [...official, ...evidence] })
  }
  if (money.isIntact && money.isApart) {
    const known = evidence.map((line): EvidenceLine => ({ ...line, side: 'note' }))
    const found = { ruling: 'possibly_false', confidence: 'low', limit, missing } as const
    return verdict({ ...found, evidence: [...known, readApart] })
  }
  if (money.isIntact) {
    const isOpen = money.toggle?.isOn === true && refusal.quota?.status !== 'rejected'
    const confidence = isOpen ? 'high' : 'medium'
    return verdict({ ruling: 'false_refusal', confidence, limit, missing, evidence })
  }
  if (binding !== undefined) {
    const open = 'which part of extra usage is used up, balance or cap, no figure says'
    const found = { ruling: 'true_limit', confidence: 'medium', limit, missing } as const
    return verdict({ ...found, evidence: [...evidence, note('note', open)] })
  }
  const found = { ruling: 'possibly_false', confidence: 'low', missing } as const
  const known = evidence.map((line): EvidenceLine => ({ ...line, side: 'note' }))
  const open =
    known.length === 0
      ? 'the message holds no figure, and none was found that confirms or contradicts it'
      : 'what is known so far neither confirms nor contradicts the message'
  return verdict({ ...found, evidence: [...known, note('note', open)] })
}

const readApart = note(
  'against',
  'the balance was read long before or after the refusal; money that was spent or added in between would explain it',
)

const planHasRoom = note(
  'against',
  'the plan has room by the figures; what was asked may be paid from extra usage alone',
)

const planUnknown = note(
  'note',
  'whether the plan itself has room is not known; if it has, the refusal is false all the same',
)

function judgeWithRoom(case_: Case): Verdict {
  const { weighed } = case_
  const { money } = weighed
  const evidence = [...windowLines(case_), ...moneyLines(money, undefined)]
  const missing = missingFigures(case_)
  const oneModel = ['week_opus', 'week_sonnet'] as const
  const isModelKnown = oneModel.some((window) => weighed.windows.has(window))
  if (!money.isIntact && !isModelKnown) evidence.push(modelUnknown)
  if (money.isBalanceEmpty || money.isCapReached || money.isOff) {
    evidence.push(purseShut)
    // A limit of one model, with nothing to pay from, would make the message true.
    if (!isModelKnown) {
      const open = [...oneModel, ...missing]
      return verdict({ ruling: 'possibly_false', confidence: 'medium', evidence, missing: open })
    }
  }
  const isSure = [...weighed.windows.values()].every((window) => window.isSure)
  const confidence: Confidence = money.isIntact && isSure ? 'high' : 'medium'
  return verdict({ ruling: 'false_refusal', confidence, evidence, missing })
}

const purseShut = note(
  'against',
  'extra usage cannot pay now; a request that the service takes for another program’s draws on it alone',
)
const modelUnknown = note(
  'against',
  'a limit of a single model (Opus, Sonnet) would explain it, and was not told',
)

type Why = { readonly ruling: Verdict['ruling']; readonly isOfficial: boolean }

/** Figures before words: a purse that is known to hold money is not called empty because a message says so. */
function whyItCannotPay(
  { weighed, refusal }: Case,
  said: 'extra_usage_out' | 'extra_usage_off' | 'cap_reached',
): Why | undefined {
  const { money } = weighed
  if (money.isOff) return { ruling: 'extra_usage_off', isOfficial: false }
  if (money.isBalanceEmpty) return { ruling: 'out_of_balance', isOfficial: false }
  if (money.isCapReached) return { ruling: 'cap_reached', isOfficial: false }
  const official = codeOfReason(refusal.quota?.overageDisabledReason)
  const isContradicted = money.isIntact && official !== 'organisation'
  if (official !== undefined && !isContradicted) return { ruling: official, isOfficial: true }
  if (said === 'extra_usage_off' && money.toggle === undefined && !money.isIntact) {
    return { ruling: 'extra_usage_off', isOfficial: false }
  }
  if (said === 'cap_reached' && !money.isIntact) return { ruling: 'cap_reached', isOfficial: false }
  return undefined
}

/** The service's own reasons for extra usage being closed. */
function codeOfReason(reason: string | undefined): Verdict['ruling'] | undefined {
  switch (reason) {
    case 'out_of_credits':
      return 'out_of_balance'
    case 'overage_not_provisioned':
    case 'no_limits_configured':
      return 'extra_usage_off'
    case 'org_level_disabled':
    case 'org_level_disabled_until':
    case 'org_service_level_disabled':
    case 'seat_tier_level_disabled':
    case 'seat_tier_zero_credit_limit':
    case 'member_level_disabled':
    case 'member_zero_credit_limit':
    case 'group_zero_credit_limit':
      return 'organisation'
    default:
      return undefined
  }
}

const officialReason = ({ refusal }: Case): EvidenceLine => ({
  side: 'for',
  text: `the service's own fields say why extra usage is closed: ${closedText(refusal.quota?.overageDisabledReason ?? '')}`,
  source: { kind: 'official', what: 'rate-limit fields of the refusal' },
  atMs: refusal.atMs,
})

const windowLines = ({ weighed }: Case): EvidenceLine[] =>
  [...weighed.windows.values()].map(({ figure }) => figureLine('for', figure))

function moneyLines(money: WeighedMoney, why: Why | undefined): readonly EvidenceLine[] {
  const { balance, cap, spent, toggle } = money
  const lines = [balance, cap, spent, toggle]
    .filter((figure) => figure !== undefined)
    .map((figure) => figureLine(why === undefined && !money.isIntact ? 'note' : 'for', figure))
  const isMistakable =
    money.isBalanceEmpty && cap?.amountNanos !== undefined && cap.amountNanos > 0n
  const mistake =
    'a cap with room is permission to spend, not money: with an empty balance there is nothing to spend'
  return isMistakable ? [...lines, note('note', mistake)] : lines
}

function missingFigures({ weighed }: Case): readonly FigureName[] {
  const { windows, money } = weighed
  const missing: FigureName[] = []
  if (!windows.has('session')) missing.push('session')
  if (!windows.has('week')) missing.push('week')
  if (money.balance === undefined) missing.push('balance')
  if (money.cap === undefined) missing.push('cap')
  const isUnlimited = money.cap !== undefined && money.cap.amountNanos === undefined
  if (money.spent === undefined && !isUnlimited) missing.push('spent')
  return missing
}
