import { windowOfClaim, type Figure, type Quota, type WindowName } from '../verdict/evidence.ts'
import { asFields, momentOf, numberOf, textOf, type Fields } from './json-fields.ts'

/** The service's own numbers, as the client keeps them in records, events and for its status line. */

export function quotaOf(fields: Fields | undefined): Quota | undefined {
  if (fields === undefined) return undefined
  const quota = {
    status: textOf(fields, 'status'),
    claim: textOf(fields, 'rateLimitType'),
    resetsAtMs: momentOf(numberOf(fields, 'resetsAt')),
    overageStatus: textOf(fields, 'overageStatus'),
    overageDisabledReason: textOf(fields, 'overageDisabledReason'),
  }
  return quota.status === undefined && quota.claim === undefined ? undefined : quota
}

/** How many figures one record can hold at most. */
const unifiedNames = ['five_hour', 'seven_day', 'seven_day_opus', 'seven_day_sonnet'] as const

/** `rate_limit_info`: shares from 0 to 1. */
export function figuresOfInfo(
  info: Fields | undefined,
  { atMs, what }: { readonly atMs: number; readonly what: string },
): readonly Figure[] {
  if (info === undefined) return []
  const windows = asFields(info['unifiedWindows'])
  const figures: Figure[] = []
  const add = (name: WindowName | undefined, fields: Fields | undefined): void => {
    const share = numberOf(fields, 'utilization')
    if (name === undefined || share === undefined || share < 0) return
    const resetsAtMs = momentOf(numberOf(fields, 'resetsAt'))
    const source = { kind: 'official', what } as const
    figures.push({ name, usedPercent: share * 100, resetsAtMs, source, atMs })
  }
  for (const name of unifiedNames) add(windowOfClaim(name), asFields(windows?.[name]))
  const claim = textOf(info, 'rateLimitType')
  if (windows === undefined) add(windowOfClaim(claim), info)
  return figures
}

/** What the client hands to a status line: `rate_limits` with percent from 0 to 100. */
export function figuresOfStatusLine(
  record: Fields,
  { atMs, what }: { readonly atMs: number; readonly what: string },
): readonly Figure[] {
  const limits = asFields(record['rate_limits'])
  const sessionId = textOf(record, 'session_id')
  return unifiedNames.flatMap((claim): Figure[] => {
    const fields = asFields(limits?.[claim])
    const usedPercent = numberOf(fields, 'used_percentage')
    const name = windowOfClaim(claim)
    if (name === undefined || usedPercent === undefined || usedPercent < 0) return []
    const resetsAtMs = momentOf(numberOf(fields, 'resets_at'))
    const source = { kind: 'official', what } as const
    return [{ name, usedPercent, resetsAtMs, source, atMs, sessionId }]
  })
}
