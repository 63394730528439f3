import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type {
  InvitedAnswer,
  PeopleAnswer,
  PersonAnswer,
} from '../../../src/admin/contract/people.ts'
import { path, read } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { roleWords } from '../../app/role-words.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Ago } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import { LinkDialog } from './link-dialog.tsx'
import { PersonDialog } from './person-dialog.tsx'

/** Who has an account: everybody for the operator, the own customer's people for an owner. */
export function PeoplePage() {
  const { role, customer } = useSession()
  const below = role === 'operator' || customer === null ? '' : path`customers/${customer.id}/`
  const { data, error, refetch } = useQuery({
    queryKey: ['people', below],
    queryFn: ({ signal }) => read<PeopleAnswer>(`${below}people`, signal),
  })
  const [isInviting, setInviting] = useState(false)
  const [openId, setOpenId] = useState<string | null>(null)
  const [invited, setInvited] = useState<InvitedAnswer | null>(null)
  const people = data?.people ?? []
  const open = people.find(({ id }) => id === openId)
  const invite = (
    <Button kind="main" onPress={() => setInviting(true)}>
      Invite somebody
    </Button>
  )
  return (
    <Page title="People" lead={leads[role === 'operator' ? 'operator' : 'owner']} actions={invite}>
      <Card>
        {data === undefined ? (
          <Pending error={error} refetch={refetch} lines={5} />
        ) : people.length === 0 ? (
          <EmptyState title="Nobody has an account yet.">
            Members can use their keys without one. An account is for whoever wants to come back
            without a key.
          </EmptyState>
        ) : (
          <Table
            label="People with an account"
            rows={people}
            rowKey={({ id }) => id}
            columns={columns(role === 'operator')}
            onOpen={({ id }) => setOpenId(id)}
            openLabel={({ name }) => `Manage ${name}`}
          />
        )}
      </Card>
      {isInviting ? (
        <InviteDialog
          below={below}
          onClose={() => setInviting(false)}
          onInvited={(answer) => {
            setInviting(false)
            setInvited(answer)
          }}
        />
      ) : null}
      {open === undefined ? null : (
        <PersonDialog
          below={below}
          person={open}
          onClose={() => setOpenId(null)}
          onLink={(answer) => {
            setOpenId(null)
            setInvited(answer)
          }}
        />
      )}
      {invited === null ? null : <LinkDialog invited={invited} onClose={() => setInvited(null)} />}
    </Page>
  )
}

const leads = {
  operator:
    'Operators manage everything, owners one customer, members see their own usage. Members can use a key without an account.',
  owner: 'Who can sign in for your company. Members can use a key without an account.',
} as const

const columns = (isOperator: boolean): readonly Column<PersonAnswer>[] => [
  {
    id: 'name',
    heading: 'Name',
    room: 'name',
    cell: ({ name, isYou, isActive }) => (
      <>
        {name} {isYou ? <Badge tone="accent">you</Badge> : null}
        {isActive ? null : <Badge tone="warn">switched off</Badge>}
      </>
    ),
  },
  { id: 'email', heading: 'E-mail', room: 'name', cell: ({ email }) => email },
  { id: 'role', heading: 'Role', room: 'word', cell: ({ role }) => roleWords[role] },
  ...(isOperator
    ? [
        {
          id: 'customer',
          heading: 'Customer',
          room: 'name' as const,
          cell: ({ customer }: PersonAnswer) => customer?.name ?? customer?.id ?? '–',
        },
      ]
    : []),
  {
    id: 'seat',
    heading: 'Seat',
    room: 'name',
    cell: ({ member }) => member?.name ?? member?.id ?? '–',
  },
  {
    id: 'seen',
    heading: 'Last used',
    cell: ({ lastSeenAtMs }) => (lastSeenAtMs === null ? '–' : <Ago atMs={lastSeenAtMs} />),
  },
]
