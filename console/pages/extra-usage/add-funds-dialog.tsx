import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { money } from '../../format/money.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { RadioChoices, TextField } from '../../ui/fields.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast-store.ts'

type Props = {
  readonly wallet: ExtraUsageAnswer
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** Adds money that was paid, or credit that is given, with an expiry or without. For the operator. */
export function AddFundsDialog(props: Props) {
  return (
    <Dialog
      title={`Add funds to ${props.wallet.customer.name ?? props.wallet.customer.id}`}
      isOpen={props.isOpen}
      onClose={props.onClose}
    >
      <FundsForm {...props} />
    </Dialog>
  )
}

type Kind = 'top-ups' | 'gifts'
type Body = { readonly amountNanos: string; readonly expiresAtMs: number | null }

function FundsForm({ wallet, onClose }: Props) {
  const symbol = wallet.currencySymbol
  const [kind, setKind] = useState<Kind>('top-ups')
  const [amount, setAmount] = useState<bigint | null>(null)
  const [day, setDay] = useState('')
  const add = useCommand<Body>(`${path`customers/${wallet.customer.id}`}/${kind}`)
  const expiresAtMs = day === '' ? null : endOfDayMs(day)
  const isPast = expiresAtMs !== null && expiresAtMs <= wallet.atMs
  const canAdd = amount !== null && amount > 0n && !isPast
  return (
    <DialogForm
      command={add}
      label="Add funds"
      onCancel={onClose}
      canSend={canAdd}
      onSend={() => {
        if (!canAdd) return
        add.send({ amountNanos: amount.toString(), expiresAtMs }, () => {
          toast(`${money(amount, symbol)} was added.`)
          onClose()
        })
      }}
    >
      <RadioChoices<Kind>
        label="What it is"
        value={kind}
        onChange={setKind}
        options={[
          { value: 'top-ups', label: 'Top-up', hint: 'money that the customer paid' },
          { value: 'gifts', label: 'Gift', hint: 'credit that you give' },
        ]}
      />
      <MoneyField
        label="Amount"
        currencySymbol={symbol}
        onChange={setAmount}
        hint={`The balance is ${money(wallet.balanceNanos, symbol)} now.`}
        hasFirstFocus
      />
      <TextField
        label="Expires at the end of"
        type="date"
        value={day}
        onChange={setDay}
        hint="Left empty, it never expires."
        problem={isPast ? 'That day is over.' : null}
      />
    </DialogForm>
  )
}

/** The midnight that ends a day of the reader's, from a date field's "2026-11-30". */
function endOfDayMs(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + 1).getTime()
}
