import { useId, useState } from 'react'
import type { SeriesAnswer } from '../../src/admin/contract/series.ts'
import { useFilters } from '../data/address.ts'
import { localMoment } from '../data/local-moment.ts'
import { scopeHref, type MemberScope, type Scope } from '../data/scope.ts'
import { Select } from '../ui/fields.tsx'
import { SegmentedControl } from '../ui/segmented-control.tsx'
import { EmptyState, Note, Pending } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { bucketText } from './bucket-text.ts'
import { Forecasts, marksOf } from './forecasts.tsx'
import { Patterns, Swatch } from './patterns.tsx'
import { UsageChart, type ChartMark } from './usage-chart.tsx'
import {
  amountOf,
  amountText,
  chartModels,
  stacksOf,
  useForecast,
  useSeries,
  type ChartModel,
  type Measure,
  type Stack,
  type Step,
} from './usage-series.ts'

const steps = [
  { value: 'hour', label: '48 hours' },
  { value: 'day', label: '30 days' },
] as const
const measures = [
  { value: 'cost', label: 'Cost' },
  { value: 'extra', label: 'Paid by extra usage' },
  { value: 'tokens', label: 'Tokens' },
  { value: 'requests', label: 'Requests' },
] as const
const views = [
  { value: 'chart', label: 'Chart' },
  { value: 'table', label: 'Table' },
] as const

const chosen = <Value extends string>(
  options: readonly { readonly value: Value }[],
  text: string,
  usual: Value,
): Value => options.find(({ value }) => value === text)?.value ?? usual

/** A member's usage by hour or day, stacked by model, and when its limits run out if it goes on so. */
export function MemberUsageOverTime({ scope }: { readonly scope: MemberScope }) {
  const { data: forecast } = useForecast(scope)
  return (
    <>
      <UsageOverTime scope={scope} marks={marksOf(forecast)} />
      {forecast === undefined ? null : <Forecasts forecast={forecast} />}
    </>
  )
}

/** The same for whoever it is, without a look ahead. Which hours, what is counted and how stand in the address. */
export function UsageOverTime(props: {
  readonly scope: Scope
  readonly marks?: readonly ChartMark[]
}) {
  const filters = useFilters()
  const step = chosen(steps, filters.get('step'), 'hour')
  const measure = chosen(measures, filters.get('measure'), 'cost')
  const view = chosen(views, filters.get('view'), 'chart')
  const { data: series, error, refetch } = useSeries(props.scope, step)
  return (
    <>
      <div className="chart-head">
        <div className="row">
          <SegmentedControl
            label="Hours or days"
            value={step}
            options={steps}
            onChange={(value) => filters.set({ step: value === 'hour' ? '' : value })}
          />
          <Select
            label="What is counted"
            isLabelHidden
            value={measure}
            options={measures}
            onChange={(value) => filters.set({ measure: value === 'cost' ? '' : value })}
          />
        </div>
        <SegmentedControl
          label="Chart or table"
          value={view}
          options={views}
          onChange={(value) => filters.set({ view: value === 'chart' ? '' : value })}
        />
      </div>
      {series === undefined ? (
        <Pending error={error} refetch={refetch} lines={7} />
      ) : (
        <Drawn
          series={series}
          step={step}
          measure={measure}
          view={view}
          scope={props.scope}
          marks={props.marks ?? []}
        />
      )}
    </>
  )
}

type DrawnProps = {
  readonly series: SeriesAnswer
  readonly step: Step
  readonly measure: Measure
  readonly view: 'chart' | 'table'
  readonly scope: Scope
  readonly marks: readonly ChartMark[]
}

