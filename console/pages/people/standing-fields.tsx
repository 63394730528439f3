import { useQuery } from '@tanstack/react-query'
import type { CustomersAnswer, MembersAnswer } from '../../../src/admin/contract/answers.ts'
import type { Role } from '../../../src/admin/contract/session.ts'
import { path, read } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { RadioChoices, Select } from '../../ui/fields.tsx'

export type Standing = {
  readonly role: Role
  readonly customerId: string | null
  readonly memberId: string | null
}

/** Role, customer and seat. An owner gives accounts to members of the own customer, so that only the seat is asked. */
export function StandingFields(props: {
  readonly value: Standing
  readonly onChange: (value: Standing) => void
}) {
  const { value, onChange } = props
  const isOperator = useSession().role === 'operator'
  const customers = useQuery({
    queryKey: ['customers', 'choices'],
    queryFn: ({ signal }) => read<CustomersAnswer>('customers?rowsMax=200', signal),
    enabled: isOperator,
  })
  const members = useQuery({
    queryKey: ['members', 'choices', value.customerId],
    queryFn: ({ signal }) =>
      read<MembersAnswer>(path`customers/${value.customerId ?? ''}/members?rowsMax=200`, signal),
    enabled: value.customerId !== null,
  })
  const named = (id: string, name: string | null): { value: string; label: string } => ({
    value: id,
    label: name ?? id,
  })
  return (
    <>
      {isOperator ? (
        <RadioChoices
          label="Role"
          value={value.role}
          onChange={(role) =>
            onChange(
              role === 'operator' ? { role, customerId: null, memberId: null } : { ...value, role },
            )
          }
          options={[
            { value: 'member', label: 'Member', hint: 'sees and manages its own usage' },
            { value: 'owner', label: 'Owner', hint: 'manages one customer and its members' },
            { value: 'operator', label: 'Operator', hint: 'manages everything' },
          ]}
        />
      ) : null}
      {isOperator && value.role !== 'operator' ? (
        <Select
          label="Customer"
          value={value.customerId ?? ''}
          onChange={(customerId) =>
            onChange({
              ...value,
              customerId: customerId === '' ? null : customerId,
              memberId: null,
            })
          }
          options={[
            { value: '', label: 'Choose a customer' },
            ...(customers.data?.customers ?? []).map((each) => named(each.customerId, each.name)),
          ]}
          isRequired
        />
      ) : null}
      {value.role !== 'operator' && value.customerId !== null ? (
        <Select
          label="Seat"
          value={value.memberId ?? ''}
          onChange={(memberId) =>
            onChange({ ...value, memberId: memberId === '' ? null : memberId })
          }
          options={[
            { value: '', label: value.role === 'owner' ? 'No seat' : 'Choose a member' },
            ...(members.data?.members ?? []).map((each) => named(each.memberId, each.name)),
          ]}
          hint="Whose usage this person sees as its own."
          isRequired={value.role === 'member'}
        />
      ) : null}
    </>
  )
}
