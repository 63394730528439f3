import { useQuery } from '@tanstack/react-query'
import type { RefusalsAnswer, RefusedLine } from '../../../src/admin/contract/desk.ts'
import { go, type useFilters } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { momentText, queryText } from '../../data/query-text.ts'
import { Clock } from '../../ui/moment.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { firstColumns } from './decision-columns.tsx'

/** The last refusals of this process. They wrote nothing, so this list is all there is beside their ids. */
export function RefusedList({ filters }: { readonly filters: ReturnType<typeof useFilters> }) {
  const asked = {
    customerId: filters.get('customer'),
    memberId: filters.get('member'),
    keyId: filters.get('key'),
    model: filters.get('model'),
    reason: filters.get('reason'),
    fromMs: momentText(filters.get('from')),
    toMs: momentText(filters.get('to')),
    rowsMax: 200,
  }
  const { data, error, refetch } = useQuery({
    queryKey: ['refusals', asked],
    queryFn: ({ signal }) => read<RefusalsAnswer>(`refusals?${queryText(asked)}`, signal),
    placeholderData: (before) => before,
    meta: { everyMs: 2_000 },
  })
  if (data === undefined) {
    return <Pending error={error} refetch={refetch} lines={6} />
  }
  return (
    <div className="stack">
      <p className="soft small">
        Kept in memory since <Clock atMs={data.sinceMs} />: the last 1,000, and 200 of one member. A
        refusal writes nothing; its decision id is enough to make the decision again, also later.
      </p>
      {data.refusals.length === 0 ? (
        <EmptyState title="No refusals." />
      ) : (
        <Table
          label="Refused requests"
          columns={columns}
          rows={data.refusals}
          rowKey={(line) => line.requestId ?? `${line.decisionId} ${line.atMs}`}
          onOpen={({ decisionId }) => {
            if (decisionId !== null) go(`/decisions/${encodeURIComponent(decisionId)}`)
          }}
        />
      )}
    </div>
  )
}

const columns: readonly Column<RefusedLine>[] = [
  ...firstColumns<RefusedLine>('Refused', (name) => `open the refusal of ${name}`),
  { id: 'model', heading: 'Model', room: 'name', cell: ({ model }) => model ?? '–' },
  { id: 'why', heading: 'Why', room: 'sentence', cell: ({ words }) => words },
  { id: 'key', heading: 'Key', cell: ({ keyId }) => <code>{keyId}</code> },
]
