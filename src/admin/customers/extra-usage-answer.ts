import type { CustomerId, MemberId } from '../../core/ids.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import { getMember } from '../../operations/list-members.ts'
import { getMemberWallet, getWallet } from '../../operations/wallet.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { ExtraUsageAnswer } from '../contract/extra-usage.ts'
import { reloadStopSentence } from '../wording/wording.ts'
import { toJson } from '../http/exchange.ts'

/** The switches, the cap and the money of extra usage: a customer's, or as one of its members has them. */
export async function extraUsageAnswer(
  parts: AdminApiParts,
  scope: { readonly customerId: CustomerId; readonly memberId: MemberId | null },
): Promise<ExtraUsageAnswer> {
  const { customerId, memberId } = scope
  const { name } = await getCustomer(parts, customerId)
  const customer = { id: customerId, name }
  const { currencySymbol } = parts.about
  if (memberId === null) {
    const { member: _none, ...wallet } = await getWallet(parts, customerId)
    const sentence = reloadStopSentence(wallet.autoReload)
    return {
      ...toJson(wallet),
      customer,
      member: null,
      reloadStopSentence: sentence,
      currencySymbol,
    }
  }
  const seat = await getMember(parts, { customerId, memberId })
  const { member, ...wallet } = await getMemberWallet(parts, { customerId, memberId })
  return {
    ...toJson(wallet),
    customer,
    member: member === null ? null : { ...toJson(member), id: memberId, name: seat.name },
    reloadStopSentence: reloadStopSentence(wallet.autoReload),
    currencySymbol,
  }
}
