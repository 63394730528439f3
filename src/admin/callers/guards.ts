import type { MiddlewareHandler } from 'hono'
import { AdminFailure } from '../failures.ts'

/**
 * What stands before every route, whoever calls. The API has no cookies and answers no CORS question,
 * so another site's page can neither read an answer nor borrow a login; these guards also refuse its
 * attempts, and those of a name that was pointed at this machine (DNS rebinding).
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Stands on every answer, so that a client knows whom it talks to; docs/admin-api.md names it. */
export const apiMark = { name: 'x-plimsoll-api', value: 'admin' } as const

const answerHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  [apiMark.name]: apiMark.value,
}

/** Sets the headers that keep a page to itself; a route that knows better has set its own before. */
export const guardAnswers: MiddlewareHandler = async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(answerHeaders)) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  }
}

/**
 * Refuses a request whose Host is not one of ours, and one that another site's page sent. `isOwnHost`
 * sees the host with its port, as a browser sends it.
 */
export function guardOrigin(isOwnHost: (host: string) => boolean): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? ''
    if (!isOwnHost(host.toLowerCase())) {
      throw new AdminFailure(
        'host_not_allowed',
        'This server does not answer under that host name.',
      )
    }
    const isReading = c.req.method === 'GET' || c.req.method === 'HEAD'
    const isApi = c.req.path.startsWith('/api/')
    if (
      (!isReading || isApi) &&
      isFromElsewhere(c.req.header('origin'), c.req.header('sec-fetch-site'), host)
    ) {
      throw new AdminFailure('cross_site', 'The request comes from a page of another site.')
    }
    await next()
  }
}

function isFromElsewhere(
  origin: string | undefined,
  site: string | undefined,
  host: string,
): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  if (origin === undefined) return false
  // The scheme is left open: a proxy in front may speak https where we speak http.
  const match = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())
  return match?.[1] !== host.toLowerCase()
}

/**
 * The names under which we answer, with and without the port: the address we listen on, the loopback
 * names where that includes loopback, and what the operator added (`name` or `name:port`).
 */
export function ownHosts(options: {
  readonly host: string
  readonly port: number
  readonly extraHosts: readonly string[]
}): (host: string) => boolean {
  const names = [options.host, ...options.extraHosts]
  if (isLocal(options.host)) names.push('localhost', '127.0.0.1', '::1')
  const hosts = new Set<string>()
  for (const name of names) {
    const isIpv6 = name.split(':').length > 2 && !name.startsWith('[')
    const written = (isIpv6 ? `[${name}]` : name).toLowerCase()
    hosts.add(written)
    hosts.add(`${written}:${options.port}`)
  }
  return (host) => hosts.has(host)
}

const isLocal = (host: string): boolean =>
  ['localhost', '::1', '::', '0.0.0.0'].includes(host) || /^127(?:\.\d{1,3}){3}$/.test(host)
