import { useState, type ReactNode } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { money } from '../../format/money.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Meter, shareOf, toneOf } from '../../ui/meter.tsx'
import { Clock, Countdown } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Help } from '../../ui/popover.tsx'
import { AddFundsDialog } from './add-funds-dialog.tsx'
import { AdjustCapDialog } from './adjust-cap-dialog.tsx'
import type { Permissions } from './permissions.ts'

/** What is there to spend, and how much of it may be spent: two numbers that are never one. */

type Props = { readonly wallet: ExtraUsageAnswer; readonly may: Permissions }

export function BalanceCard({ wallet, may }: Props) {
  const [isAdding, setAdding] = useState(false)
  const symbol = wallet.currencySymbol
  const isEmpty = BigInt(wallet.balanceNanos) <= BigInt(wallet.heldNanos)
  return (
    <Card
      title="Balance"
      actions={
        may.canGrant ? <Button onPress={() => setAdding(true)}>Add funds</Button> : undefined
      }
    >
      <div>
        <p className={`big-amount ${isEmpty ? 'bad' : ''}`}>
          <Money nanos={wallet.balanceNanos} symbol={symbol} />
        </p>
        <p className="soft">
          {wallet.heldNanos === '0' ? (
            'Prepaid, for the whole account; nothing of it is held.'
          ) : (
            <>
              Prepaid, for the whole account; <Money nanos={wallet.heldNanos} symbol={symbol} /> of
              it is held by running requests.
            </>
          )}
        </p>
      </div>
      {may.canGrant ? (
        <AddFundsDialog wallet={wallet} isOpen={isAdding} onClose={() => setAdding(false)} />
      ) : (
        <p className="soft small">
          {may.canManage
            ? 'Funds are added by the operator of this server: ask for a top-up of your account.'
            : "Funds are added by the operator of this server: ask your account's owner, or the operator."}
        </p>
      )}
    </Card>
  )
}

export function CapCard({ wallet, may }: Props) {
  const [isAdjusting, setAdjusting] = useState(false)
  return (
    <Card
      title="Monthly spend cap"
      actions={
        may.canManage ? <Button onPress={() => setAdjusting(true)}>Adjust limit</Button> : undefined
      }
    >
      <Spending
        label="Spent of the spend cap"
        symbol={wallet.currencySymbol}
        spentNanos={wallet.spentNanos}
        heldNanos={wallet.heldNanos}
        capNanos={wallet.capNanos}
        help={
          <Help about="the spend cap">
            The most that extra usage may cost in a calendar month. It is no money: what pays is the
            balance, and a request goes on only as far as both allow.
          </Help>
        }
      />
      <p className="soft small">
        {may.canManage ? '' : "The account's owner or the operator can adjust it. "}
        The month ends <Clock atMs={wallet.capResetMs} />, <Countdown atMs={wallet.capResetMs} />.
      </p>
      <AdjustCapDialog wallet={wallet} isOpen={isAdjusting} onClose={() => setAdjusting(false)} />
    </Card>
  )
}

/** One member's part in it, where the page is about a member. */
export function MemberSpendCard({ wallet, may }: Props) {
  const [isAdjusting, setAdjusting] = useState(false)
  const { member } = wallet
  if (member === null) return null
  return (
    <Card
      title={may.isOwn ? 'Spent by you' : 'Spent by this member'}
      actions={
        may.canManage ? (
          <Button onPress={() => setAdjusting(true)}>Adjust member limit</Button>
        ) : undefined
      }
    >
      <Spending
        label="Spent of the member's spend cap"
        symbol={wallet.currencySymbol}
        spentNanos={member.spentNanos}
        heldNanos={member.heldNanos}
        capNanos={member.capNanos}
      />
      <AdjustCapDialog
        wallet={wallet}
        member={member}
        isOpen={isAdjusting}
        onClose={() => setAdjusting(false)}
      />
    </Card>
  )
}

function Spending(props: {
  readonly label: string
  readonly symbol: string
  readonly spentNanos: string
  readonly heldNanos: string
  readonly capNanos: string | null
  readonly help?: ReactNode
}) {
  const { symbol, capNanos } = props
  const [spent, held] = [BigInt(props.spentNanos), BigInt(props.heldNanos)]
  const amount = (
    <span className="big-amount">
      <Money nanos={spent} symbol={symbol} />
    </span>
  )
  if (capNanos === null) {
    return (
      <div>
        <p>{amount}</p>
        <p className="soft">
          spent this month; no cap, so up to the{' '}
          <span className="nowrap">balance {props.help}</span>
        </p>
      </div>
    )
  }
  const cap = BigInt(capNanos)
  const share = shareOf(spent, cap)
  const tone = toneOf(share)
  return (
    <div className="stack">
      <div>
        <p>{amount}</p>
        <p className="soft">
          spent this month, of at most{' '}
          <span className="nowrap">
            <Money nanos={cap} symbol={symbol} /> {props.help}
          </span>
        </p>
      </div>
      <Meter
        label={props.label}
        usedShare={share}
        heldShare={shareOf(spent + held, cap) - share}
        words={`${count(Math.floor(share))} % spent: ${money(spent, symbol)} of ${money(cap, symbol)}`}
        tone={tone}
      />
      {tone === 'plain' ? null : (
        <p className={tone}>
          {spent >= cap
            ? 'The cap is reached: extra usage pays for nothing more until the month ends or the cap is raised.'
            : `${count(Math.floor(share))} % of the cap is spent.`}
        </p>
      )}
    </div>
  )
}
