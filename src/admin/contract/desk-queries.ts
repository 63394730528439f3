import { z } from 'zod'
import { customerId, keyId, memberId } from '../../core/ids.ts'
import { acts, type Act, type AuditPlace } from '../../operations/audit.ts'

/** Questions to the operator's desk, as schemas of an address's query. */

const idText = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, _ . or -')
const moment = z
  .string()
  .regex(/^\d{1,16}$/, 'a moment is UTC milliseconds')
  .transform(Number)
  .refine((ms) => ms <= 8.64e15, 'that is no moment')
const position = z
  .string()
  .regex(/^\d{1,15}$/, 'a position is a whole number')
  .transform(Number)
const rowsMax = z
  .string()
  .regex(/^\d{1,3}$/, 'rowsMax is 1 to 200')
  .transform(Number)
  .refine((rows) => rows >= 1 && rows <= 200, 'rowsMax is 1 to 200')
  .default(50)
const word = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'write 1 to 200 characters without spaces')

const whose = {
  customerId: idText.transform(customerId).exactOptional(),
  memberId: idText.transform(memberId).exactOptional(),
}
const within = { fromMs: moment.exactOptional(), toMs: moment.exactOptional() }

export const overviewQuerySchema = z.strictObject({
  span: z.enum(['hour', 'quarter_day', 'day'], 'span is hour, quarter_day or day').default('hour'),
})

export const decisionsQuerySchema = z.strictObject({
  ...whose,
  ...within,
  keyId: idText.transform(keyId).exactOptional(),
  /** The beginning of the model's name. */
  model: word.exactOptional(),
  source: z
    .enum(['plan', 'extra_usage', 'free'], 'source is plan, extra_usage or free')
    .exactOptional(),
  beforePosition: position.exactOptional(),
  rowsMax,
})

export const refusalsQuerySchema = z.strictObject({
  customerId: idText.exactOptional(),
  memberId: idText.exactOptional(),
  keyId: idText.exactOptional(),
  model: word.exactOptional(),
  reason: word.exactOptional(),
  ...within,
  rowsMax,
})

export const findQuerySchema = z.strictObject({
  id: z.string().trim().min(4, 'an id has at least 4 characters').max(2000),
  beforePosition: position.exactOptional(),
})

const auditFilters = {
  act: z.enum(acts as [Act, ...Act[]], `act is one of ${acts.join(', ')}`).exactOptional(),
  actor: word.exactOptional(),
  ...whose,
  ...within,
}

/** As an answer wrote it: `<position>.<number of an act>`. */
export function readAuditPlace(text: string): AuditPlace {
  const [place = '', actId = ''] = text.split('.')
  return { position: Number(place), actId: Number(actId) }
}

export const auditQuerySchema = z.strictObject({
  ...auditFilters,
  before: z
    .string()
    .regex(/^\d{1,16}\.\d{1,16}$/, 'before is what the last answer said')
    .transform(readAuditPlace)
    .exactOptional(),
  rowsMax,
})

export const auditExportSchema = z.strictObject({
  ...auditFilters,
  format: z.enum(['csv', 'json'], 'format is csv or json').default('csv'),
})
