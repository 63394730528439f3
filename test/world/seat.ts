import { weekdays } from '../../src/config/plans-file-schema.ts'
import { formatMoney, nanosPerUnit, type Nanos } from '../../src/core/money.ts'

/**
 * The seat, the requests and the numbers of the story, the same for both halves: a subscriber whose week
 * stands at 12 %, session at 0 %, with $100.00 of extra usage bought and $0.00 spent.
 */
export const seat = {
  /** An example: no vendor's amounts are public. */
  planId: 'story',
  planName: 'Max 20x (example amounts)',
  sessionNanos: 25n * nanosPerUnit,
  sessionMs: 5 * 3_600_000,
  weekNanos: 200n * nanosPerUnit,
  extraUsageNanos: 100n * nanosPerUnit,
  model: 'claude-opus-4-5',
  inputNanosPerMillion: 5n * nanosPerUnit,
  outputNanosPerMillion: 25n * nanosPerUnit,
} as const

/** From yesterday's work to the update at night, and from there to the morning: now. */
export const untilNightMs = 11 * 3_600_000
export const untilMorningMs = 8 * 3_600_000

export type Prompt = {
  readonly text: string
  /** What the model behind both halves reports for it. */
  readonly inputTokens: number
  readonly outputTokens: number
  readonly reply: string
}

/** Eight requests of $3.00 each: $24.00, which is 12 % of the week. */
export const yesterdaysWork: Prompt = {
  text: 'Port the whole report module to the new schema.',
  inputTokens: 100_000,
  outputTokens: 100_000,
  reply: 'Ported, with its tests.',
}
export const yesterdaysRequests = 8

/** One cent: it does not move a whole percent of anything. */
export const nextPrompt: Prompt = {
  text: 'Rename the column and run the tests again.',
  inputTokens: 500,
  outputTokens: 300,
  reply: 'Renamed. All 42 tests pass.',
}

const prompts: readonly Prompt[] = [yesterdaysWork, nextPrompt]

export class UnknownPromptError extends Error {}

export function promptOf(text: string): Prompt {
  const prompt = prompts.find((candidate) => candidate.text === text)
  if (prompt === undefined) throw new UnknownPromptError('The story knows two prompts; got another')
  return prompt
}

export function costOfPrompt(prompt: Prompt): Nanos {
  return (
    (BigInt(prompt.inputTokens) * seat.inputNanosPerMillion +
      BigInt(prompt.outputTokens) * seat.outputNanosPerMillion) /
    1_000_000n
  )
}

/** Whole percent, rounded down, the way a usage bar shows it. */
export const percentOf = (used: bigint, amount: bigint): number => Number((used * 100n) / amount)

/** The body that both halves get, byte for byte. */
export function requestBody(prompt: Prompt): string {
  return JSON.stringify({
    model: seat.model,
    max_tokens: 1024,
    messages: [{ role: 'user', content: prompt.text }],
  })
}

/** The plan of the seat as an operator writes it; its week begins at this moment. */
export function plansFile(weekStartMs: number): object {
  const start = Temporal.Instant.fromEpochMilliseconds(weekStartMs).toZonedDateTimeISO('UTC')
  const week = {
    kind: 'week',
    weekday: weekdays[start.dayOfWeek - 1],
    time: start.toPlainTime().toString({ smallestUnit: 'minute' }),
    zone: 'UTC',
  }
  const session = { kind: 'session', hours: seat.sessionMs / 3_600_000 }
  return {
    plans: {
      [seat.planId]: {
        name: seat.planName,
        limits: {
          session: { money: formatMoney(seat.sessionNanos, ''), window: session },
          week: { money: formatMoney(seat.weekNanos, ''), window: week },
        },
        outputTokensExpected: 400,
      },
    },
  }
}

/** The prices of the story, so that its figures do not follow a price list. */
export const pricesFile = {
  models: {
    [seat.model]: {
      input: formatMoney(seat.inputNanosPerMillion, ''),
      output: formatMoney(seat.outputNanosPerMillion, ''),
    },
  },
}
