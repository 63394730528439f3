import { useState } from 'react'
import type { LimitAnswer } from '../../../src/admin/contract/answers.ts'
import type { MemberRow, MemberRowsAnswer } from '../../../src/admin/contract/customers.ts'
import { useFilters } from '../../data/address.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Money } from '../../ui/money.tsx'
import type { Column } from '../../ui/table.tsx'
import { AccountList } from './account-list.tsx'
import { useMembers } from './customers-query.ts'
import { NewMemberDialog } from './new-member-dialog.tsx'
import { SmallMeter } from './small-meter.tsx'

/** The members of a customer, each with its bars. */
export function MembersCard({ customerId }: { readonly customerId: string }) {
  const { get } = useFilters()
  const { currencySymbol } = useSession()
  const [isSeating, setSeating] = useState(false)
  const search = get('search')
  return (
    <Card title="Members" actions={<Button onPress={() => setSeating(true)}>New member</Button>}>
      <AccountList<MemberRow, MemberRowsAnswer>
        noun="member"
        search={search}
        query={useMembers(customerId, search)}
        rowsOf={({ members }) => members}
        rowKey={({ memberId }) => memberId}
        columns={columnsFor(currencySymbol)}
        placeOf={({ memberId }) => `/${path`customers/${customerId}/members/${memberId}`}`}
        whenNone="A member is a person or a service with a seat on a plan, and keys of its own."
      />
      <NewMemberDialog
        customerId={customerId}
        isOpen={isSeating}
        onClose={() => setSeating(false)}
      />
    </Card>
  )
}

const columnsFor = (symbol: string): readonly Column<MemberRow>[] => [
  {
    id: 'name',
    heading: 'Member',
    cell: ({ name, memberId, isActive }) => (
      <span className="name-cell">
        {name ?? memberId}
        {isActive ? null : <Badge tone="warn">Paused</Badge>}
      </span>
    ),
  },
  { id: 'plan', heading: 'Plan', cell: ({ planName }) => planName },
  { id: 'limits', heading: 'Limits', cell: ({ limits = [] }) => <Limits limits={limits} /> },
  {
    id: 'spent',
    heading: 'Extra usage, this month',
    isNumber: true,
    cell: ({ spentNanos, capNanos, isExtraUsageOn }) =>
      isExtraUsageOn || spentNanos !== '0' ? (
        <>
          <Money nanos={spentNanos} symbol={symbol} />
          {capNanos === null ? null : (
            <>
              {' of '}
              <Money nanos={capNanos} symbol={symbol} />
            </>
          )}
        </>
      ) : (
        <span className="soft">off</span>
      ),
  },
]

/** Only limits of which something is used; the rest is said in a word. */
function Limits({ limits }: { readonly limits: readonly LimitAnswer[] }) {
  const used = limits.filter(({ used: amount }) => amount !== '0')
  if (used.length === 0) return <span className="soft">nothing used</span>
  return (
    <span className="member-limits">
      {used.map(({ limitId, title, usedPercent }) => (
        <span key={limitId}>
          <small className="soft">{title}</small>
          <SmallMeter label={title} percent={usedPercent} />
        </span>
      ))}
    </span>
  )
}
