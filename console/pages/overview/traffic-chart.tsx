import { useEffect, useRef, useState, type MouseEvent } from 'react'
import { scaleLinear } from '@visx/scale'
import { count, shortCount } from '../../format/numbers.ts'
import { clock, timeOfDay } from '../../format/time.ts'
import { serverNowMs } from '../../data/server-clock.ts'
import {
  allOf,
  countOf,
  outcomes,
  type OutcomeId,
  type Traffic,
  type TrafficPoint,
} from './overview-query.ts'

/**
 * Requests over time, stacked by what became of them. The pointer shows one stretch in numbers; for whoever has
 * none, the same numbers stand in a table below.
 */
const height = 200
const left = 40
const bottom = 22
const top = 8

export function TrafficChart({
  traffic,
  spanMinutes,
}: {
  readonly traffic: Traffic
  readonly spanMinutes: number
}) {
  const [box, width] = useWidth()
  const [pointed, setPointed] = useState<number | null>(null)
  const points = inSpan(traffic, spanMinutes)
  const most = Math.max(4, ...points.map(({ point }) => (point === null ? 0 : allOf(point))))
  const y = scaleLinear({ domain: [0, most], range: [height - bottom, top], nice: 4 })
  const step = Math.max(1, (width - left) / Math.max(1, points.length))
  const shown = pointed === null ? undefined : points[pointed]
  const onMove = (event: MouseEvent<SVGSVGElement>): void => {
    const at = Math.floor(
      (event.clientX - event.currentTarget.getBoundingClientRect().left - left) / step,
    )
    setPointed(at >= 0 && at < points.length ? at : null)
  }
  return (
    <div className="traffic-chart" ref={box}>
      {/* The pointer shows what the table below says; nothing can be pressed. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a tip for the pointer */}
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`Requests of the last ${spanMinutes / 60} h by outcome; the table below has the numbers`}
        onMouseMove={onMove}
        onMouseLeave={() => setPointed(null)}
      >
        {y.ticks(4).map((tick) => (
          <g key={tick} className="grid">
            <line x1={left} x2={width} y1={y(tick)} y2={y(tick)} />
            <text x={left - 6} y={y(tick)} dy="0.32em" textAnchor="end">
              {shortCount(tick)}
            </text>
          </g>
        ))}
        {points.map(({ atMs, point }, index) => (
          <Bar
            key={atMs}
            point={point}
            x={left + index * step}
            width={Math.max(1, step - Math.min(2, step / 4))}
            y={y}
            isPointed={index === pointed}
          />
        ))}
        <TimeAxis points={points} step={step} width={width} />
      </svg>
      <p className="small traffic-tip" aria-hidden="true">
        {shown === undefined ? <Legend /> : <Tip atMs={shown.atMs} point={shown.point} />}
      </p>
    </div>
  )
}

type Placed = { readonly atMs: number; readonly point: TrafficPoint | null }

/** Every step of the span, also those before this process was there: they are unknown and stay empty. */
function inSpan(traffic: Traffic, spanMinutes: number): readonly Placed[] {
  const { points, stepMs } = traffic
  const lastMs = points.at(-1)?.atMs ?? Math.floor(serverNowMs() / stepMs) * stepMs
  const known = new Map(points.map((point) => [point.atMs, point]))
  const steps = Math.round((spanMinutes * 60_000) / stepMs)
  return Array.from({ length: steps }, (_, index) => {
    const atMs = lastMs - (steps - 1 - index) * stepMs
    return { atMs, point: known.get(atMs) ?? null }
  })
}

function Bar(props: {
  readonly point: TrafficPoint | null
  readonly x: number
  readonly width: number
  readonly y: (count: number) => number
  readonly isPointed: boolean
}) {
  const { point, x, width, y } = props
  if (point === null) {
    return <rect className="unknown" x={x} y={height - bottom - 1} width={width} height={1} />
  }
  return (
    <g className={props.isPointed ? 'pointed' : undefined}>
      {stacked(point).map(({ id, from, to }) => (
        <rect key={id} className={id} x={x} y={y(to)} width={width} height={y(from) - y(to)} />
      ))}
    </g>
  )
}

type Piece = { readonly id: OutcomeId; readonly from: number; readonly to: number }

/** From which count to which each outcome reaches, one on top of the other. */
function stacked(point: TrafficPoint): readonly Piece[] {
  const pieces: Piece[] = []
  let below = 0
  for (const { id } of outcomes) {
    const from = below
    below += countOf(point, id)
    if (below > from) pieces.push({ id, from, to: below })
  }
  return pieces
}

function TimeAxis(props: {
  readonly points: readonly Placed[]
  readonly step: number
  readonly width: number
}) {
  const { points, step, width } = props
  const every = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(width / 90))))
  return (
    <g className="grid">
      <line x1={left} x2={width} y1={height - bottom} y2={height - bottom} />
      {points.map(({ atMs }, index) =>
        (points.length - 1 - index) % every === 0 && index > 0 ? (
          <text
            key={atMs}
            x={index === points.length - 1 ? width : left + index * step + step / 2}
            y={height - 6}
            textAnchor={index === points.length - 1 ? 'end' : 'middle'}
          >
            {timeOfDay(atMs)}
          </text>
        ) : null,
      )}
    </g>
  )
}

function Legend() {
  return (
    <>
      {outcomes.map(({ id, label }) => (
        <span key={id} className="traffic-legend">
          <i className={id} /> {label}
        </span>
      ))}
    </>
  )
}

function Tip({ atMs, point }: Placed) {
  const time = clock(atMs, serverNowMs())
  if (point === null) return <span>{time}: before this process began to count.</span>
  return (
    <>
      <span className="strong">{time}</span>
      {outcomes.map(({ id, label }) => (
        <span key={id} className="traffic-legend">
          <i className={id} /> {label} {count(countOf(point, id))}
        </span>
      ))}
    </>
  )
}

/** How wide the box is, as the window and the navigation leave it. */
function useWidth(): [(node: HTMLDivElement | null) => void, number] {
  const [node, setNode] = useState<HTMLDivElement | null>(null)
  const [width, setWidth] = useState(600)
  const latest = useRef(width)
  useEffect(() => {
    if (node === null) return
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry?.contentRect.width ?? latest.current)
      latest.current = next
      setWidth(next)
    })
    observer.observe(node)
    return () => observer.disconnect()
  }, [node])
  return [setNode, width]
}
