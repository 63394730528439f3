import type { AutoReload, SpendCap } from '../../core/account.ts'
import type { EntryBody, Leg } from '../../core/entry.ts'
import { formatMoney, type Nanos } from '../../core/money.ts'
import { countTokens, type Unit } from '../../core/usage.ts'
import type { HistoryLine } from '../../operations/history-lines.ts'
import { reloadStopWords } from './wording.ts'

/** Journal entries in words, for whoever reads a history or an explanation. */

/** One line of a history: "Top-up", "claude-sonnet-5-5", "Spend cap set to $5.00". */
export function lineTitle(line: HistoryLine, symbol: string): string {
  switch (line.kind) {
    case 'request':
      return line.request?.model ?? 'Request'
    case 'request_lost':
      return `${line.request?.model ?? 'A request'}: cut off, nothing charged`
    case 'request_failed':
      return `${line.request?.model ?? 'A request'}: ${failureWords(line.request?.cause ?? '')}, nothing charged`
    case 'top_up':
      return line.origin === 'auto_reload' ? 'Top-up by auto-reload' : 'Top-up'
    case 'gift':
      return 'Gift'
    case 'included':
      return 'Credit included in the plan'
    case 'grant_expired':
      return line.changeNanos > 0n ? 'Credit is back: it had not expired' : 'Credit expired'
    case 'refunded':
      return 'Refund'
    case 'other_members':
      return 'Other members of the account'
    case 'setting':
      return line.setting === null
        ? 'Setting'
        : entryTitle({ body: line.setting, legs: [] }, symbol)
  }
}

/** Why a request came to nothing, in a few words; the code stands in the JSON. */
export function failureWords(cause: string): string {
  if (cause === 'caller_left') return 'the caller left'
  return cause.startsWith('upstream') ? 'the upstream failed' : 'no answer'
}

type Described = { readonly body: EntryBody; readonly legs: readonly Leg[] }

/** One entry of the journal in a sentence. */
export function entryTitle({ body, legs }: Described, symbol: string): string {
  const money = (nanos: Nanos): string => formatMoney(nanos, symbol)
  switch (body.kind) {
    case 'boot':
      return `The server started (version ${body.version})`
    case 'swept':
      return 'Holds of an earlier run were ended'
    case 'clock_adopted':
      return `The clock went ahead to ${momentText(body.toMs)}`
    case 'clock_corrected':
      return `The clock was put back from ${momentText(body.fromMs)} to ${momentText(body.toMs)}`
    case 'plan_published':
      return `Plan ${body.plan.id} became version ${body.plan.version}`
    case 'price_published':
      return `Price of ${body.price.model} published`
    case 'customer_opened':
      return `Customer opened, extra usage ${onOff(body.isExtraUsageOn)}, ${capText(body.cap, money)}`
    case 'member_seated':
      return `Seated on plan ${body.planId}`
    case 'key_issued':
      return `Key ${body.keyId} issued`
    case 'key_revoked':
      return `Key ${body.keyId} revoked`
    case 'extra_usage_set':
      return `Extra usage turned ${onOff(body.isOn)} for ${scopeText(body.scope)}`
    case 'spend_cap_set':
      return `${capText(body.cap, money)} set for ${scopeText(body.scope)}`
    case 'status_set':
      return `${body.scope === 'customer' ? 'The whole account' : 'The member'} ${body.isActive ? 'resumed' : 'paused'}`
    case 'limit_excepted':
      return exceptionText(body, symbol)
    case 'granted':
      return `${grantTexts[body.grant.origin]} of ${money(body.grant.amountNanos)}`
    case 'auto_reload_set':
      return reloadText(body.setting, money)
    case 'standing_order_set':
      return body.monthMaxNanos === 0n
        ? 'The standing order for reloads ended'
        : `Standing order: the operator pays for reloads of up to ${money(body.monthMaxNanos)} a month`
    case 'reload_refused':
      return `Auto-reload of ${money(body.amountNanos)} stopped: ${reloadStopWords[body.reason]}`
    case 'refunded':
      return `Refund from grant ${body.grantId}`
    case 'window_credited':
      return `${capitalized(body.limitId)} given back${creditText(legs, money)}`
    default:
      return holdTitle(body, money)
  }
}

type HoldBody = Extract<
  EntryBody,
  { kind: 'held' | 'hold_grown' | 'settled' | 'voided' | 'expired' | 'drift_found' }
>

function holdTitle(body: HoldBody, money: (nanos: Nanos) => string): string {
  switch (body.kind) {
    case 'held':
      return `Admitted, ${sourceTexts[body.source]}, held ${money(body.amounts.money)}: ${body.facts.model}`
    case 'hold_grown':
      return `Hold grown to ${money(body.amounts.money)} while it ran`
    case 'settled':
      return `Settled, cost ${money(body.costNanos)}, charged ${money(body.chargedNanos)}: ${countTokens(body.usage).toLocaleString('en')} tokens, ${body.model}`
    case 'voided':
      return `Hold given back: ${body.cause.replaceAll('_', ' ')}`
    case 'expired':
      return 'Hold expired; nothing was charged'
    case 'drift_found':
      return `A stored sum differed from the journal and was put right (${body.drifts.map((drift) => drift.field).join(', ')})`
  }
}

/** An amount in the unit that a limit counts in. */
export function quantityText(amount: bigint, unit: Unit, symbol: string): string {
  if (unit === 'money') return formatMoney(amount, symbol)
  return `${amount.toLocaleString('en')} ${unit === 'tokens' ? 'tokens' : amount === 1n ? 'request' : 'requests'}`
}

export const sourceTexts = {
  plan: 'paid by the plan',
  extra_usage: 'paid by extra usage',
  free: 'free of charge',
} as const

const grantTexts = {
  top_up: 'Top-up',
  auto_reload: 'Top-up by auto-reload',
  gift: 'Gift',
  included: 'Credit included in the plan,',
} as const

const momentText = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off')
const scopeText = (scope: 'customer' | 'member'): string =>
  scope === 'customer' ? 'the whole account' : 'the member'

const capText = (cap: SpendCap, money: (nanos: Nanos) => string): string =>
  cap.kind === 'unlimited' ? 'No spend cap' : `Spend cap ${money(cap.amountNanos)}`

function reloadText(setting: AutoReload, money: (nanos: Nanos) => string): string {
  if (setting.kind === 'off') return 'Auto-reload turned off'
  const { thresholdNanos, amountNanos, monthMaxNanos } = setting
  return `Auto-reload turned on: ${money(amountNanos)} whenever less than ${money(thresholdNanos)} is available, at most ${money(monthMaxNanos)} a month`
}

function exceptionText(
  { limitId, unit, exception }: Extract<EntryBody, { kind: 'limit_excepted' }>,
  symbol: string,
): string {
  const limit = `Limit ${limitId} for the member`
  if (exception === null) return `${limit}: the plan's own amount counts again`
  const { amount, untilMs } = exception
  const most = amount === null ? 'unlimited' : quantityText(amount, unit, symbol)
  const until = untilMs === null ? '' : `, until ${momentText(untilMs)}`
  return `${limit}: ${most} instead of the plan's own amount${until}`
}

function creditText(legs: readonly Leg[], money: (nanos: Nanos) => string): string {
  const [leg] = legs
  if (leg === undefined) return ''
  return leg.unit === undefined || leg.unit === 'money'
    ? `, ${money(leg.amount)}`
    : `, ${leg.amount.toLocaleString('en')} ${leg.unit}`
}
