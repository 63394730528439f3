import type { CustomerState, Grant, MemberState, SpendCap } from '../core/account.ts'
import type { AutoReloadFigures } from '../core/decision.ts'
import { autoReloadFigures } from '../core/figures.ts'
import type { CustomerId, GrantId, MemberId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import {
  availableNanos,
  grantAvailableNanos,
  grantsInOrder,
  spendMonth,
  spentNanos,
} from '../core/wallet.ts'
import { UnknownScopeError, type MemberScope } from '../storage/storage.ts'
import { includedGrantEntries } from './authorize.ts'
import type { Parts } from './parts.ts'

/** What pays for extra usage: the customer's switch, cap and balance, and the grants that make the balance up. */
export type Wallet = {
  readonly customerId: CustomerId
  readonly position: number
  readonly atMs: number
  readonly isOnForCustomer: boolean
  /** Held money included. */
  readonly balanceNanos: Nanos
  readonly heldNanos: Nanos
  readonly spentNanos: Nanos
  /** Null is unlimited: up to the balance. */
  readonly capNanos: Nanos | null
  readonly capResetMs: number
  readonly autoReload: AutoReloadFigures
  /** In the order in which they pay; those of which nothing is left or held are only counted. */
  readonly grants: readonly WalletGrant[]
  readonly usedUpCount: number
  /** The member who was asked about; null where it is the customer alone. */
  readonly member: WalletMember | null
}

export type WalletGrant = {
  readonly grantId: GrantId
  readonly origin: Grant['origin']
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly grantedNanos: Nanos
  /** What it can still pay, beside what is held. */
  readonly availableNanos: Nanos
  readonly heldNanos: Nanos
  readonly spentNanos: Nanos
}

export type WalletMember = {
  readonly memberId: MemberId
  readonly isOn: boolean
  readonly spentNanos: Nanos
  readonly heldNanos: Nanos
  readonly capNanos: Nanos | null
}

type Moment = { readonly nowMs: number; readonly position: number }

/** The wallet as one member sees it, at one journal position. Credit that its plan owes it is posted first. */
export async function getMemberWallet(parts: Parts, scope: MemberScope): Promise<Wallet> {
  for (;;) {
    const wallet = await parts.storage.update(scope, (account, context) => {
      const entries = includedGrantEntries(account, context)
      const moment = { nowMs: context.nowMs, position: context.position }
      const answer =
        entries.length > 0
          ? null
          : { ...walletOf(account.customer, moment), member: memberOf(account.member, moment) }
      return { answer, entries }
    })
    if (wallet !== null) return wallet
  }
}

/** The wallet of a customer; throws `UnknownScopeError` when it was never opened. */
export async function getWallet(
  { storage }: Pick<Parts, 'storage'>,
  customerId: CustomerId,
): Promise<Wallet> {
  const wallet = await storage.updateCustomer(customerId, ({ customer }, context) => ({
    answer: customer.isOpen
      ? walletOf(customer, { nowMs: context.nowMs, position: customer.position })
      : null,
    entries: [],
  }))
  if (wallet === null) throw new UnknownScopeError(`There is no customer "${customerId}"`)
  return wallet
}

function walletOf(customer: CustomerState, { nowMs, position }: Moment): Wallet {
  const grants = grantsInOrder(customer).map((grant) => walletGrant(grant, nowMs))
  const counted = grants.filter(({ availableNanos: left, heldNanos }) => left + heldNanos > 0n)
  return {
    customerId: customer.customerId,
    position,
    atMs: nowMs,
    isOnForCustomer: customer.extraUsage.isOn,
    balanceNanos: availableNanos(customer, nowMs) + customer.heldNanos,
    heldNanos: customer.heldNanos,
    spentNanos: spentNanos(customer, nowMs),
    capNanos: amountOf(customer.cap),
    capResetMs: spendMonth(customer, customer.zone, nowMs).endMs,
    autoReload: autoReloadFigures(customer, nowMs),
    grants: counted,
    usedUpCount: customer.closedGrants.count + grants.length - counted.length,
    member: null,
  }
}

const walletGrant = (grant: Grant, nowMs: number): WalletGrant => ({
  grantId: grant.grantId,
  origin: grant.origin,
  createdAtMs: grant.createdAtMs,
  expiresAtMs: grant.expiresAtMs,
  grantedNanos: grant.grantedNanos,
  availableNanos: grantAvailableNanos(grant, nowMs),
  heldNanos: grant.heldNanos,
  spentNanos: grant.spentNanos,
})

const memberOf = (member: MemberState, { nowMs }: Moment): WalletMember => ({
  memberId: member.memberId,
  isOn: member.extraUsage.isOn,
  spentNanos: spentNanos(member, nowMs),
  heldNanos: member.heldNanos,
  capNanos: amountOf(member.cap),
})

const amountOf = (cap: SpendCap): Nanos | null => (cap.kind === 'capped' ? cap.amountNanos : null)
