import { formatMoney, type Nanos } from '../../core/money.ts'
import {
  isWindowFigure,
  windowMs,
  windowNames,
  windowTitles,
  type Evidence,
  type Figure,
  type MoneyFigure,
  type MoneyName,
  type Refusal,
  type SwitchFigure,
  type WindowFigure,
  type WindowName,
} from './evidence.ts'
import { kindOf } from './refusal-kind.ts'
import { resetInText } from './reset-in-text.ts'
import type { EvidenceLine } from './verdict.ts'

/**
 * What the figures say about the moment of the refusal. A figure of another window, or one from too long
 * before, says nothing about it; an estimate never does.
 */
export type Weighed = {
  readonly windows: ReadonlyMap<WindowName, WeighedWindow>
  /** The limits that every request has to pass have room, and no other is known to bind. */
  readonly hasRoom: boolean
  readonly binding: WeighedWindow | undefined
  readonly money: WeighedMoney
  /** Vouched for, and yet of another window or too old. */
  readonly notCounted: readonly WindowFigure[]
}

export type WeighedWindow = {
  readonly window: WindowName
  readonly standing: 'room' | 'used_up'
  readonly isSure: boolean
  readonly figure: WindowFigure
}

export type WeighedMoney = {
  readonly balance: MoneyFigure | undefined
  readonly cap: MoneyFigure | undefined
  readonly spent: MoneyFigure | undefined
  readonly toggle: SwitchFigure | undefined
  readonly isBalanceEmpty: boolean
  readonly isCapReached: boolean
  readonly isOff: boolean
  /** Money is there, the cap leaves room for it, and nothing says that it is switched off. */
  readonly isIntact: boolean
  /** The balance was read long before or after the refusal, and may have been another one at it. */
  readonly isApart: boolean
}

const minuteMs = 60_000
/** Clocks of the service, the client and this machine agree about as well as this. */
const slackMs = minuteMs
/** A figure that was read so soon after the refusal lies in the same window as it. */
const promptMs = 30 * minuteMs
/** Without its reset, a week's figure is taken for that of the refusal for a day. */
const weekLateMs = 24 * 60 * minuteMs
/** What was left so shortly before a refusal was probably still left. */
const freshMs = 10 * minuteMs
const freshPercentMax = 90
const nearlyFullPercent = 98
/** A balance from so long before the refusal says nothing about it. */
const moneyStaleMs = 24 * 60 * minuteMs

export function weigh({ figures, refusal, nowMs }: Evidence): Weighed {
  const refusedAtMs = refusal?.atMs ?? nowMs
  const moment: Moment = {
    refusedAtMs,
    sessionId: refusal?.sessionId,
    named: resetNamed(refusal, refusedAtMs),
  }
  const windows = new Map<WindowName, WeighedWindow>()
  for (const window of windowNames) {
    const weighed = figures
      .filter((figure) => isWindowFigure(figure) && figure.name === window)
      .flatMap((figure) => weighWindow(figure as WindowFigure, moment) ?? [])
      .sort(strongestFirst)
    const [strongest] = weighed
    if (strongest !== undefined) windows.set(window, strongest)
  }
  const notCounted = figures
    .filter(isWindowFigure)
    .filter((figure) => figure.source.kind !== 'estimate' && !windows.has(figure.name))
  const all = [...windows.values()]
  const binding = all.find(({ standing }) => standing === 'used_up')
  const passes = (window: WindowName): boolean => windows.get(window)?.standing === 'room'
  return {
    windows,
    hasRoom: binding === undefined && passes('session') && passes('week'),
    binding,
    money: weighMoney(figures, refusedAtMs),
    notCounted,
  }
}

function resetNamed(refusal: Refusal | undefined, refusedAtMs: number): Moment['named'] {
  if (refusal === undefined) return undefined
  const said = kindOf(refusal)
  if (said.kind !== 'window') return undefined
  const resetsAtMs = refusal.quota?.resetsAtMs ?? resetInText(refusal.text, refusedAtMs)
  return resetsAtMs === undefined ? undefined : { window: said.window, resetsAtMs }
}

type Moment = {
  readonly refusedAtMs: number
  readonly sessionId: string | undefined
  /** The limit that the refusal named, and when it said that it resets. */
  readonly named:
    | { readonly window: WindowName | undefined; readonly resetsAtMs: number }
    | undefined
}

function weighWindow(figure: WindowFigure, moment: Moment): WeighedWindow | undefined {
  if (figure.source.kind === 'estimate') return undefined
  const { refusedAtMs, named } = moment
  const { resetsAtMs, usedPercent, atMs } = figure
  const isUsedUp = usedPercent >= 100
  const standing = isUsedUp ? 'used_up' : 'room'
  const weighed = { window: figure.name, standing, figure } as const
  if (atMs >= refusedAtMs - slackMs) {
    if (!isUsedUp && isOfUnknownTime(figure, moment)) return undefined
    // It has reset in between, so this is another window.
    if (named?.window === figure.name && named.resetsAtMs <= atMs) return undefined
    return weighLater(weighed, refusedAtMs)
  }
  if (resetsAtMs !== undefined && resetsAtMs <= refusedAtMs + slackMs) return undefined
  if (refusedAtMs - atMs > windowMs[figure.name]) return undefined
  // Use only grows within a window, so what was used up before is still used up.
  if (isUsedUp) return { ...weighed, isSure: resetsAtMs !== undefined }
  const isFresh = refusedAtMs - atMs <= freshMs && usedPercent <= freshPercentMax
  return isFresh ? { ...weighed, isSure: false } : undefined
}

