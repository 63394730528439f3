import { formatMoney, type Nanos } from '../core/money.ts'
import {
  isWindowFigure,
  windowMs,
  windowNames,
  windowTitles,
  type Evidence,
  type Figure,
  type MoneyFigure,
  type MoneyName,
  type SwitchFigure,
  type WindowFigure,
  type WindowName,
} from './evidence.ts'
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
}

const minuteMs = 60_000
/** Clocks of the service, the client and this machine agree about as well as this. */
const slackMs = minuteMs
/** A figure that was read so soon after the refusal lies in the same window as it. */
const promptMs = 30 * minuteMs
/** What was left so shortly before a refusal was probably still left. */
const freshMs = 10 * minuteMs
const freshPercentMax = 90
/** A balance from so long before the refusal says nothing about it. */
const moneyStaleMs = 24 * 60 * minuteMs

export function weigh({ figures, refusal, nowMs }: Evidence): Weighed {
  const refusedAtMs = refusal?.atMs ?? nowMs
  const windows = new Map<WindowName, WeighedWindow>()
  for (const window of windowNames) {
    const weighed = figures
      .filter((figure) => isWindowFigure(figure) && figure.name === window)
      .flatMap((figure) => weighWindow(figure as WindowFigure, refusedAtMs) ?? [])
      .sort(strongestFirst)
    const [strongest] = weighed
    if (strongest !== undefined) windows.set(window, strongest)
  }
  const all = [...windows.values()]
  const binding = all.find(({ standing }) => standing === 'used_up')
  const passes = (window: WindowName): boolean => windows.get(window)?.standing === 'room'
  return {
    windows,
    hasRoom: binding === undefined && passes('session') && passes('week'),
    binding,
    money: weighMoney(figures, refusedAtMs),
  }
}

function weighWindow(figure: WindowFigure, refusedAtMs: number): WeighedWindow | undefined {
  if (figure.source.kind === 'estimate') return undefined
  const { resetsAtMs, usedPercent, atMs } = figure
  const isUsedUp = usedPercent >= 100
  const standing = isUsedUp ? 'used_up' : 'room'
  const lastsMs = windowMs[figure.name]
  if (atMs >= refusedAtMs - slackMs) {
    const startMs = resetsAtMs === undefined ? undefined : resetsAtMs - lastsMs
    if (startMs !== undefined && startMs > refusedAtMs + slackMs) return undefined
    if (atMs - refusedAtMs > lastsMs) return undefined
    const isSure = startMs !== undefined || atMs - refusedAtMs <= promptMs
    return { window: figure.name, standing, isSure, figure }
  }
  if (resetsAtMs !== undefined && resetsAtMs <= refusedAtMs + slackMs) return undefined
  if (refusedAtMs - atMs > lastsMs) return undefined
  // Use only grows within a window, so what was used up before is still used up.
  if (isUsedUp) return { window: figure.name, standing, isSure: resetsAtMs !== undefined, figure }
  const isFresh = refusedAtMs - atMs <= freshMs && usedPercent <= freshPercentMax
  return isFresh ? { window: figure.name, standing, isSure: false, figure } : undefined
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
  const reached = (limit: Nanos, used: Nanos): boolean => used >= limit
  const isCapReached =
    cap?.amountNanos !== undefined &&
    (cap.amountNanos <= 0n ||
      (spent?.amountNanos !== undefined && reached(cap.amountNanos, spent.amountNanos)))
  const hasCapRoom = isUnlimited || (cap !== undefined && spent !== undefined && !isCapReached)
  const isOff = toggle?.isOn === false
  const isIntact = balance !== undefined && !isBalanceEmpty && hasCapRoom && !isOff
  return { balance, cap, spent, toggle, isBalanceEmpty, isCapReached, isOff, isIntact }
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
