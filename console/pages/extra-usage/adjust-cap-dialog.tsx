import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { money, plainMoney } from '../../format/money.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { RadioChoices } from '../../ui/fields.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { Note } from '../../ui/states.tsx'
import { toast } from '../../ui/toast-store.ts'

type Cap =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'capped'; readonly amountNanos: string }

type Props = {
  readonly wallet: ExtraUsageAnswer
  /** Whose own cap it is; the customer's without it. */
  readonly member?: NonNullable<ExtraUsageAnswer['member']>
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** Sets the most that extra usage may cost in a month, or takes the limit away. */
export function AdjustCapDialog(props: Props) {
  return (
    <Dialog
      title={props.member === undefined ? 'Adjust the spend cap' : "Adjust the member's spend cap"}
      isOpen={props.isOpen}
      onClose={props.onClose}
    >
      <CapForm {...props} />
    </Dialog>
  )
}

function CapForm({ wallet, member, onClose }: Props) {
  const { id } = wallet.customer
  const symbol = wallet.currencySymbol
  const now = member === undefined ? wallet.capNanos : member.capNanos
  const spent = member === undefined ? wallet.spentNanos : member.spentNanos
  const [kind, setKind] = useState<Cap['kind']>(now === null ? 'unlimited' : 'capped')
  const [amount, setAmount] = useState<bigint | null>(now === null ? null : BigInt(now))
  const set = useCommand<{ cap: Cap }>(
    member === undefined
      ? path`customers/${id}/spend-cap`
      : path`customers/${id}/members/${member.id}/spend-cap`,
  )
  const cap: Cap | null =
    kind === 'unlimited'
      ? { kind }
      : amount === null
        ? null
        : { kind, amountNanos: amount.toString() }
  return (
    <DialogForm
      command={set}
      label="Set the cap"
      onCancel={onClose}
      canSend={cap !== null}
      onSend={() => {
        if (cap === null) return
        set.send({ cap }, () => {
          toast(
            cap.kind === 'unlimited'
              ? 'There is no spend cap any more.'
              : `The spend cap is ${money(cap.amountNanos, symbol)} a month.`,
          )
          onClose()
        })
      }}
    >
      <RadioChoices
        label="In a calendar month, extra usage may cost"
        value={kind}
        onChange={setKind}
        options={[
          { value: 'capped', label: 'at most an amount' },
          { value: 'unlimited', label: 'as much as the balance holds' },
        ]}
      />
      {kind === 'capped' ? (
        <MoneyField
          label="Most per month"
          currencySymbol={symbol}
          startText={now === null ? '' : plainMoney(now)}
          onChange={setAmount}
          hint={`${money(spent, symbol)} of this month is spent. The balance stays as it is.`}
          hasFirstFocus
        />
      ) : null}
      {cap?.kind === 'capped' && BigInt(cap.amountNanos) <= BigInt(spent) ? (
        <Note tone="warn">
          As much as this is spent already: extra usage pays for nothing more this month.
        </Note>
      ) : null}
    </DialogForm>
  )
}
