import type { Figures, Reason } from '../core/decision.ts'
import { reasons } from '../core/decision.ts'
import type { HoldSource } from '../core/account.ts'
import { tokenMeters } from '../core/usage.ts'
import type { Clock } from '../system/clock.ts'
import { RecentRefusals } from './recent-refusals.ts'
import { Traffic, type TrafficCount } from './traffic.ts'

/**
 * What the gateway tells of its work for the operator's desk: a few additions per request, nothing waits for
 * it, and nothing that decides reads it.
 */
export class Telemetry {
  readonly traffic: Traffic
  /** When this process began to count. */
  readonly sinceMs: number
  readonly refusals = new RecentRefusals()
  readonly #clock: Clock
  readonly #nowMs: () => number
  /** Members that asked last, the latest at the end, with their figures as their last decision had them. */
  readonly #seen = new Map<string, Figures>()
  #runningCount = 0

  constructor(clock: Clock, nowMs: () => number) {
    this.#clock = clock
    this.#nowMs = nowMs
    this.sinceMs = nowMs()
    this.traffic = new Traffic(clock, this.sinceMs)
  }

  /** Requests that are admitted and not finished. */
  get runningCount(): number {
    return this.#runningCount
  }

  seen(): readonly Figures[] {
    return [...this.#seen.values()].toReversed()
  }

  startedDeciding(): number {
    return this.#clock.elapsedMs()
  }

  /** @param source Who pays; null for a refusal, which is counted when it is answered. */
  decided(figures: Figures, source: HoldSource | null, startedMs: number): void {
    const elapsedMs = this.#clock.elapsedMs()
    this.traffic.now(elapsedMs)
    this.traffic.addDecision(elapsedMs - startedMs)
    const { memberId, customerId } = figures
    const name = `${customerId}:${memberId}`
    this.#seen.delete(name)
    this.#seen.set(name, figures)
    if (this.#seen.size > seenMax) this.#forgetOldest()
    if (source === null) return
    this.traffic.add(source)
    this.#runningCount += 1
  }

  /** Every request, once, when everything about it is known. */
  finished(request: FinishedRequest, status: number | null): void {
    const { traffic } = this
    traffic.now(this.#clock.elapsedMs())
    if (status === 503) traffic.add('answered_503')
    const isMetered = request.route === 'messages'
    if (request.source !== undefined) {
      this.#runningCount -= 1
      this.#countEnd(request)
    } else if (request.outcome === 'denied') {
      this.#countRefusal(request, String(request.reason))
    } else if (isGuard(request.outcome)) {
      if (isMetered || request.outcome === 'unmetered_path') {
        this.#countRefusal(request, request.outcome)
      }
    } else if (!isMetered) {
      traffic.add('uncharged')
    } else if (isOther(request.outcome)) {
      traffic.add(request.outcome)
    }
  }

  #countEnd(request: FinishedRequest): void {
    const { traffic } = this
    const problem = problemOf(request)
    if (problem !== null) traffic.add(problem)
    if (typeof request.costNanos !== 'string') return
    traffic.addCost(BigInt(request.costNanos))
    let tokens = 0
    for (const name of tokenFields) {
      const count = request[name]
      if (typeof count === 'number') tokens += count
    }
    traffic.add('tokens', tokens)
  }

  #countRefusal(request: FinishedRequest, reason: string): void {
    if (isReason(reason) || isGuard(reason)) this.traffic.add(reason)
    const { customerId, memberId, keyId } = request
    if (typeof customerId !== 'string' || typeof memberId !== 'string') return
    // What a caller did wrong is told to the caller; a burst is a refusal that people wonder about.
    if (!isReason(reason) && reason !== 'too_fast') return
    this.refusals.add({
      atMs: this.#nowMs(),
      customerId,
      memberId,
      keyId: typeof keyId === 'string' ? keyId : '',
      model: textOf(request.model),
      reason,
      extraUsageReason: textOf(request.extraUsageReason),
      decisionId: textOf(request.decisionId),
      requestId: textOf(request.requestId),
    })
  }

  #forgetOldest(): void {
    for (const name of this.#seen.keys()) {
      this.#seen.delete(name)
      return
    }
  }
}

const seenMax = 2000

const tokenFields = tokenMeters.map((meter) => `usage_${meter}` as const)

/** Of what a request's log line says, what is counted. */
export type FinishedRequest = { readonly route: string } & {
  readonly [
    Name in
      | 'source'
      | 'outcome'
      | 'reason'
      | 'extraUsageReason'
      | 'decisionId'
      | 'requestId'
      | 'customerId'
      | 'memberId'
      | 'keyId'
      | 'model'
      | 'upstreamStatus'
      | 'costNanos'
      | (typeof tokenFields)[number]
  ]: unknown
}

const guards = [
  'too_fast',
  'unknown_key',
  'invalid_request',
  'body_too_large',
  'no_room',
  'unmetered_path',
] as const satisfies readonly TrafficCount[]
const others = [
  'limits_unavailable',
  'stopping',
  'fault',
  'caller_left',
] as const satisfies readonly TrafficCount[]

const isOneOf =
  <Name extends string>(names: readonly Name[]) =>
  (name: unknown): name is Name =>
    names.some((one) => one === name)
const isGuard = isOneOf(guards)
const isOther = isOneOf(others)
const isReason: (name: unknown) => name is Reason = isOneOf(reasons)
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** What went wrong with a request that was admitted; null where it went well. */
function problemOf({ outcome, upstreamStatus }: FinishedRequest): TrafficCount | null {
  if (typeof upstreamStatus === 'number' && upstreamStatus >= 300) return 'upstream_failed'
  switch (outcome) {
    case 'finished':
      return null
    case 'caller_left':
      return 'left_midway'
    case 'hold_expired':
    case 'took_too_long':
    case 'stopping':
    case 'cut':
      return 'cut'
    case 'broken':
    case 'fault':
      return 'fault'
    default:
      return 'upstream_failed'
  }
}
