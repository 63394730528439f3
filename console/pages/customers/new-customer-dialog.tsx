import { useState } from 'react'
import type { CustomerAnswer } from '../../../src/admin/contract/answers.ts'
import { go } from '../../data/address.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { useCommand } from '../../data/use-command.ts'
import { readersZone } from '../../format/time.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { Checkbox, TextField } from '../../ui/fields.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast-store.ts'
import { AccountIdField, AccountNameField, isIdFine } from './account-fields.tsx'

type Props = { readonly isOpen: boolean; readonly onClose: () => void }

export function NewCustomerDialog(props: Props) {
  return (
    <Dialog title="New customer" isOpen={props.isOpen} onClose={props.onClose}>
      <CustomerForm onClose={props.onClose} />
    </Dialog>
  )
}

type Body = {
  readonly name: string
  readonly customerId?: string
  readonly zone: string
  readonly isExtraUsageOn: boolean
  readonly cap: { readonly kind: 'unlimited' } | { readonly kind: 'capped'; amountNanos: string }
}

function CustomerForm({ onClose }: Pick<Props, 'onClose'>) {
  const { currencySymbol } = useSession()
  const [name, setName] = useState('')
  const [id, setId] = useState('')
  const [zone, setZone] = useState(readersZone())
  const [isExtraUsageOn, setExtraUsageOn] = useState(false)
  const [capNanos, setCapNanos] = useState<bigint | null>(null)
  const open = useCommand<Body, CustomerAnswer>('customers')
  const isFine = name.trim() !== '' && isIdFine(id)
  return (
    <DialogForm
      command={open}
      label="Open the customer"
      onCancel={onClose}
      canSend={isFine}
      onSend={() => {
        const cap =
          capNanos === null
            ? ({ kind: 'unlimited' } as const)
            : { kind: 'capped' as const, amountNanos: capNanos.toString() }
        const own = id === '' ? {} : { customerId: id }
        open.send({ name: name.trim(), ...own, zone: zone.trim(), isExtraUsageOn, cap }, (made) => {
          toast(`${name.trim()} is a customer now.`)
          onClose()
          go(`/${path`customers/${made.customerId}`}`)
        })
      }}
    >
      <AccountNameField name={name} onName={setName} />
      <AccountIdField id={id} onId={setId} />
      <TextField
        label="Time zone"
        value={zone}
        onChange={setZone}
        lengthMax={64}
        hint="In which the month of the spend cap begins and ends, such as Europe/Berlin."
      />
      <Checkbox
        label="Extra usage is on: when a plan has no room left, requests are paid from the balance"
        isChecked={isExtraUsageOn}
        onChange={setExtraUsageOn}
      />
      <MoneyField
        label="Spend cap of a month"
        currencySymbol={currencySymbol}
        onChange={setCapNanos}
        hint="Left empty, there is none: up to the balance."
      />
    </DialogForm>
  )
}
