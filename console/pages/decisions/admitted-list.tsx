import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import type { AdmittedLine, DecisionsAnswer } from '../../../src/admin/contract/desk.ts'
import type { useFilters } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { momentText, queryText } from '../../data/query-text.ts'
import { useSession } from '../../data/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { LoadOlder } from '../../ui/load-older.tsx'
import { Money } from '../../ui/money.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { firstColumns } from './decision-columns.tsx'
import { DamagedNote } from '../../ui/unreadable-note.tsx'
import { go } from '../../data/address.ts'
import { sourceWords } from './words.ts'

type Filters = ReturnType<typeof useFilters>

/** Admitted requests, newest first, and how they ended. */
export function AdmittedList({ filters }: { readonly filters: Filters }) {
  const { currencySymbol: symbol } = useSession()
  const asked = {
    customerId: filters.get('customer'),
    memberId: filters.get('member'),
    keyId: filters.get('key'),
    model: filters.get('model'),
    source: filters.get('source'),
    fromMs: momentText(filters.get('from')),
    toMs: momentText(filters.get('to')),
  }
  const query = useInfiniteQuery({
    queryKey: ['decisions', asked],
    queryFn: ({ signal, pageParam }) =>
      read<DecisionsAnswer>(
        `decisions?${queryText({ ...asked, beforePosition: pageParam })}`,
        signal,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: ({ beforePosition }) => beforePosition,
    placeholderData: keepPreviousData,
    meta: { everyMs: 5_000 },
  })
  if (query.data === undefined) {
    return <Pending error={query.error} refetch={query.refetch} lines={6} />
  }
  const lines = query.data.pages.flatMap(({ requests }) => requests)
  const damaged = [...new Set(query.data.pages.flatMap((page) => page.damaged))]
  return (
    <div className="stack">
      <DamagedNote positions={damaged} />
      {lines.length === 0 ? (
        <EmptyState
          title={
            query.hasNextPage ? 'Nothing among the newest entries.' : 'No request was admitted so.'
          }
        >
          {query.hasNextPage ? 'Older ones have not been looked through yet.' : undefined}
        </EmptyState>
      ) : (
        <Table
          label="Admitted requests"
          columns={columnsFor(symbol)}
          rows={lines}
          rowKey={({ holdId }) => holdId}
          onOpen={({ holdId }) => go(`/decisions/${holdId}`)}
        />
      )}
      <LoadOlder
        hasMore={query.hasNextPage}
        isLoading={query.isFetchingNextPage}
        onLoad={() => void query.fetchNextPage()}
      />
    </div>
  )
}

const columnsFor = (symbol: string): readonly Column<AdmittedLine>[] => [
  ...firstColumns<AdmittedLine>('Admitted', (name) => `open the request of ${name}`),
  { id: 'model', heading: 'Model', room: 'name', cell: ({ model }) => model },
  { id: 'source', heading: 'Paid by', room: 'word', cell: ({ source }) => sourceWords[source] },
  {
    id: 'held',
    heading: 'Held',
    isNumber: true,
    cell: ({ heldNanos }) => <Money nanos={heldNanos} symbol={symbol} />,
  },
  {
    id: 'cost',
    heading: 'Cost',
    isNumber: true,
    cell: ({ end }) =>
      end === null || end.kind !== 'settled' ? (
        '–'
      ) : (
        <Money nanos={end.costNanos} symbol={symbol} />
      ),
  },
  {
    id: 'end',
    heading: 'End',
    cell: ({ end, endTitle }) =>
      end === null ? (
        <Badge tone="accent">running</Badge>
      ) : (
        <Badge tone={end.kind === 'settled' ? 'plain' : 'warn'}>{endTitle}</Badge>
      ),
  },
]
