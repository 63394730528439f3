import type { LogFields, Logger } from '../system/logger.ts'
import type { Clock } from '../system/clock.ts'
import type { Caller } from './caller.ts'
import { pathOf, type Route } from './route.ts'

/**
 * What one request's log line will say. It is filled as the request goes on and written once, whatever
 * became of it. Never holds a prompt, a reply, a key or a query string.
 */
export type Trace = {
  readonly route: Route
  readonly startedMs: number
  readonly fields: Record<string, LogFields[string]>
}

export function startTrace(route: Route, clock: Clock): Trace {
  return { route, startedMs: clock.elapsedMs(), fields: {} }
}

const pathCharsMax = 200

export function logFinished(
  trace: Trace,
  caller: Caller,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): void {
  const { request, response } = caller
  const { fields } = trace
  fields['route'] = trace.route
  fields['method'] = request.method
  fields['path'] = pathOf(request.url ?? '').slice(0, pathCharsMax)
  fields['status'] = response.headersSent ? response.statusCode : null
  fields['durationMs'] = Math.round((clock.elapsedMs() - trace.startedMs) * 10) / 10
  fields['hasCallerLeft'] = caller.hasLeft
  logger.info('request finished', fields)
}
