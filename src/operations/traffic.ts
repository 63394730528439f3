import { reasons } from '../core/decision.ts'
import type { Clock } from '../system/clock.ts'

/**
 * What passed through the gateway since this process started, counted per minute for a day. Telemetry: in
 * memory, read by no decision, begun anew by a start (DESIGN R5). Minutes are told by elapsed time, so that a
 * clock that is set puts no count into another minute.
 */
export const trafficCounts = [
  // Admitted, by who pays.
  'plan',
  'extra_usage',
  'free',
  // Refused, by the reason of the decision.
  ...reasons,
  // Refused before any decision.
  'too_fast',
  'unknown_key',
  'invalid_request',
  'body_too_large',
  'no_room',
  'unmetered_path',
  // Neither: limits could not be checked, the server stops, a fault of ours, or the caller left first.
  'limits_unavailable',
  'stopping',
  'fault',
  'caller_left',
  // How admitted requests went wrong.
  'upstream_failed',
  'cut',
  'left_midway',
  // Beside the metered path: token counts and model lists.
  'uncharged',
  /** Answers with status 503, whyever. */
  'answered_503',
  'tokens',
  /** How many decisions were timed, and their milliseconds from a whole body to a durable answer. */
  'decided',
  'decided_ms',
] as const
export type TrafficCount = (typeof trafficCounts)[number]

/** One stretch of time; counts that are zero are left out. */
export type TrafficPoint = {
  readonly atMs: number
  readonly counts: Readonly<Partial<Record<TrafficCount, number>>>
  readonly costNanos: bigint
  readonly slowestMs: number
}

export type TrafficSeries = {
  /** Nothing is known of what was before. */
  readonly sinceMs: number
  readonly stepMs: number
  /** Oldest first; the last one still runs. */
  readonly points: readonly TrafficPoint[]
}

export const minutesKept = 24 * 60
const minuteMs = 60_000
const width = trafficCounts.length
const columns = Object.fromEntries(trafficCounts.map((name, index) => [name, index])) as Readonly<
  Record<TrafficCount, number>
>

export class Traffic {
  readonly #clock: Clock
  readonly #offsetMs: number
  /** Since the beginning of the minute with the number 0. */
  #startedMs: number
  /** The one in which the counts begin. */
  #firstMinute = 0
  readonly #counts = new Float64Array(minutesKept * width)
  readonly #costs: bigint[] = Array.from({ length: minutesKept }, () => 0n)
  readonly #slowest = new Float64Array(minutesKept)
  #minute = 0
  #version = 0

  /** @param nowMs The moment of the clock of record, so that minutes begin where those of the day do. */
  constructor(clock: Clock, nowMs: number) {
    this.#clock = clock
    this.#startedMs = nowMs % minuteMs
    this.#offsetMs = this.#startedMs - clock.elapsedMs()
  }

  /** Changes with what is counted: whoever shows them asks it whether to look again. */
  get version(): number {
    return this.#version
  }

  /** Forgets everything: nothing is known of what was before. */
  beginAnew(): void {
    this.#startedMs = this.#clock.elapsedMs() + this.#offsetMs
    this.#minute = Math.floor(this.#startedMs / minuteMs)
    this.#firstMinute = this.#minute
    this.#counts.fill(0)
    this.#costs.fill(0n)
    this.#slowest.fill(0)
    this.#version += 1
  }

  /** What is counted next belongs to the minute of this moment of the clock. Asking the clock is what costs. */
  now(elapsedMs: number): void {
    const minute = Math.floor((elapsedMs + this.#offsetMs) / minuteMs)
    if (minute !== this.#minute) this.#turn(minute)
    this.#version += 1
  }

  add(name: TrafficCount, by = 1): void {
    const index = (this.#minute % minutesKept) * width + columns[name]
    this.#counts[index] = (this.#counts[index] ?? 0) + by
  }

  addCost(nanos: bigint): void {
    const row = this.#minute % minutesKept
    this.#costs[row] = (this.#costs[row] ?? 0n) + nanos
  }

  addDecision(tookMs: number): void {
    this.add('decided')
    this.add('decided_ms', tookMs)
    const row = this.#minute % minutesKept
    if (tookMs > (this.#slowest[row] ?? 0)) this.#slowest[row] = tookMs
  }

  /** @param stepMinutes How many minutes make one point; points begin where such a stretch of the day does. */
  read(
    nowMs: number,
    span: { readonly minutes: number; readonly stepMinutes: number },
  ): TrafficSeries {
    const { minutes, stepMinutes } = span
    const elapsedMs = this.#clock.elapsedMs()
    const passedMs = elapsedMs + this.#offsetMs
    const current = Math.floor(passedMs / minuteMs)
    if (current !== this.#minute) this.#turn(current)
    const momentOf = (minute: number): number =>
      Math.round((nowMs - passedMs) / minuteMs + minute) * minuteMs
    const stepMs = stepMinutes * minuteMs
    const first = Math.max(this.#firstMinute, this.#minute - Math.min(minutes, minutesKept) + 1)
    const points: TrafficPoint[] = []
    for (let minute = first; minute <= this.#minute; minute += 1) {
      const atMs = Math.floor(momentOf(minute) / stepMs) * stepMs
      const point = this.#point(minute, atMs)
      const last = points.at(-1)
      if (last?.atMs === atMs) points[points.length - 1] = joined(last, point)
      else points.push(point)
    }
    const isWhole = first === this.#firstMinute
    const startedMs = Math.round(nowMs - passedMs + this.#startedMs)
    return { sinceMs: isWhole ? startedMs : momentOf(first), stepMs, points }
  }

  #point(minute: number, atMs: number): TrafficPoint {
    const row = minute % minutesKept
    const counts: Partial<Record<TrafficCount, number>> = {}
    for (const [index, name] of trafficCounts.entries()) {
      const count = this.#counts[row * width + index] ?? 0
      if (count !== 0) counts[name] = count
    }
    return { atMs, counts, costNanos: this.#costs[row] ?? 0n, slowestMs: this.#slowest[row] ?? 0 }
  }

  /** Minutes that have passed since the last count begin at zero. */
  #turn(minute: number): void {
    const passed = Math.min(minute - this.#minute, minutesKept)
    for (let step = 0; step < passed; step += 1) {
      const row = (minute - step) % minutesKept
      this.#counts.fill(0, row * width, (row + 1) * width)
      this.#costs[row] = 0n
      this.#slowest[row] = 0
    }
    this.#minute = minute
  }
}

function joined(left: TrafficPoint, right: TrafficPoint): TrafficPoint {
  const counts = { ...left.counts }
  for (const name of trafficCounts) {
    const sum = (left.counts[name] ?? 0) + (right.counts[name] ?? 0)
    if (sum !== 0) counts[name] = sum
  }
  return {
    atMs: left.atMs,
    counts,
    costNanos: left.costNanos + right.costNanos,
    slowestMs: Math.max(left.slowestMs, right.slowestMs),
  }
}
