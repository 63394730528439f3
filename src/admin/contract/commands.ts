import { z } from 'zod'
import { customerId, limitId, memberId, planId } from '../../core/ids.ts'
import { moneyNanosMax } from '../../core/money.ts'

/**
 * What comes in across the admin API, as schemas. Amounts of money are nanos (billionths of a dollar) written
 * as strings of digits, because JSON numbers cannot hold them; moments are UTC milliseconds.
 */

const amountNanos = z
  .string('write the amount as a string of digits: nanos, so "5000000000" is five dollars')
  .regex(/^[0-9]+$/, {
    error: 'write digits 0 to 9 only: whole nanos, no sign, no point',
    abort: true,
  })
  .refine((digits) => digits.length <= 19 && BigInt(digits) <= moneyNanosMax, {
    message: `the most is ${moneyNanosMax} nanos`,
    abort: true,
  })
  .transform((digits) => BigInt(digits))

const amountAboveZero = amountNanos.refine((nanos) => nanos > 0n, 'the amount has to be above zero')

/** Names are for people; what a terminal or a page could be steered with is not part of a name. */
export const name = z
  .string()
  .trim()
  .min(1, 'a name has at least one character')
  .max(100, 'a name has at most 100 characters')
  .refine((text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text), {
    message: 'a name has no control characters',
  })

export const idText = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, _ . or -')
const isBoolean = (what: string) => z.boolean(`${what} is true or false`)

const capSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('unlimited') }),
    z.strictObject({ kind: z.literal('capped'), amountNanos }),
  ],
  'a cap is {"kind":"unlimited"} or {"kind":"capped","amountNanos":"…"}',
)

export const zone = z
  .string()
  .max(64)
  .refine(isZone, 'a zone is an IANA name such as Europe/Berlin or UTC')

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const openCustomerSchema = z.strictObject({
  customerId: idText.transform(customerId).exactOptional(),
  name,
  zone: zone.default('UTC'),
  isExtraUsageOn: isBoolean('isExtraUsageOn').default(false),
  cap: capSchema.default({ kind: 'unlimited' }),
})
export const seatMemberSchema = z.strictObject({
  memberId: idText.transform(memberId).exactOptional(),
  /** Needed for a new member; left out when a member changes its plan. */
  name: name.exactOptional(),
  planId: idText.transform(planId),
})
export const statusSchema = z.strictObject({ isActive: isBoolean('isActive') })
const moment = z.number().int().positive().max(8.64e15)
export const grantSchema = z.strictObject({
  amountNanos: amountAboveZero,
  expiresAtMs: moment.nullable().default(null),
})
export const extraUsageSchema = z.strictObject({ isOn: isBoolean('isOn') })
export const spendCapSchema = z.strictObject({ cap: capSchema })
/** One reload is at least the threshold, and at most the month's maximum. */
export const autoReloadSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('off') }),
    z.strictObject({
      kind: z.literal('on'),
      thresholdNanos: amountAboveZero,
      amountNanos: amountAboveZero,
      monthMaxNanos: amountAboveZero,
    }),
  ],
  'auto-reload is {"kind":"off"} or {"kind":"on","thresholdNanos":"…","amountNanos":"…","monthMaxNanos":"…"}',
)
/** Zero ends it. */
export const standingOrderSchema = z.strictObject({ monthMaxNanos: amountNanos })
/** In the limit's own unit: nanos, tokens or requests. */
const limitAmount = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('amount'), amount: amountNanos }),
    z.strictObject({ kind: z.literal('unlimited') }),
    z.strictObject({ kind: z.literal('plan') }),
  ],
  'most is {"kind":"amount","amount":"…"}, {"kind":"unlimited"}, or {"kind":"plan"} for what the plan says',
)
export const exceptionSchema = z
  .strictObject({
    limitId: idText.transform(limitId),
    most: limitAmount,
    /** When the plan's own amount counts again; null: when somebody takes the exception back. */
    untilMs: moment.nullable().default(null),
  })
  .refine(({ most, untilMs }) => most.kind !== 'plan' || untilMs === null, {
    path: ['untilMs'],
    message: 'what the plan says has no end; leave untilMs out',
  })
export const giftResetSchema = z.strictObject({
  limitId: idText.transform(limitId).exactOptional(),
})
export const issueKeySchema = z.strictObject({ name: name.exactOptional() })
/** `content` is the text of a plans file, as docs/plans.md describes it. */
export const applyPlansSchema = z.strictObject({
  content: z.string('content is the text of a plans file'),
})
export const verifySchema = z.strictObject({ isHealing: isBoolean('isHealing').default(false) })
/** `file` is a path on the server's machine. */
export const backupSchema = z.strictObject({
  file: z.string('file is the whole path of the backup').min(1).max(4096),
  isReplacing: isBoolean('isReplacing').default(false),
})
export const emptySchema = z.strictObject({})

export const position = z
  .string()
  .regex(/^\d{1,15}$/, 'a position is a whole number')
  .transform(Number)
export const rowsMax = (most: number, usual: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, `rowsMax is 1 to ${most}`)
    .transform(Number)
    .refine((rows) => rows >= 1 && rows <= most, `rowsMax is 1 to ${most}`)
    .default(usual)

/** In a name or an id; capitals and accents make no difference. */
const search = z.string().max(100, 'a search has at most 100 characters').exactOptional()
const withLimits = z.enum(['true', 'false'], 'withLimits is true or false').default('false')

export const customersQuerySchema = z.strictObject({
  afterPosition: position.default(0),
  rowsMax: rowsMax(200, 50),
  search,
  /** Also how full each customer's fullest limit is. */
  withLimits,
})
export const membersQuerySchema = z.strictObject({
  afterMemberId: idText.transform(memberId).exactOptional(),
  rowsMax: rowsMax(200, 50),
  search,
  /** Also the figures of each member's limits. */
  withLimits,
})
export const seatPreviewQuerySchema = z.strictObject({ planId: idText.transform(planId) })
export const driftsQuerySchema = z.strictObject({ rowsMax: rowsMax(1000, 100) })
