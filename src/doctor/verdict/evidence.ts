import type { Nanos } from '../../core/money.ts'

/**
 * What the doctor judges by. Everything here was read from local files or said by the person who was refused;
 * texts are the record's own, so whoever shows them makes them safe for a terminal first.
 */
export type Evidence = {
  readonly refusal: Refusal | undefined
  readonly figures: readonly Figure[]
  /** When it is judged. */
  readonly nowMs: number
}

export type Refusal = {
  /** The message as the client showed it. */
  readonly text: string
  readonly status: number | undefined
  /** The API's own type of error, such as `rate_limit_error`. */
  readonly type: string | undefined
  /** The class that the client put it in, such as `billing_error`. */
  readonly errorClass: string | undefined
  readonly atMs: number | undefined
  readonly requestId: string | undefined
  readonly sessionId: string | undefined
  readonly clientVersion: string | undefined
  /** How the client was started: `cli`, `sdk-cli`, `claude-vscode`. */
  readonly entrypoint: string | undefined
  readonly model: string | undefined
  /** It met a helper agent of the session, not the session itself. */
  readonly isSidechain: boolean
  /** The client had not given up yet: it was waiting to try again. */
  readonly isRetrying: boolean
  /** Which limit the service itself named in the fields of the answer, where there were any. */
  readonly quota: Quota | undefined
}

/** Fields that the service sent with the refusal. */
export type Quota = {
  readonly status: string | undefined
  readonly claim: string | undefined
  readonly resetsAtMs: number | undefined
  readonly overageStatus: string | undefined
  readonly overageDisabledReason: string | undefined
}

export const windowNames = ['session', 'week', 'week_opus', 'week_sonnet'] as const
export type WindowName = (typeof windowNames)[number]

export const moneyNames = ['balance', 'cap', 'spent'] as const
export type MoneyName = (typeof moneyNames)[number]

/** One number, where it comes from and when it was true. A balance is never a cap: each has its own name. */
export type Figure =
  | (Origin & {
      readonly name: WindowName
      readonly usedPercent: number
      readonly resetsAtMs: number | undefined
    })
  | (Origin & {
      readonly name: MoneyName
      /** Undefined is "unlimited", which only a cap can be. */
      readonly amountNanos: Nanos | undefined
      /** The currency as it was written, such as `$` or `CA$`. */
      readonly symbol: string
    })
  | (Origin & { readonly name: 'extra_usage'; readonly isOn: boolean })

export type FigureName = Figure['name']

export type Origin = {
  readonly source: Source
  readonly atMs: number
  /** Whose last answer it is from: a status line goes on showing what its own session heard then. */
  readonly sessionId?: string | undefined
}

/**
 * - `official`: the service said it, in a field that the client kept or a gateway answered.
 * - `person`: read on the service's page by whoever was refused.
 * - `estimate`: worked out here. Never enough for a verdict.
 */
export type Source = {
  readonly kind: 'official' | 'person' | 'estimate'
  /** Which record, field, file or option. */
  readonly what: string
}

export type WindowFigure = Extract<Figure, { readonly name: WindowName }>
export type MoneyFigure = Extract<Figure, { readonly name: MoneyName }>
export type SwitchFigure = Extract<Figure, { readonly name: 'extra_usage' }>

export const isWindowFigure = (figure: Figure): figure is WindowFigure => 'usedPercent' in figure

export const windowTitles: Readonly<Record<WindowName, string>> = {
  session: 'session limit (5 hours)',
  week: 'weekly limit',
  week_opus: 'weekly limit for Opus',
  week_sonnet: 'weekly limit for Sonnet',
}

const hourMs = 60 * 60 * 1000
/** How long a window lasts, for telling whether a figure and a refusal lie in the same one. */
export const windowMs: Readonly<Record<WindowName, number>> = {
  session: 5 * hourMs,
  week: 7 * 24 * hourMs,
  week_opus: 7 * 24 * hourMs,
  week_sonnet: 7 * 24 * hourMs,
}

/** The service's names of its limits, as they stand in headers and records. */
export const windowOfClaim = (claim: string | undefined): WindowName | undefined =>
  claim === 'five_hour'
    ? 'session'
    : claim === 'seven_day' || claim === 'seven_day_overage_included'
      ? 'week'
      : claim === 'seven_day_opus'
        ? 'week_opus'
        : claim === 'seven_day_sonnet'
          ? 'week_sonnet'
          : undefined
