import { formatMoney } from '../../core/money.ts'
import { isWindowFigure, type Figure, type MoneyFigure } from '../verdict/evidence.ts'
import { moneyText, percentText } from '../verdict/weigh-figures.ts'

/** One figure from before and its successor, and what the difference means. */
export type Comparison = {
  readonly name: Figure['name']
  readonly before: string
  readonly after: string
  readonly meaning: string
  /** Money went, or a switch moved, which a person should know of. */
  readonly isNotable: boolean
}

export function compareFigures(
  before: readonly Figure[],
  after: readonly Figure[],
): readonly Comparison[] {
  return newest(after).flatMap((figure) => {
    const old = newest(before).find(({ name }) => name === figure.name)
    return old === undefined ? [] : [compare(old, figure)]
  })
}

function newest(figures: readonly Figure[]): readonly Figure[] {
  const kept = new Map<Figure['name'], Figure>()
  for (const figure of figures) {
    const other = kept.get(figure.name)
    if (other === undefined || figure.atMs >= other.atMs) kept.set(figure.name, figure)
  }
  return [...kept.values()]
}

function compare(old: Figure, figure: Figure): Comparison {
  const [before, after] = [valueText(old), valueText(figure)]
  const compared = { name: figure.name, before, after }
  if ('amountNanos' in old && 'amountNanos' in figure) {
    return { ...compared, ...moneyMeaning(old, figure) }
  }
  const isSwitch = figure.name === 'extra_usage'
  const meaning = before === after ? 'unchanged' : isSwitch ? 'the switch was moved' : 'changed'
  return { ...compared, meaning, isNotable: isSwitch && before !== after }
}

function moneyMeaning(
  old: MoneyFigure,
  figure: MoneyFigure,
): Pick<Comparison, 'meaning' | 'isNotable'> {
  const [was, is] = [old.amountNanos, figure.amountNanos]
  if (old.symbol !== figure.symbol) {
    return { meaning: 'two currencies, which cannot be compared', isNotable: true }
  }
  if (was === is) return { meaning: 'unchanged', isNotable: false }
  if (was === undefined || is === undefined || figure.name === 'cap') {
    return { meaning: 'the cap was changed', isNotable: true }
  }
  const difference = formatMoney(is > was ? is - was : was - is, figure.symbol)
  const isMore = is > was
  if (figure.name === 'spent') {
    const meaning = isMore
      ? `${difference} was charged since`
      : `${difference} less than before: a new month, or a refund`
    return { meaning, isNotable: isMore }
  }
  return {
    meaning: isMore ? `${difference} was added` : `${difference} went from it`,
    isNotable: !isMore,
  }
}

function valueText(figure: Figure): string {
  if (isWindowFigure(figure)) return percentText(figure.usedPercent)
  if (figure.name === 'extra_usage') return figure.isOn ? 'on' : 'off'
  return moneyText(figure)
}

/** A balance that falls by more than what is said to be spent is for support. */
export function unexplainedLoss(
  before: readonly Figure[],
  after: readonly Figure[],
): string | undefined {
  const change = (name: 'balance' | 'spent'): bigint | undefined => {
    const amount = (figures: readonly Figure[]): MoneyFigure | undefined =>
      newest(figures).find((figure): figure is MoneyFigure => figure.name === name)
    const [old, now] = [amount(before), amount(after)]
    if (old?.symbol !== now?.symbol) return undefined
    if (old?.amountNanos === undefined || now?.amountNanos === undefined) return undefined
    return now.amountNanos - old.amountNanos
  }
  const [balance, spent] = [change('balance'), change('spent')]
  if (balance === undefined || spent === undefined || spent < 0n) return undefined
  const lost = -balance - spent
  if (lost <= 0n) return undefined
  const symbol = newest(after).find(
    (figure): figure is MoneyFigure => figure.name === 'balance',
  )?.symbol
  return formatMoney(lost, symbol)
}
