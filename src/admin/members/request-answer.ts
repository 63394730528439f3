import { holdId as readHoldId } from '../../core/ids.ts'
import { getFigures } from '../../operations/figures.ts'
import { requestDetails, type RequestDetails } from '../../operations/request-details.ts'
import type { UsageScope } from '../../operations/usage-readings.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { RequestAnswer } from '../contract/requests.ts'
import { AdminFailure } from '../failures.ts'
import { toJson } from '../http/exchange.ts'
import { entryTitle, sourceTexts } from '../wording/describe-entry.ts'
import { estimateWords, limitTitle } from '../wording/wording.ts'

/** One request of this member; another's is as unknown as one that never was. */
export async function requestAnswer(
  parts: AdminApiParts,
  { customerId, memberId }: Required<UsageScope>,
  holdId: string,
): Promise<RequestAnswer> {
  const found = await requestDetails(parts, readHoldId(holdId))
  if (found === null || found.customerId !== customerId || found.memberId !== memberId)
    throw new AdminFailure('decision_unknown', 'No request with this id was admitted for you.')
  const { entries, windows, ...details } = found
  const { currencySymbol } = parts.about
  const { limits } = await getFigures(parts, { customerId, memberId })
  const key = details.keyId === null ? undefined : await parts.storage.findPerson(details.keyId)
  return {
    ...toJson(details),
    sentence: requestSentence(found),
    windows: windows.map((window) => {
      const limit = limits.find(({ limitId }) => limitId === window.limitId)
      return { ...toJson(window), title: limit === undefined ? window.limitId : limitTitle(limit) }
    }),
    keyName: key?.name ?? null,
    story: entries.map(({ position, atMs, legs, body }) => ({
      position,
      atMs,
      title: entryTitle({ body, legs }, currencySymbol),
    })),
    currencySymbol,
  }
}

export function requestSentence(
  details: Pick<RequestDetails, 'state' | 'source' | 'settle'>,
): string {
  const { state, source, settle } = details
  if (state === 'open') return `It is running, ${sourceTexts[source]}.`
  if (state === 'voided')
    return 'It came to nothing: nothing was delivered, and nothing was charged.'
  if (state === 'expired')
    return 'It was cut off before anybody learned what it had used: nothing was charged to you.'
  const late =
    settle?.isLate === true ? ' It had been given up as lost before; what it used came later.' : ''
  const estimate = settle?.isEstimate === true ? ` The usage is an estimate: ${estimateWords}` : ''
  return `It is settled, ${sourceTexts[source]}.${late}${estimate}`
}
