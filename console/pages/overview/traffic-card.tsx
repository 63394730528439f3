import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { count } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Table } from '../../ui/table.tsx'
import { allOf, countOf, outcomes, type Span, type TrafficPoint } from './overview-query.ts'
import { TrafficChart } from './traffic-chart.tsx'

const spanMinutes: Readonly<Record<Span, number>> = { hour: 60, quarter_day: 360, day: 1440 }

export function TrafficCard(props: {
  readonly traffic: OverviewAnswer['traffic']
  readonly span: Span
}) {
  const { traffic, span } = props
  return (
    <Card
      title="Traffic"
      lead={
        <>
          Counted by this process since <Clock atMs={traffic.sinceMs} />; a restart begins anew.
          What was charged is in the journal.
        </>
      }
    >
      <TrafficChart traffic={traffic} spanMinutes={spanMinutes[span]} />
      <details className="small">
        <summary>The same as a table</summary>
        <Table
          label="Traffic"
          rows={traffic.points.filter((point) => allOf(point) > 0).toReversed()}
          rowKey={({ atMs }) => String(atMs)}
          columns={[
            {
              id: 'from',
              heading: 'From',
              cell: ({ atMs }: TrafficPoint) => <Clock atMs={atMs} />,
            },
            ...outcomes.map(({ id, label }) => ({
              id,
              heading: label,
              isNumber: true,
              cell: (point: TrafficPoint) => count(countOf(point, id)),
            })),
          ]}
        />
      </details>
    </Card>
  )
}

/** Refusals by reason, the most frequent first, each a way to its requests. */
export function RefusalsCard({ traffic }: { readonly traffic: OverviewAnswer['traffic'] }) {
  const { refusals } = traffic
  const most = Math.max(1, ...refusals.map((refusal) => refusal.count))
  return (
    <Card
      title="Refusals by reason"
      lead="In the time shown above."
      actions={<a href="#/decisions?tab=refused">The last refusals</a>}
    >
      {refusals.length === 0 ? (
        <p className="soft">Nobody was refused.</p>
      ) : (
        <ul className="reasons">
          {refusals.map(({ reason, words, count: times }) => (
            <li key={reason}>
              <div className="row between">
                <a href={`#/decisions?tab=refused&reason=${reason}`}>{words}</a>
                <span className="number strong">{count(times)}</span>
              </div>
              <span className="reason-bar" aria-hidden="true">
                <span style={{ width: `${(times / most) * 100}%` }} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