/** What another session heard with its last answer, however long ago that was. */
export const isOfUnknownTime = (
  { sessionId }: WindowFigure,
  refused: { readonly sessionId: string | undefined },
): boolean => sessionId !== undefined && sessionId !== refused.sessionId

/** Read after the refusal: the most that can have been used at it, if no reset lies in between. */
function weighLater(
  weighed: Omit<WeighedWindow, 'isSure'>,
  refusedAtMs: number,
): WeighedWindow | undefined {
  const { window, standing, figure } = weighed
  const { resetsAtMs, atMs } = figure
  const laterMs = atMs - refusedAtMs
  // Pages round: what shows 99 % may be all but used up.
  const isNearlyFull = standing === 'room' && figure.usedPercent >= nearlyFullPercent
  if (laterMs > windowMs[window]) return undefined
  if (resetsAtMs !== undefined) {
    const startMs = resetsAtMs - windowMs[window]
    return startMs > refusedAtMs + slackMs ? undefined : { ...weighed, isSure: !isNearlyFull }
  }
  if (laterMs <= promptMs) return { ...weighed, isSure: !isNearlyFull }
  const isLikelySame = standing === 'used_up' || (window !== 'session' && laterMs <= weekLateMs)
  return isLikelySame ? { ...weighed, isSure: false } : undefined
}

function strongestFirst(left: WeighedWindow, right: WeighedWindow): number {
  const rank = ({ isSure, figure }: WeighedWindow): number =>
    (isSure ? 2 : 0) + (figure.source.kind === 'official' ? 1 : 0)
  return rank(right) - rank(left) || right.figure.atMs - left.figure.atMs
}

function weighMoney(figures: readonly Figure[], refusedAtMs: number): WeighedMoney {
  const valid = figures
    .filter(({ source, atMs }) => source.kind !== 'estimate' && refusedAtMs - atMs <= moneyStaleMs)
    .sort((left, right) => right.atMs - left.atMs)
  const money = (name: MoneyName): MoneyFigure | undefined =>
    valid.find((figure): figure is MoneyFigure => figure.name === name)
  const [balance, cap, spent] = [money('balance'), money('cap'), money('spent')]
  const toggle = valid.find((figure): figure is SwitchFigure => figure.name === 'extra_usage')
  const isBalanceEmpty = balance?.amountNanos !== undefined && balance.amountNanos <= 0n
  const isUnlimited = cap !== undefined && cap.amountNanos === undefined
  // Amounts of two currencies are never compared, and nothing is nothing in each.
  const isComparable = cap?.symbol === spent?.symbol || spent?.amountNanos === 0n
  const reached = (limit: Nanos, used: Nanos): boolean => isComparable && used >= limit
  const isCapReached =
    cap?.amountNanos !== undefined &&
    (cap.amountNanos <= 0n ||
      (spent?.amountNanos !== undefined && reached(cap.amountNanos, spent.amountNanos)))
  const hasCapRoom =
    isUnlimited || (cap !== undefined && spent !== undefined && isComparable && !isCapReached)
  const isOff = toggle?.isOn === false
  const isIntact = balance !== undefined && !isBalanceEmpty && hasCapRoom && !isOff
  const isApart = balance !== undefined && Math.abs(balance.atMs - refusedAtMs) > promptMs
  return { balance, cap, spent, toggle, isBalanceEmpty, isCapReached, isOff, isIntact, isApart }
}

/** A figure in words, without its source and age, which stand beside it. */
export function figureText(figure: Figure): string {
  if (isWindowFigure(figure)) {
    return `${windowTitles[figure.name]}: ${percentText(figure.usedPercent)} used`
  }
  if (figure.name === 'extra_usage') return `extra usage is switched ${figure.isOn ? 'on' : 'off'}`
  const amount = moneyText(figure)
  return {
    balance: `balance: ${amount} of money that is there`,
    cap: `monthly cap: ${amount}, the most that may be spent`,
    spent: `spent this month: ${amount}`,
  }[figure.name]
}

export const moneyText = ({ amountNanos, symbol }: MoneyFigure): string =>
  amountNanos === undefined ? 'unlimited' : formatMoney(amountNanos, symbol)

export const percentText = (percent: number): string => `${Number(percent.toFixed(1))} %`

export const figureLine = (side: EvidenceLine['side'], figure: Figure): EvidenceLine => ({
  side,
  text: figureText(figure),
  source: figure.source,
  atMs: figure.atMs,
})
