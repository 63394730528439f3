import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { count, shortCount } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { ProgressBar } from '../../ui/meter.tsx'
import { Money } from '../../ui/money.tsx'
import { Note } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'

type Counted = Extract<OverviewAnswer['money'], { kind: 'counted' }>
type Sums = Counted['month']
type Row = { readonly id: string; readonly label: string; readonly of: (sums: Sums) => string }

const rows: readonly Row[] = [
  { id: 'plan', label: 'Paid by plans', of: (sums) => sums.planNanos },
  { id: 'charged', label: 'Charged to wallets', of: (sums) => sums.chargedNanos },
  { id: 'overrun', label: 'Overrun, yours', of: (sums) => sums.overrunNanos },
  { id: 'lost', label: 'Lost to crashes, yours', of: (sums) => sums.lostNanos },
  { id: 'topped-up', label: 'Topped up', of: (sums) => sums.toppedUpNanos },
  { id: 'gifts', label: 'Gifts', of: (sums) => sums.giftedNanos },
  { id: 'included', label: 'Credit of plans', of: (sums) => sums.includedNanos },
  { id: 'refunded', label: 'Refunded', of: (sums) => sums.refundedNanos },
]

/** Sums of all customers, from the journal. */
export function MoneyCard(props: {
  readonly money: OverviewAnswer['money']
  readonly symbol: string
}) {
  const { money, symbol } = props
  if (money.kind === 'failed') {
    return (
      <Card title="Money">
        <Note tone="bad" title="The journal could not be added up.">
          <p>{money.problem}</p>
          <p>
            <a href="#/storage">Verify it</a>; it is tried again with each look.
          </p>
        </Note>
      </Card>
    )
  }
  if (money.kind === 'counting') {
    return (
      <Card title="Money" lead="Counting this month’s entries of the journal, once.">
        <ProgressBar label="Counting" done={money.doneCount} total={money.totalCount} />
        <p className="soft small">
          {count(money.doneCount)} of {count(money.totalCount)} entries. Nothing is shown before it
          is whole.
        </p>
      </Card>
    )
  }
  const amount = (nanos: string) => <Money nanos={nanos} symbol={symbol} />
  const columns: readonly Column<Row>[] = [
    { id: 'what', heading: 'All customers', cell: ({ label }) => label },
    { id: 'today', heading: 'Today', isNumber: true, cell: (row) => amount(row.of(money.today)) },
    {
      id: 'month',
      heading: 'This month',
      isNumber: true,
      cell: (row) => amount(row.of(money.month)),
    },
  ]
  return (
    <Card
      title="Money"
      lead={`Added up from the journal, to entry ${count(money.position)}. Days of ${money.zone}.`}
    >
      <Table label="Money" columns={columns} rows={rows} rowKey={({ id }) => id} />
      <p className="soft small">
        {count(money.today.requests)} requests and {shortCount(money.today.tokens)} tokens settled
        today, {count(money.month.requests)} and {shortCount(money.month.tokens)} this month.
      </p>
    </Card>
  )
}
