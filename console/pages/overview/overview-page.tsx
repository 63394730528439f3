import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { useFilters } from '../../data/address.ts'
import { count, plural } from '../../format/numbers.ts'
import { Card, Facts, Figure, Figures } from '../../ui/card.tsx'
import { Ago, Clock } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Page } from '../../ui/page.tsx'
import { SegmentedControl } from '../../ui/segmented-control.tsx'
import { Pending } from '../../ui/states.tsx'
import { HealthCard } from './health-card.tsx'
import { MoneyCard } from './money-card.tsx'
import { NearCard } from './near-card.tsx'
import { admittedOf, allOf, countOf, readSpan, spans, useOverview } from './overview-query.ts'
import { RunningCard } from './running-card.tsx'
import { RefusalsCard, TrafficCard } from './traffic-card.tsx'
import './overview-page.css'

/** The installation at a glance: what runs, what was refused and why, what it costs, and what needs a person. */
export function OverviewPage() {
  const filters = useFilters()
  const span = readSpan(filters.get('span'))
  const { data: overview, error, refetch } = useOverview(span)
  if (overview === undefined) {
    return (
      <Page title="Overview">
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      </Page>
    )
  }
  const { traffic, currencySymbol: symbol } = overview
  return (
    <Page
      title="Overview"
      lead={`Traffic and refusals of the last ${spanWords[span]}; everything else as of now.`}
      actions={
        <SegmentedControl
          label="Time shown"
          value={span}
          options={spans}
          onChange={(next) => filters.set({ span: next === 'hour' ? '' : next })}
        />
      }
    >
      <LiveFigures overview={overview} />
      <HealthCard health={overview.health} />
      <TrafficCard traffic={traffic} span={span} />
      <div className="two-columns">
        <div className="stack overview-column">
          <RefusalsCard traffic={traffic} />
          <NearCard near={overview.near} />
        </div>
        <div className="stack overview-column">
          <MoneyCard money={overview.money} symbol={symbol} />
          <BooksCard overview={overview} />
        </div>
      </div>
      <RunningCard holds={overview.holds} symbol={symbol} />
    </Page>
  )
}

const spanWords = { hour: 'hour', quarter_day: '6 hours', day: '24 hours' } as const

function LiveFigures({ overview }: { readonly overview: OverviewAnswer }) {
  const { traffic, holds, money, currencySymbol: symbol } = overview
  const { totals } = traffic
  const all = allOf({ counts: totals })
  const refused = countOf({ counts: totals }, 'refused')
  const failed = (totals.upstream_failed ?? 0) + (totals.cut ?? 0)
  const unserved = countOf({ counts: totals }, 'unserved')
  const decided = totals.decided ?? 0
  const meanMs = decided === 0 ? null : (totals.decided_ms ?? 0) / decided
  const slowestMs = Math.max(0, ...traffic.points.map((point) => point.slowestMs))
  return (
    <div className="overview-figures">
      <Figures>
        <Figure
          label="Running now"
          value={count(traffic.runningCount)}
          note={
            <>
              {plural(holds.count, 'open hold')}, <Money nanos={holds.heldNanos} symbol={symbol} />
            </>
          }
        />
        <Figure
          label="Admitted"
          value={count(admittedOf({ counts: totals }))}
          note={all === 0 ? 'no request yet' : `of ${plural(all, 'request')}`}
        />
        <Figure
          label="Refused"
          value={count(refused)}
          note={all === 0 ? undefined : `${((refused / all) * 100).toFixed(1)} % of all`}
        />
        <Figure
          label="Went wrong"
          value={count(failed + unserved)}
          tone={unserved > 0 ? 'bad' : failed > 0 ? 'warn' : 'plain'}
          note={`${count(totals.upstream_failed ?? 0)} at the upstream, ${count(totals.answered_503 ?? 0)} answered 503`}
        />
        <Figure
          label="Added by the gate"
          value={meanMs === null ? '–' : `${meanMs.toFixed(1)} ms`}
          note={
            meanMs === null
              ? undefined
              : `slowest ${count(Math.round(slowestMs))} ms, waiting included`
          }
        />
        <Figure
          label="Charged today"
          value={
            money.kind === 'counted' ? (
              <Money nanos={money.today.chargedNanos} symbol={symbol} />
            ) : (
              '–'
            )
          }
          note={
            money.kind === 'counted' ? (
              <>
                and <Money nanos={money.today.planNanos} symbol={symbol} /> paid by plans
              </>
            ) : (
              'being counted'
            )
          }
        />
      </Figures>
    </div>
  )
}

function BooksCard({ overview }: { readonly overview: OverviewAnswer }) {
  const { drift, clock, position, version, holds } = overview
  return (
    <Card title="Books and clock" actions={<a href="#/storage">Storage</a>}>
      <Facts
        rows={[
          ['Journal', `${count(position)} entries`],
          [
            'Drift found',
            drift.lastFoundAtMs === null ? (
              'never'
            ) : (
              <>
                {drift.foundCount < 50 ? plural(drift.foundCount, 'time') : '50 times or more'},
                last <Ago atMs={drift.lastFoundAtMs} />; all put right
              </>
            ),
          ],
          [
            'First hold to end',
            holds.firstEndMs === null ? 'none open' : <Clock atMs={holds.firstEndMs} />,
          ],
          ['Clock', clockWords(clock)],
          ['Version', version],
        ]}
      />
    </Card>
  )
}

function clockWords({ isJumpHeld, isBehind, driftMs }: OverviewAnswer['clock']): string {
  if (isJumpHeld) return 'a jump of the machine’s clock is held back: look at it'
  if (isBehind) return 'the machine’s clock is behind'
  return Math.abs(driftMs) < 1000
    ? 'agrees with the machine'
    : `${Math.round(driftMs / 1000)} s from the machine’s`
}
