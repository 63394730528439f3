import type { Wallet, WalletGrant, WalletMember } from '../../operations/wallet.ts'
import type { Named } from './answers.ts'
import type { Json } from './json.ts'

/** What `GET …/extra-usage` answers: switches, cap, balance and the grants behind it, at one journal position. */
export type ExtraUsageAnswer = Omit<Json<Wallet>, 'member'> & {
  readonly customer: Named
  /** Null where the customer itself was asked about. */
  readonly member: (Json<WalletMember> & Named) | null
  /** Why auto-reload is stopped, in words; null while it is not. */
  readonly reloadStopSentence: string | null
  readonly currencySymbol: string
}

export type GrantAnswer = Json<WalletGrant>
