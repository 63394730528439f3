import type { MiddlewareHandler } from 'hono'
import { AdminFailure } from '../failures.ts'

/**
 * What stands before every route, whoever calls. The API answers no CORS question and its cookies stay on their site
 * (`SameSite=Strict`), so another site's page can neither read an answer nor borrow a session; these guards also
 * refuse its attempts, and those of a name that was pointed at this machine (DNS rebinding).
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

/** Who asks for the head alone takes no body: what would go on for it, such as a stream of events, ends at once. */
export const endBodyOfHead: MiddlewareHandler = async (c, next) => {
  await next()
  if (c.req.method === 'HEAD') await c.res.body?.cancel()
}

/**
 * Refuses a request whose Host is not one of ours, and one that another site's page sent. `isOwnHost`
 * sees the host with its port, as a browser sends it. A proxy may hand the address on under which people reach it.
 */
export function guardOrigin(
  isOwnHost: (host: string) => boolean,
  publicUrl: URL | null,
): MiddlewareHandler {
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
      isFromElsewhere(
        { origin: c.req.header('origin'), site: c.req.header('sec-fetch-site'), host },
        publicUrl,
      )
    ) {
      throw new AdminFailure('cross_site', 'The request comes from a page of another site.')
    }
    await next()
  }
}

type From = { readonly origin: string | undefined; readonly host: string }

function isFromElsewhere(
  { origin, site, host }: From & { readonly site: string | undefined },
  publicUrl: URL | null,
): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && !isSameOrigin({ origin, host }, publicUrl)
}

/** Whether a page of this host, or of the address under which people reach us, sent it. */
export function isSameOrigin({ origin, host }: From, publicUrl: URL | null): boolean {
  if (origin === undefined) return false
  if (publicUrl !== null && origin.toLowerCase() === publicUrl.origin.toLowerCase()) return true
  // The scheme is left open: a proxy in front may speak https where we speak http.
  const match = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())
  return match?.[1] === host.toLowerCase()
}

/**
 * The names under which we answer, with and without the port: the address we listen on, the loopback
 * names where that includes loopback, and the one under which people reach us (`name` or `name:port`).
 */
export function ownHosts(options: {
  readonly host: string
  readonly port: number
  readonly publicHost: string | null
}): (host: string) => boolean {
  const names = [options.host, ...(options.publicHost === null ? [] : [options.publicHost])]
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
