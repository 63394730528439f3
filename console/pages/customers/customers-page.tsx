import { useState } from 'react'
import type { CustomerRow, CustomerRowsAnswer } from '../../../src/admin/contract/customers.ts'
import { useFilters } from '../../data/address.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { count } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { shareOf } from '../../ui/meter.tsx'
import { Money } from '../../ui/money.tsx'
import { Page } from '../../ui/page.tsx'
import type { Column } from '../../ui/table.tsx'
import { AccountList } from './account-list.tsx'
import { useCustomers } from './customers-query.ts'
import { NewCustomerDialog } from './new-customer-dialog.tsx'
import { RemoveDemoDialog } from './remove-demo-dialog.tsx'
import { SmallMeter } from './small-meter.tsx'

/** Every customer with its money and its fullest limit; found by name or id. */
export function CustomersPage() {
  const { get, set } = useFilters()
  const [isOpening, setOpening] = useState(false)
  return (
    <Page
      title="Customers"
      lead="Who pays: each customer has one wallet, a spend cap, and members with plans and keys."
      actions={
        <Button kind="main" onPress={() => setOpening(true)}>
          New customer
        </Button>
      }
    >
      <Card>
        <CustomerList search={get('search')} />
      </Card>
      <NewCustomerDialog isOpen={isOpening} onClose={() => setOpening(false)} />
      {/* The banner of the demo world leads here. */}
      <RemoveDemoDialog
        isOpen={get('remove-demo') !== ''}
        onClose={() => set({ 'remove-demo': '' })}
      />
    </Page>
  )
}

function CustomerList({ search }: { readonly search: string }) {
  const { currencySymbol } = useSession()
  return (
    <AccountList<CustomerRow, CustomerRowsAnswer>
      noun="customer"
      search={search}
      query={useCustomers(search)}
      rowsOf={({ customers }) => customers}
      rowKey={({ customerId }) => customerId}
      columns={columnsFor(currencySymbol)}
      placeOf={({ customerId }) => `/${path`customers/${customerId}`}`}
      whenNone="Open the first one: it gets a wallet, and its members get plans and keys."
    />
  )
}

const columnsFor = (symbol: string): readonly Column<CustomerRow>[] => [
  { id: 'name', heading: 'Customer', cell: (row) => <NameCell row={row} /> },
  {
    id: 'members',
    heading: 'Members',
    isNumber: true,
    cell: ({ memberCount }) => count(memberCount),
  },
  {
    id: 'balance',
    heading: 'Balance',
    isNumber: true,
    cell: ({ balanceNanos }) => <Money nanos={balanceNanos} symbol={symbol} />,
  },
  {
    id: 'spent',
    heading: 'Spent of cap, this month',
    isNumber: true,
    cell: (row) => <SpentCell row={row} symbol={symbol} />,
  },
  { id: 'fullest', heading: 'Fullest limit', cell: (row) => <FullestCell row={row} /> },
]

function NameCell({ row }: { readonly row: CustomerRow }) {
  return (
    <span className="name-cell">
      {row.name ?? row.customerId}
      {row.isServed ? null : <Badge tone="bad">In quarantine</Badge>}
      {row.isActive ? null : <Badge tone="warn">Paused</Badge>}
      {row.isOfDemoWorld ? <Badge>Demo</Badge> : null}
    </span>
  )
}

/** Cap and balance are two numbers; this one is the month's. */
function SpentCell({ row, symbol }: { readonly row: CustomerRow; readonly symbol: string }) {
  const { spentNanos, capNanos, isExtraUsageOn } = row
  if (!isExtraUsageOn && spentNanos === '0') return <span className="soft">extra usage off</span>
  const isReached = capNanos !== null && BigInt(spentNanos) >= BigInt(capNanos)
  return (
    <span className={isReached ? 'bad' : ''}>
      <Money nanos={spentNanos} symbol={symbol} />
      {capNanos === null ? (
        <span className="soft">, no cap</span>
      ) : (
        <>
          {' of '}
          <Money nanos={capNanos} symbol={symbol} />
          {isReached
            ? ', reached'
            : ` (${count(Math.floor(shareOf(BigInt(spentNanos), BigInt(capNanos))))} %)`}
        </>
      )}
    </span>
  )
}

function FullestCell({ row: { fullest } }: { readonly row: CustomerRow }) {
  if (fullest === undefined) return <span className="soft">many members: see inside</span>
  if (fullest === null) return <span className="soft">none</span>
  const { member, title, usedPercent } = fullest
  const who = member.name ?? member.id
  return (
    <span className="fullest">
      <SmallMeter label={`${who}, ${title}`} percent={usedPercent} />
      <small className="soft">
        <bdi>{who}</bdi>, {title}
      </small>
    </span>
  )
}
