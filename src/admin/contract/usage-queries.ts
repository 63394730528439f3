import { z } from 'zod'
import { memberId } from '../../core/ids.ts'
import { historyGroups, type HistoryFilter } from '../../operations/history-filter.ts'
import { idText, position, rowsMax, zone } from './commands.ts'

/** What may stand in the address of a question about usage over time or history. */

const moment = z
  .string()
  .regex(/^\d{1,16}$/, 'a moment is UTC milliseconds')
  .transform(Number)
  .refine((ms) => ms <= 8.64e15, 'that is no moment')

export const seriesQuerySchema = z.strictObject({
  step: z.enum(['hour', 'day'], 'step is hour or day').default('day'),
  fromMs: moment.exactOptional(),
  toMs: moment.exactOptional(),
  zone: zone.exactOptional(),
})

const groups = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(historyGroups, `kind is one or more of ${historyGroups.join(', ')}`)))

const filterFields = {
  fromMs: moment.exactOptional(),
  toMs: moment.exactOptional(),
  /** Separated by commas. */
  kind: groups.exactOptional(),
  model: z.string().min(1).max(200).exactOptional(),
  source: z
    .enum(['plan', 'extra_usage', 'free'], 'source is plan, extra_usage or free')
    .exactOptional(),
  /** In the history of a customer: one member's lines. */
  member: idText.transform(memberId).exactOptional(),
  /** A part of an id, or a whole decision id. */
  text: z.string().trim().min(1).max(2000).exactOptional(),
}

export const historyQuerySchema = z
  .strictObject({
    beforePosition: position.exactOptional(),
    rowsMax: rowsMax(500, 50),
    ...filterFields,
  })
  .transform(({ beforePosition, rowsMax: most, ...fields }) => ({
    ...(beforePosition === undefined ? {} : { beforePosition }),
    rowsMax: most,
    filter: filterOf(fields),
  }))

export const historyFileQuerySchema = z
  .strictObject({
    format: z.enum(['csv', 'json'], 'format is csv or json').default('csv'),
    ...filterFields,
  })
  .transform(({ format, ...fields }) => ({ format, filter: filterOf(fields) }))

type Fields = z.output<z.ZodObject<typeof filterFields>>

function filterOf({ kind, member, ...fields }: Fields): HistoryFilter {
  return {
    ...fields,
    ...(kind === undefined ? {} : { groups: kind }),
    ...(member === undefined ? {} : { byMemberId: member }),
  }
}
