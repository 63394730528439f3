import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReportsAnswer } from '../../../src/admin/contract/desk.ts'
import { go } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { plural } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { firstColumns } from './decision-columns.tsx'

type Report = ReportsAnswer['reports'][number]

/** So many are seen at first. */
const shownMax = 5

/** Decisions that members say were wrong; nothing is shown while nobody has said so. */
export function ReportsCard() {
  const [isWhole, setWhole] = useState(false)
  const { data } = useQuery({
    queryKey: ['reports'],
    queryFn: ({ signal }) => read<ReportsAnswer>('reports', signal),
    // A report is no entry of the journal, so no event tells of it.
    staleTime: 0,
    refetchInterval: 10_000,
    meta: { everyMs: 10_000 },
  })
  const reports = data?.reports ?? []
  if (reports.length === 0) return null
  return (
    <Card
      title="Reported by members"
      lead="Decisions that a member asks you to look at. Each was made again from the journal when it was reported."
    >
      <Table
        label="Reported decisions"
        columns={columns}
        rows={isWhole ? reports : reports.slice(0, shownMax)}
        rowKey={({ id }) => String(id)}
        onOpen={({ decisionId }) => go(`/decisions/${encodeURIComponent(decisionId)}`)}
      />
      {reports.length > shownMax && !isWhole ? (
        <div className="row">
          <Button size="small" onPress={() => setWhole(true)}>
            {`Show all ${plural(reports.length, 'report')}`}
          </Button>
        </div>
      ) : null}
    </Card>
  )
}

const columns: readonly Column<Report>[] = [
  ...firstColumns<Report>('Reported', (name) => `open what ${name} reported`),
  {
    id: 'verdict',
    heading: 'Made again',
    cell: ({ isConfirmed }) => (
      <Badge tone={isConfirmed ? 'good' : 'bad'}>
        {isConfirmed ? 'the same decision' : 'another decision'}
      </Badge>
    ),
  },
  {
    id: 'decision',
    heading: 'Decision',
    cell: ({ decisionId }) => <code className="wrap-anywhere">{decisionId.slice(0, 24)}…</code>,
  },
]
