import { AxisBottom, AxisLeft } from '@visx/axis'
import { Group } from '@visx/group'
import { scaleBand, scaleLinear } from '@visx/scale'
import { Bar } from '@visx/shape'
import { useId, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { bucketText, tickText } from './bucket-text.ts'
import { Patterns } from './patterns.tsx'
import {
  amountText,
  axisText,
  type ChartModel,
  type Measure,
  type Stack,
  type Step,
} from './usage-series.ts'
import './usage-chart.css'

/** When a limit is expected to run out: a dashed line across the hours or days to come. */
export type ChartMark = { readonly id: string; readonly title: string; readonly atMs: number }

type ChartProps = {
  readonly label: string
  readonly stacks: readonly Stack[]
  readonly models: readonly ChartModel[]
  readonly step: Step
  readonly measure: Measure
  readonly symbol: string
  readonly marks: readonly ChartMark[]
  /** Stacks before this moment are not whole yet. */
  readonly wholeSinceMs: number | null
  /** Where a bar leads: the requests behind it. */
  readonly hrefOf: (stack: Stack) => string
  readonly onPoint: (stack: Stack | null) => void
}

const height = 240
const margin = { top: 18, right: 20, bottom: 28, left: 64 }
const stepMs = { hour: 3_600_000, day: 86_400_000 } as const
/** So far ahead a mark may lie and still be drawn. */
const slotsAheadMax = { hour: 12, day: 8 } as const

/**
 * Usage in bars, stacked by model. Colours are told apart by their patterns, too; each bar is a link with its figures as its
 * name, and the arrow keys go from bar to bar. The same numbers stand in a table beside it.
 */
export function UsageChart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  return (
    <div className="usage-chart" ref={box}>
      {width === 0 ? null : <Drawing {...props} width={width} />}
    </div>
  )
}

function Drawing(props: ChartProps & { readonly width: number }) {
  const { stacks, step, measure, symbol, width } = props
  const endMs = stacks.at(-1)?.endMs ?? 0
  // Within the day that runs, a line would only stand somewhere in its bar.
  const marks = props.marks.filter(({ atMs }) => step === 'hour' || atMs >= endMs)
  const patternId = useId().replaceAll(/[^a-z0-9]/gi, '')
  const slots = slotsOf({ stacks, step, marks })
  const plot = {
    width: Math.max(80, width - margin.left - margin.right),
    height: height - margin.top - margin.bottom,
  }
  const x = scaleBand<number>({
    domain: slots.map(({ startMs }) => startMs),
    range: [0, plot.width],
    paddingInner: 0.22,
    paddingOuter: 0.11,
  })
  const y = scaleLinear<number>({
    domain: [0, Math.max(1, ...stacks.map(({ total }) => Number(total)))],
    range: [plot.height, 0],
    nice: 4,
  })
  const everyNth = Math.max(1, Math.ceil(62 / x.step()))
  const tickClass = { className: 'chart-tick' } as const
  const whole = slots.findIndex(({ startMs }) => startMs >= (props.wholeSinceMs ?? 0))
  return (
    <svg width={width} height={height} role="group" aria-label={props.label}>
      <Patterns id={patternId} count={props.models.length} />
      <Group left={margin.left} top={margin.top}>
        <AxisLeft
          scale={y}
          numTicks={4}
          hideAxisLine
          hideTicks
          tickFormat={(value) => axisText(Number(value), measure, symbol)}
          tickLabelProps={{ ...tickClass, dx: -6, dy: 4, textAnchor: 'end' }}
        />
        {y.ticks(4).map((value) => (
          <line key={value} className="chart-grid" x2={plot.width} y1={y(value)} y2={y(value)} />
        ))}
        {props.wholeSinceMs === null ? null : (
          <rect
            className="chart-unread"
            width={Math.max(0, (whole < 0 ? slots.length : whole) * x.step())}
            height={plot.height}
          />
        )}
        <Bars {...props} x={x} y={y} plotHeight={plot.height} patternId={patternId} />
        <Marks marks={marks} slots={slots} x={x} plot={plot} />
        <AxisBottom
          top={plot.height}
          scale={x}
          tickValues={slots
            .filter((_slot, index) => (slots.length - 1 - index) % everyNth === 0)
            .map(({ startMs }) => startMs)}
          hideTicks
          axisLineClassName="chart-line"
          tickFormat={(startMs) => tickText(startMs, step)}
          tickLabelProps={{ ...tickClass, dy: 4, textAnchor: 'middle' }}
        />
      </Group>
    </svg>
  )
}

type Slot = { readonly startMs: number; readonly endMs: number }

