import { z } from 'zod'
import { parseMoney } from '../core/money.ts'
import { isTimeZone } from './setting-kinds.ts'

/** The shape of a plans file, as an operator writes it. Every message says what to write instead. */

const name = z
  .string('write a text')
  .min(1, 'write a text')
  .max(100, 'write at most 100 characters')

const id = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'use 1 to 64 letters, digits, dots, dashes or underscores')

const money = z
  .string('write the amount as a text such as "2.50"')
  .refine((text) => parseMoney(text) !== undefined, {
    message: 'write an amount such as "2.50": digits, and at most nine decimals',
  })

const count = (what: string) =>
  z.int(`write a whole number of ${what}`).min(0, `write a whole number of ${what}, 0 or more`)

const zone = z
  .string('write a time zone such as "Europe/Berlin"')
  .refine(isTimeZone, { message: 'write a time zone such as "Europe/Berlin" or "UTC"' })
  .default('UTC')

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const

const window = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('session'),
      hours: z
        .int('write whole hours')
        .min(1, 'write 1 or more')
        .max(168, 'write at most 168, a week'),
    }),
    z.strictObject({
      kind: z.literal('week'),
      weekday: z.enum(weekdays, `write one of ${weekdays.join(', ')}`).default('monday'),
      time: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time such as "09:00"')
        .default('00:00'),
      zone,
    }),
    z.strictObject({ kind: z.literal('month'), zone }),
    z.strictObject({ kind: z.literal('day'), zone }),
  ],
  'write a window with "kind": "session", "week", "month" or "day"',
)

const limit = z
  .strictObject({
    money: money.optional(),
    tokens: count('tokens').optional(),
    requests: count('requests').optional(),
    window,
    models: z
      .array(
        z.string().min(1, 'write how the model names begin'),
        'write a list of model name beginnings',
      )
      .min(1, 'name at least one model, or leave "models" out for all')
      .optional(),
  })
  .refine(
    (written) =>
      [written.money, written.tokens, written.requests].filter((one) => one !== undefined)
        .length === 1,
    { message: 'write exactly one of "money", "tokens" and "requests"' },
  )

const grant = z.strictObject({
  amount: money,
  every: z.enum(['once', 'month'], 'write "once" or "month"'),
})

const multiple = z
  .number('write a number such as 5')
  .positive('write a number above 0')
  .max(1000, 'write at most 1000')
  .refine((number) => Number.isInteger(Math.round(number * 1e9) / 1e6), {
    message: 'write at most three decimals',
  })

const plan = z
  .strictObject({
    about: z.string().optional(),
    name,
    price: money.optional(),
    base: id.optional(),
    multiple: multiple.optional(),
    limits: z.record(id, limit.nullable(), 'write an object with one entry per limit').optional(),
    grants: z.record(id, grant, 'write an object with one entry per grant').optional(),
    runningMax: count('requests').min(1, 'write 1 or more').optional(),
    outputTokensExpected: count('tokens').optional(),
  })
  .refine((written) => written.base !== undefined || written.multiple === undefined, {
    message: 'name the plan that "multiple" multiplies in "base"',
    path: ['multiple'],
  })
  .refine((written) => written.base !== undefined || written.limits !== undefined, {
    message: 'write the limits; {} for a plan without limits',
    path: ['limits'],
  })

export const plansFileSchema = z.strictObject(
  {
    about: z.string().optional(),
    plans: z.record(id, plan, 'write an object with one entry per plan'),
  },
  'write an object: { "plans": { ... } }',
)

export type WrittenPlan = z.infer<typeof plan>
export type WrittenLimit = z.infer<typeof limit>
