import { formatMoney } from '../../core/money.ts'
import type { IncludedGrant, Limit, Plan, WindowShape } from '../../core/plan.ts'
import type { Unit } from '../../core/usage.ts'
import { windowKind } from '../../core/window.ts'
import { limitTitle } from '../wording/wording.ts'

/** How two plans, or two versions of one, differ: a sentence for each difference, written once for all readers. */
export function planSentences(
  before: Plan | undefined,
  after: Plan,
  symbol: string,
): readonly string[] {
  return [
    ...nameAndPrice(before, after, symbol),
    ...limitSentences(before?.limits ?? [], after.limits, symbol),
    ...grantSentences(before?.grants ?? [], after.grants, symbol),
    ...numbers(before, after),
  ]
}

function nameAndPrice(before: Plan | undefined, after: Plan, symbol: string): readonly string[] {
  const sentences: string[] = []
  if (before !== undefined && before.name !== after.name) {
    sentences.push(`The name is "${after.name}", and was "${before.name}".`)
  }
  const price = (plan: Plan): string =>
    plan.priceNanos === null
      ? 'not sold by the month'
      : `${formatMoney(plan.priceNanos, symbol)} a month`
  if (before === undefined) sentences.push(`The price: ${price(after)}.`)
  else if (before.priceNanos !== after.priceNanos)
    sentences.push(`The price: ${price(after)}, before ${price(before)}.`)
  return sentences
}

function limitSentences(
  before: readonly Limit[],
  after: readonly Limit[],
  symbol: string,
): readonly string[] {
  const old = new Map(before.map((limit) => [limit.id, limit]))
  const sentences = after.flatMap((limit) => {
    const known = old.get(limit.id)
    old.delete(limit.id)
    return known === undefined
      ? [`${titleOf(limit)}: ${amountText(limit, symbol)}, ${shapeWords(limit)} (new).`]
      : changedLimit(known, limit, symbol)
  })
  for (const limit of old.values()) sentences.push(`${titleOf(limit)}: no longer a limit.`)
  return sentences
}

function changedLimit(before: Limit, after: Limit, symbol: string): readonly string[] {
  const sentences: string[] = []
  const title = titleOf(after)
  if (before.amount !== after.amount) {
    const word = after.amount > before.amount ? 'raised' : 'lowered'
    const [from, to] = [amountText(before, symbol), amountText(after, symbol)]
    sentences.push(`${title}: ${word} from ${from} to ${to}, for the very next request.`)
  }
  if (shapeWords(before) !== shapeWords(after)) {
    sentences.push(
      `${title}: ${shapeWords(after)}, before ${shapeWords(before)}; from the next window on, running ones end as shown.`,
    )
  }
  const models = ({ models: names }: Limit): string => names?.join(', ') ?? 'all models'
  if (models(before) !== models(after)) {
    sentences.push(`${title}: counts ${models(after)}, before ${models(before)}.`)
  }
  return sentences
}

function grantSentences(
  before: readonly IncludedGrant[],
  after: readonly IncludedGrant[],
  symbol: string,
): readonly string[] {
  const words = ({ amountNanos, every }: IncludedGrant): string =>
    `${formatMoney(amountNanos, symbol)} ${every === 'once' ? 'once' : 'every month'}`
  const old = new Map(before.map((grant) => [grant.id, grant]))
  const sentences = after.flatMap((grant) => {
    const known = old.get(grant.id)
    old.delete(grant.id)
    if (known === undefined) return [`Included credit ${grant.id}: ${words(grant)} (new).`]
    if (words(known) === words(grant)) return []
    return [`Included credit ${grant.id}: ${words(grant)}, before ${words(known)}.`]
  })
  for (const { id } of old.values()) sentences.push(`Included credit ${id}: no longer given.`)
  return sentences
}

function numbers(before: Plan | undefined, after: Plan): readonly string[] {
  const sentences: string[] = []
  if (before?.runningMax !== after.runningMax) {
    const was = before === undefined ? '' : `, before ${before.runningMax}`
    sentences.push(`At most ${after.runningMax} requests of a member at once${was}.`)
  }
  if (before !== undefined && before.outputTokensExpected !== after.outputTokensExpected) {
    sentences.push(
      `${after.outputTokensExpected} output tokens are expected of a first request, before ${before.outputTokensExpected}.`,
    )
  }
  return sentences
}

export const titleOf = (limit: Limit): string =>
  limitTitle({ windowKind: windowKind(limit), models: limit.models ?? null })

const amountText = ({ amount, unit }: Limit, symbol: string): string =>
  quantity(amount, unit, symbol)

const quantity = (amount: bigint, unit: Unit, symbol: string): string =>
  unit === 'money' ? formatMoney(amount, symbol) : `${amount} ${unit}`

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function shapeWords(limit: Limit): string {
  const shape = limit.shapes.at(-1)?.shape
  return shape === undefined ? 'no window' : wordsOf(shape)
}

function wordsOf(shape: WindowShape): string {
  switch (shape.kind) {
    case 'session':
      return `${shape.lengthMs / 3_600_000} h from the first message`
    case 'week': {
      const { weekday, hour, minute } = shape.anchor
      const time = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':')
      return `a week from ${weekdays[weekday - 1] ?? ''} ${time} (${shape.zone})`
    }
    case 'month':
      return `a calendar month (${shape.zone})`
    case 'day':
      return `a day (${shape.zone})`
  }
}
