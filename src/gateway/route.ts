import type { PathSlip } from '../providers/anthropic-failure.ts'

/**
 * Which paths the data plane serves. The query string never decides (`/v1/messages?beta=true`). A path
 * that is not named here is not forwarded: what is not metered must not reach the operator's account.
 */
export type Route = 'messages' | 'count_tokens' | 'models' | 'probe' | 'live' | 'ready' | 'unknown'

export function routeOf(method: string, url: string): Route {
  const path = pathOf(url)
  if (method === 'POST' && path === '/v1/messages') return 'messages'
  if (method === 'POST' && path === '/v1/messages/count_tokens') return 'count_tokens'
  if (method === 'GET' && isModelsPath(path)) return 'models'
  if (method === 'HEAD' && (path === '/' || path === '/api/hello')) return 'probe'
  if (method === 'GET' || method === 'HEAD') {
    if (path === '/healthz') return 'live'
    if (path === '/readyz') return 'ready'
  }
  return 'unknown'
}

/** Which easy slip a path that is not served looks like. */
export function pathSlipOf(method: string, url: string): PathSlip | undefined {
  const path = pathOf(url)
  if (path.startsWith('/v1/v1/')) return 'version_twice'
  return method === 'GET' && path === '/' ? 'browser' : undefined
}

export function pathOf(url: string): string {
  const queryStart = url.indexOf('?')
  return queryStart === -1 ? url : url.slice(0, queryStart)
}

/** The list, or one model: a single further segment that an upstream could not read as a way out of it. */
function isModelsPath(path: string): boolean {
  if (path === '/v1/models') return true
  const match = /^\/v1\/models\/([A-Za-z0-9_.:@%~-]+)$/.exec(path)
  const model = match?.[1]
  return model !== undefined && !/^\.{1,2}$|%2f|%5c|%2e/i.test(model)
}
