import { isIP } from 'node:net'
import type { Context } from 'hono'

/**
 * Where a request comes from, to count failed tries by. Behind a proxy that is what the proxy says last; whoever comes
 * past it and makes something up gains nothing but this one bound, since tries count for each e-mail as well.
 */
export function callerAddress(c: Context, publicUrl: URL | null): string {
  const said = publicUrl === null ? undefined : c.req.header('x-forwarded-for')
  const forwarded = withoutPort(said?.split(',').at(-1)?.trim() ?? '')
  return blockOf(isIP(forwarded) === 0 ? peerOf(c) : forwarded)
}

type Served = { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } }

const peerOf = (c: Context): string =>
  (c.env as Served | undefined)?.incoming?.socket?.remoteAddress ?? 'here'

/** `192.0.2.7:55123` and `[2001:db8::1]:443`, as some proxies write. */
const withoutPort = (said: string): string =>
  /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(said)?.[1] ?? /^\[([^\]]+)\](?::\d+)?$/.exec(said)?.[1] ?? said

/** Whoever has one IPv6 address has 2^64 of them. A caller by IPv4 is written as one on a port that takes both. */
function blockOf(given: string): string {
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(given)?.[1] ?? given
  if (isIP(address) !== 6) return address
  const [head = '', tail = ''] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === '' ? [] : tail.split(':')
  const missing = Math.max(0, 8 - groups.length - last.length)
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...last].slice(0, 4).join(':')
}
