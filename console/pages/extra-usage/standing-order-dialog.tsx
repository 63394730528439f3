import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { money, plainMoney } from '../../format/money.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast-store.ts'

type Props = {
  readonly wallet: ExtraUsageAnswer
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** What the operator pays for in this customer's month without being asked. For the operator. */
export function StandingOrderDialog(props: Props) {
  return (
    <Dialog title="Standing order" isOpen={props.isOpen} onClose={props.onClose}>
      <OrderForm {...props} />
    </Dialog>
  )
}

function OrderForm({ wallet, onClose }: Props) {
  const symbol = wallet.currencySymbol
  const now = wallet.autoReload.standingOrderNanos
  const [most, setMost] = useState<bigint | null>(BigInt(now))
  const set = useCommand<{ monthMaxNanos: string }>(
    path`customers/${wallet.customer.id}/standing-order`,
  )
  return (
    <DialogForm
      command={set}
      label="Set the order"
      onCancel={onClose}
      canSend={most !== null}
      onSend={() => {
        if (most === null) return
        set.send({ monthMaxNanos: most.toString() }, () => {
          toast(
            most === 0n
              ? 'There is no standing order any more.'
              : `Reloads are paid up to ${money(most, symbol)} a month.`,
          )
          onClose()
        })
      }}
    >
      <MoneyField
        label="Pay for reloads up to, per month"
        currencySymbol={symbol}
        startText={plainMoney(now)}
        onChange={setMost}
        hint="It reloads nothing by itself: the account's auto-reload does. Zero ends it."
        hasFirstFocus
      />
    </DialogForm>
  )
}
