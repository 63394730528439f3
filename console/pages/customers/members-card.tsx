import { useState } from 'react'
import type { LimitAnswer } from '../../../src/admin/contract/answers.ts'
import type { MemberRow } from '../../../src/admin/contract/customers.ts'
import { go, useFilters } from '../../data/address.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { plural } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { LoadOlder } from '../../ui/load-older.tsx'
import { Money } from '../../ui/money.tsx'
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { UnreadableNote } from '../../ui/unreadable-note.tsx'
import { useMembers } from './customers-query.ts'
import { NewMemberDialog } from './new-member-dialog.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { SmallMeter } from './small-meter.tsx'
import './customers.css'

/** The members of a customer, each with its bars. */
export function MembersCard({ customerId }: { readonly customerId: string }) {
  const { get, set } = useFilters()
  const [isSeating, setSeating] = useState(false)
  const search = get('search')
  return (
    <Card title="Members" actions={<Button onPress={() => setSeating(true)}>New member</Button>}>
      <div className="list-search">
        <SearchField
          label="Search members by name or id"
          isLabelHidden
          value={search}
          onSearch={(text) => set({ search: text })}
        />
      </div>
      <MemberTable customerId={customerId} search={search} />
      <NewMemberDialog
        customerId={customerId}
        isOpen={isSeating}
        onClose={() => setSeating(false)}
      />
    </Card>
  )
}

function MemberTable(props: { readonly customerId: string; readonly search: string }) {
  const { customerId, search } = props
  const { currencySymbol } = useSession()
  const found = useMembers(customerId, search)
  if (found.data === undefined) {
    return found.error === null ? (
      <Skeleton lines={6} />
    ) : (
      <ErrorState failure={found.error} onRetry={() => void found.refetch()} />
    )
  }
  const rows = found.data.pages.flatMap(({ members }) => members)
  const unreadable = found.data.pages.flatMap((page) => page.unreadable)
  if (rows.length === 0 && unreadable.length === 0) {
    return search === '' ? (
      <EmptyState title="There is no member yet.">
        A member is a person or a service with a seat on a plan, and keys of its own.
      </EmptyState>
    ) : (
      <EmptyState title={`No member is called “${search}”.`} />
    )
  }
  return (
    <>
      <UnreadableNote accounts={unreadable} />
      <Table<MemberRow>
        label="Members"
        columns={columnsFor(currencySymbol)}
        rows={rows}
        rowKey={({ memberId }) => memberId}
        onOpen={({ memberId }) => go(`/${path`customers/${customerId}/members/${memberId}`}`)}
      />
      <LoadOlder
        hasMore={found.hasNextPage}
        isLoading={found.isFetchingNextPage}
        onLoad={() => void found.fetchNextPage()}
        label="Show more members"
        endWords={`${plural(rows.length, 'member')}.`}
      />
    </>
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
