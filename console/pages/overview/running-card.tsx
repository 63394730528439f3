import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { path } from '../../data/api.ts'
import { count } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { Ago, Countdown } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { sourceWords } from '../decisions/words.ts'

type Holds = OverviewAnswer['holds']
type Hold = Holds['holds'][number]

/** Requests that run now, by the holds that keep their expected cost. */
export function RunningCard(props: { readonly holds: Holds; readonly symbol: string }) {
  const { holds, symbol } = props
  const columns: readonly Column<Hold>[] = [
    {
      id: 'member',
      heading: 'Member',
      cell: (hold) => (
        <a href={`#/${path`customers/${hold.customerId}/members/${hold.memberId}`}/usage`}>
          {hold.member?.name ?? hold.memberId}
        </a>
      ),
    },
    { id: 'model', heading: 'Model', cell: ({ model }) => model },
    { id: 'since', heading: 'Since', cell: ({ atMs }) => <Ago atMs={atMs} /> },
    { id: 'source', heading: 'Paid by', cell: ({ source }) => sourceWords[source] },
    {
      id: 'held',
      heading: 'Held',
      isNumber: true,
      cell: ({ heldNanos }) => <Money nanos={heldNanos} symbol={symbol} />,
    },
    {
      id: 'expires',
      heading: 'Cut at the latest',
      cell: ({ expiresAtMs }) => <Countdown atMs={expiresAtMs} />,
    },
  ]
  const isCut = holds.count > holds.holds.length
  return (
    <Card
      title="Running now"
      lead={isCut ? `The oldest ${count(holds.holds.length)} of ${count(holds.count)}.` : undefined}
    >
      {holds.holds.length === 0 ? (
        <p className="soft">No request is running.</p>
      ) : (
        <Table
          label="Running requests"
          columns={columns}
          rows={holds.holds}
          rowKey={({ holdId }) => holdId}
        />
      )}
    </Card>
  )
}