/** The stacks, and as many hours or days ahead as the marks need. */
function slotsOf({
  stacks,
  step,
  marks,
}: Pick<ChartProps, 'stacks' | 'step' | 'marks'>): readonly Slot[] {
  const endMs = stacks.at(-1)?.endMs ?? 0
  const reachMs = endMs + slotsAheadMax[step] * stepMs[step]
  const lastMs = Math.max(endMs, ...marks.map(({ atMs }) => atMs).filter((atMs) => atMs < reachMs))
  const ahead: Slot[] = []
  for (let startMs = endMs; startMs < lastMs; startMs += stepMs[step])
    ahead.push({ startMs, endMs: startMs + stepMs[step] })
  return [...stacks, ...ahead]
}

type Scales = {
  readonly x: ReturnType<typeof scaleBand<number>>
  readonly y: ReturnType<typeof scaleLinear<number>>
}

function Bars(
  props: ChartProps & Scales & { readonly plotHeight: number; readonly patternId: string },
) {
  const { stacks, models, measure, symbol, x, y, onPoint } = props
  const bars = useRef<SVGGElement>(null)
  const [reached, setReached] = useState<number | null>(null)
  const current = reached ?? stacks.length - 1
  const goTo = (event: KeyboardEvent, from: number): void => {
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: stacks.length - 1 }[
      event.key
    ]
    if (to === undefined || to < 0 || to >= stacks.length) return
    event.preventDefault()
    bars.current?.querySelectorAll('a')[to]?.focus()
  }
  return (
    <g ref={bars}>
      {stacks.map((stack, index) => {
        const name = stackName(stack, { models, measure, symbol, step: props.step })
        return (
          <a
            key={stack.startMs}
            href={props.hrefOf(stack)}
            aria-label={name}
            tabIndex={index === current ? 0 : -1}
            className="chart-stack"
            onKeyDown={(event) => goTo(event, index)}
            onFocus={() => {
              setReached(index)
              onPoint(stack)
            }}
            onBlur={() => onPoint(null)}
            onMouseEnter={() => onPoint(stack)}
            onMouseLeave={() => onPoint(null)}
          >
            <rect
              className="chart-target"
              x={(x(stack.startMs) ?? 0) - (x.step() - x.bandwidth()) / 2}
              width={x.step()}
              height={props.plotHeight}
            />
            <StackBars stack={stack} x={x} y={y} patternId={props.patternId} />
          </a>
        )
      })}
    </g>
  )
}

function StackBars({
  stack,
  x,
  y,
  patternId,
}: Scales & { readonly stack: Stack; readonly patternId: string }) {
  const left = x(stack.startMs) ?? 0
  let below = 0
  return stack.amounts.map((amount, index) => {
    if (amount === 0n) return null
    const bottom = y(below)
    below += Number(amount)
    const top = y(below)
    // What was used is never drawn as nothing.
    const size = { x: left, y: top, width: x.bandwidth(), height: Math.max(1, bottom - top) }
    return (
      <g key={index}>
        <Bar {...size} className={`series series-${index + 1}`} />
        <Bar {...size} fill={`url(#${patternId}-${index + 1})`} />
      </g>
    )
  })
}

function Marks(props: {
  readonly marks: readonly ChartMark[]
  readonly slots: readonly Slot[]
  readonly x: Scales['x']
  readonly plot: { readonly width: number; readonly height: number }
}) {
  const { slots, x, plot } = props
  return props.marks.map(({ id, title, atMs }, index) => {
    const slot = slots.find(({ startMs, endMs }) => atMs >= startMs && atMs < endMs)
    if (slot === undefined) return null
    const share = (atMs - slot.startMs) / (slot.endMs - slot.startMs)
    const at = (x(slot.startMs) ?? 0) + share * x.bandwidth()
    const isLate = at > plot.width / 2
    return (
      <g key={id} className="chart-mark">
        <line x1={at} x2={at} y1={-4} y2={plot.height} />
        <text
          x={at + (isLate ? -6 : 6)}
          y={-6 + 13 * (index % 3)}
          textAnchor={isLate ? 'end' : 'start'}
        >
          {title}
        </text>
      </g>
    )
  })
}

/** All figures of a bar in words, for a reader who hears it. */
function stackName(
  stack: Stack,
  told: Pick<ChartProps, 'models' | 'measure' | 'symbol' | 'step'>,
): string {
  const text = (amount: bigint): string => amountText(amount, told.measure, told.symbol)
  const parts = told.models.flatMap(({ name }, index) => {
    const amount = stack.amounts[index] ?? 0n
    return amount === 0n ? [] : [`${name} ${text(amount)}`]
  })
  const when = bucketText(stack, told.step)
  if (parts.length === 0) return `${when}: nothing`
  return `${when}: ${text(stack.total)}. ${parts.join(', ')}`
}

function useWidth(box: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    // It tells the first width, too.
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [box])
  return width
}