function Drawn({ series, step, measure, view, scope, marks }: DrawnProps) {
  const [pointed, setPointed] = useState<Stack | null>(null)
  const symbol = series.currencySymbol
  const models = chartModels(series, measure)
  const stacks = stacksOf(series, models, measure)
  const span = step === 'hour' ? 'the last 48 hours' : 'the last 30 days'
  if (models.length === 0 && series.wholeSinceMs === null) {
    return (
      <EmptyState title={`Nothing in ${span}.`}>
        {measure === 'extra'
          ? 'The plan paid for everything.'
          : 'The first answer appears here a moment after it is complete.'}
      </EmptyState>
    )
  }
  return (
    <>
      {series.wholeSinceMs === null ? null : (
        <Note>Older entries are still being read; what is grey is not whole yet.</Note>
      )}
      {view === 'table' ? (
        <StackTable {...{ stacks, models, step, measure, symbol }} />
      ) : (
        <UsageChart
          label={`Usage ${step === 'hour' ? 'by hour' : 'by day'}, ${span}`}
          {...{ stacks, models, step, measure, symbol, marks }}
          wholeSinceMs={series.wholeSinceMs}
          hrefOf={(stack) =>
            `${scopeHref(scope, 'history')}?${new URLSearchParams({ kind: 'request', from: localMoment(stack.startMs), to: localMoment(stack.endMs) })}`
          }
          onPoint={setPointed}
        />
      )}
      <Legend
        {...{ models, measure, symbol }}
        title={pointed === null ? span : bucketText(pointed, step)}
        total={pointed?.total ?? amountOf(series.total, measure)}
        amounts={pointed?.amounts ?? totalsOf(stacks, models)}
      />
    </>
  )
}

const totalsOf = (stacks: readonly Stack[], models: readonly ChartModel[]): readonly bigint[] =>
  models.map((_model, index) =>
    stacks.reduce((sum, { amounts }) => sum + (amounts[index] ?? 0n), 0n),
  )

/** What each colour is and how much of it there is: in the bar that is pointed at, else in all of them. */
function Legend(props: {
  readonly title: string
  readonly total: bigint
  readonly amounts: readonly bigint[]
  readonly models: readonly ChartModel[]
  readonly measure: Measure
  readonly symbol: string
}) {
  const { models, amounts, measure, symbol } = props
  const id = useId().replaceAll(/[^a-z0-9]/gi, '')
  const text = (amount: bigint): string => amountText(amount, measure, symbol)
  return (
    <div className="chart-reading">
      <svg width={0} height={0} aria-hidden="true" className="chart-defs">
        <Patterns id={id} count={models.length} />
      </svg>
      <p className="small">
        {capitalized(props.title)}: <strong className="number">{text(props.total)}</strong>
      </p>
      <ul className="legend">
        {models.map(({ name }, index) => (
          <li key={name}>
            <Swatch id={id} index={index} />
            <span className="wrap-anywhere">{name}</span>
            <span className="number soft">{text(amounts[index] ?? 0n)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function StackTable(
  props: Pick<DrawnProps, 'step' | 'measure'> & {
    readonly stacks: readonly Stack[]
    readonly models: readonly ChartModel[]
    readonly symbol: string
  },
) {
  const { stacks, models, step, measure, symbol } = props
  const rows = stacks.filter(({ total }) => total > 0n).toReversed()
  const text = (amount: bigint): string =>
    amount === 0n ? '' : amountText(amount, measure, symbol)
  return (
    <Table
      label="Usage over time"
      rows={rows}
      rowKey={({ startMs }) => String(startMs)}
      columns={[
        {
          id: 'when',
          heading: step === 'hour' ? 'Hour' : 'Day',
          cell: (stack) => <span className="nowrap">{bucketText(stack, step)}</span>,
        },
        {
          id: 'total',
          heading: 'Total',
          isNumber: true,
          cell: ({ total }) => <strong className="number">{text(total)}</strong>,
        },
        ...models.map(({ name }, index) => ({
          id: name,
          heading: name,
          isNumber: true,
          cell: ({ amounts }: Stack) => (
            <span className="number">{text(amounts[index] ?? 0n)}</span>
          ),
        })),
      ]}
    />
  )
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
