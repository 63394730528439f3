import type { ExtraUsageAnswer, GrantAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { plural } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { Clock, Countdown } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'

/** What the balance is made of, in the order in which it pays. */
export function GrantsCard({ wallet }: { readonly wallet: ExtraUsageAnswer }) {
  const { grants, usedUpCount } = wallet
  return (
    <Card
      title="What the balance is made of"
      lead="In the order in which it pays: what expires first goes first."
    >
      {grants.length === 0 ? (
        <EmptyState title="There is nothing in the balance.">
          Top-ups, gifts and credit that a plan includes stand here, each until it is used up.
        </EmptyState>
      ) : (
        <Table
          label="Grants"
          columns={columnsFor(wallet.currencySymbol)}
          rows={grants}
          rowKey={({ grantId }) => grantId}
        />
      )}
      {usedUpCount === 0 ? null : (
        <p className="soft small">
          {plural(usedUpCount, 'older one')} {usedUpCount === 1 ? 'is' : 'are'} used up or expired;
          the history has every one.
        </p>
      )}
    </Card>
  )
}

const originWords = {
  top_up: 'Top-up',
  auto_reload: 'Auto-reload',
  gift: 'Gift',
  included: 'Included in the plan',
} as const

const columnsFor = (symbol: string): readonly Column<GrantAnswer>[] => [
  { id: 'what', heading: 'What', cell: ({ origin }) => originWords[origin] },
  { id: 'since', heading: 'Since', cell: ({ createdAtMs }) => <Clock atMs={createdAtMs} /> },
  {
    id: 'expires',
    heading: 'Expires',
    cell: ({ expiresAtMs }) =>
      expiresAtMs === null ? (
        'never'
      ) : (
        <span>
          <Clock atMs={expiresAtMs} />,{' '}
          <span className="soft">
            <Countdown atMs={expiresAtMs} />
          </span>
        </span>
      ),
  },
  amount('granted', 'Granted', symbol, ({ grantedNanos }) => grantedNanos),
  amount('spent', 'Spent', symbol, ({ spentNanos }) => spentNanos),
  amount('held', 'Held', symbol, ({ heldNanos }) => heldNanos),
  amount('left', 'Left', symbol, ({ availableNanos }) => availableNanos),
]

// oxlint-disable-next-line eslint/max-params -- a row of a table, written as one
function amount(
  id: string,
  heading: string,
  symbol: string,
  of: (grant: GrantAnswer) => string,
): Column<GrantAnswer> {
  return {
    id,
    heading,
    isNumber: true,
    cell: (grant) => <Money nanos={of(grant)} symbol={symbol} />,
  }
}
