import { useState } from 'react'
import type { MemberAnswer } from '../../../src/admin/contract/answers.ts'
import { go } from '../../data/address.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { Select } from '../../ui/fields.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { toast } from '../../ui/toast-store.ts'
import { usePlans } from './customers-query.ts'
import { AccountIdField, AccountNameField, isIdFine } from './account-fields.tsx'

type Props = {
  readonly customerId: string
  readonly isOpen: boolean
  readonly onClose: () => void
}

/** Seats a person or a service on a plan. A key comes afterwards, on the member's page. */
export function NewMemberDialog(props: Props) {
  return (
    <Dialog title="New member" isOpen={props.isOpen} onClose={props.onClose}>
      <MemberForm {...props} />
    </Dialog>
  )
}

type Body = { readonly name: string; readonly planId: string; readonly memberId?: string }

function MemberForm({ customerId, onClose }: Props) {
  const { data: plans, error, refetch } = usePlans()
  const [name, setName] = useState('')
  const [id, setId] = useState('')
  const [chosen, setPlan] = useState<string | null>(null)
  const seat = useCommand<Body, MemberAnswer>(`${path`customers/${customerId}`}/members`)
  if (plans === undefined) {
    return <Pending error={error} refetch={refetch} lines={4} />
  }
  if (plans.length === 0) {
    return (
      <EmptyState title="No member has a plan yet.">
        Ask the operator to seat the first one: which plans a customer has is the operator’s to say.
      </EmptyState>
    )
  }
  const planId = chosen ?? plans[0]?.id ?? ''
  const isFine = name.trim() !== '' && planId !== '' && isIdFine(id)
  return (
    <DialogForm
      command={seat}
      label="Seat the member"
      onCancel={onClose}
      canSend={isFine}
      onSend={() => {
        const own = id === '' ? {} : { memberId: id }
        seat.send({ name: name.trim(), planId, ...own }, ({ memberId }) => {
          toast(`${name.trim()} has a seat now.`)
          onClose()
          go(`/${path`customers/${customerId}/members/${memberId}`}`)
        })
      }}
    >
      <AccountNameField name={name} onName={setName} />
      <Select
        label="Plan"
        value={planId}
        onChange={setPlan}
        options={plans.map((plan) => ({ value: plan.id, label: plan.name }))}
      />
      <AccountIdField id={id} onId={setId} />
    </DialogForm>
  )
}
