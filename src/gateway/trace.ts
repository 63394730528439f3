import type { Meter, Usage } from '../core/usage.ts'
import type { LogFields, Logger } from '../system/logger.ts'
import type { Clock } from '../system/clock.ts'
import type { Caller } from './caller/caller.ts'
import { pathOf, type Route } from './route.ts'

/**
 * What one request's log line says. It is filled as the request goes on and written once, whatever became
 * of it. Never holds a prompt, a reply, a key or a query string.
 */
export type TraceFields = {
  route: Route
  method: Value
  path: Value
  status: Value
  durationMs: Value
  firstByteMs: Value
  hasCallerLeft: Value
  keyId: Value
  customerId: Value
  memberId: Value
  sessionId: Value
  model: Value
  /** Where another model answered than the one that was asked for. */
  answeredModel: Value
  isStream: Value
  decisionId: Value
  source: Value
  /** How it ended, in one word. */
  outcome: Value
  reason: Value
  extraUsageReason: Value
  /** Of a reply of our own. */
  requestId: Value
  upstreamStatus: Value
  /** Which of several keys of the operator, by its place, and how many were tried. */
  upstreamKey: Value
  attempts: Value
  upstreamRequestId: Value
  bytes: Value
  error: Value
  faults: Value
  /** What became of its hold, and why where it was voided. */
  hold: Value
  cause: Value
  isEstimate: Value
  /** The expected cost of the input of a request that was given up before the upstream said anything. */
  abandonedNanos: Value
  costNanos: Value
  chargedNanos: Value
  overrunNanos: Value
} & { [M in Meter as `usage_${M}`]: Value }
type Value = LogFields[string]

export type Trace = { readonly startedMs: number; readonly fields: TraceFields }

/** Every field is there from the start: an object that changes its shape thirty times is slow to fill. */
export function startTrace(route: Route, clock: Clock): Trace {
  const fields: TraceFields = {
    route,
    method: undefined,
    path: undefined,
    status: undefined,
    durationMs: undefined,
    firstByteMs: undefined,
    hasCallerLeft: undefined,
    keyId: undefined,
    customerId: undefined,
    memberId: undefined,
    sessionId: undefined,
    model: undefined,
    answeredModel: undefined,
    isStream: undefined,
    decisionId: undefined,
    source: undefined,
    outcome: undefined,
    reason: undefined,
    extraUsageReason: undefined,
    requestId: undefined,
    upstreamStatus: undefined,
    upstreamKey: undefined,
    attempts: undefined,
    upstreamRequestId: undefined,
    bytes: undefined,
    error: undefined,
    faults: undefined,
    hold: undefined,
    cause: undefined,
    isEstimate: undefined,
    abandonedNanos: undefined,
    usage_input: undefined,
    usage_output: undefined,
    usage_cache_read: undefined,
    usage_cache_write_5m: undefined,
    usage_cache_write_1h: undefined,
    usage_web_search: undefined,
    usage_web_fetch: undefined,
    usage_code_execution: undefined,
    costNanos: undefined,
    chargedNanos: undefined,
    overrunNanos: undefined,
  }
  return { startedMs: clock.elapsedMs(), fields }
}

export function traceUsage(fields: TraceFields, usage: Usage): void {
  fields.usage_input = usage.input
  fields.usage_output = usage.output
  fields.usage_cache_read = usage.cache_read
  fields.usage_cache_write_5m = usage.cache_write_5m
  fields.usage_cache_write_1h = usage.cache_write_1h
  fields.usage_web_search = usage.web_search
  fields.usage_web_fetch = usage.web_fetch
  fields.usage_code_execution = usage.code_execution
}

const pathCharsMax = 200

export function logFinished(
  trace: Trace,
  caller: Caller,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): void {
  const { request, response } = caller
  const { fields } = trace
  fields.method = request.method
  fields.path = pathOf(request.url ?? '').slice(0, pathCharsMax)
  fields.status = response.headersSent ? response.statusCode : null
  fields.durationMs = Math.round((clock.elapsedMs() - trace.startedMs) * 10) / 10
  fields.hasCallerLeft = caller.hasLeft
  logger.info('request finished', fields)
}
