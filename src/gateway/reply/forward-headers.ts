/**
 * Which headers cross the gateway. Everything does, in its order and case, but for the exceptions listed
 * here: credentials are replaced, hop-by-hop headers dropped, the encoding fixed so that usage can be
 * read, the upstream's own limit headers removed, and our own request headers kept to ourselves.
 */
export type UpstreamCredential = {
  readonly key: string
  readonly authStyle: 'x-api-key' | 'bearer'
}

/** RFC 9110, section 7.6.1, and what Node writes itself. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const ownPrefix = 'x-plimsoll-'
const limitPrefix = 'anthropic-ratelimit-'

/** The flat name, value list of a request, as Node received it, made into the one for the upstream. */
export function toUpstreamHeaders(
  rawHeaders: readonly string[],
  credential: UpstreamCredential,
): string[] {
  const isNamed = namedByConnection(rawHeaders)
  const headers: string[] = []
  let hasCredential = false
  let hasEncoding = false
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'x-api-key' || lower === 'authorization') {
      if (!hasCredential) pushCredential(headers, credential)
      hasCredential = true
    } else if (lower === 'accept-encoding') {
      if (!hasEncoding) headers.push(name, 'identity')
      hasEncoding = true
    } else if (lower === 'host' || lower === 'content-length' || lower === 'expect') {
      // Written anew for the upstream's own host, and for the body that was read whole.
    } else if (!hopByHop.has(lower) && !isNamed(lower) && !lower.startsWith(ownPrefix)) {
      headers.push(name, rawHeaders[i + 1] ?? '')
    }
  }
  if (!hasCredential) pushCredential(headers, credential)
  if (!hasEncoding) headers.push('accept-encoding', 'identity')
  return headers
}

/** The flat list of an upstream's reply made into the one for the caller. */
export function toCallerHeaders(rawHeaders: readonly string[]): string[] {
  const isNamed = namedByConnection(rawHeaders)
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || isNamed(lower)) continue
    if (lower.startsWith(limitPrefix) || lower.startsWith(ownPrefix)) continue
    const value = rawHeaders[i + 1] ?? ''
    if (!tokenText.test(name) || !isWritableText(value)) continue
    headers.push(name, value)
  }
  return headers
}

/** RFC 9110, section 5.6.2: what a header's name is made of. */
const tokenText = /^[!#$%&'*+.^`|~\w-]+$/
/** RFC 9110, section 5.5: a header's value and a status text know no other bytes. */
const writableText = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether Node can write this as the value of a header or as the text of a status. */
export function isWritableText(text: string): boolean {
  return writableText.test(text)
}

/** The first value of a header in a flat list, by its lower-case name. */
export function findHeader(rawHeaders: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) {
      return rawHeaders[i + 1]
    }
  }
  return undefined
}

function pushCredential(headers: string[], credential: UpstreamCredential): void {
  if (credential.authStyle === 'bearer') headers.push('Authorization', `Bearer ${credential.key}`)
  else headers.push('x-api-key', credential.key)
}

/** A `Connection` header may name further headers that end at this hop. */
function namedByConnection(rawHeaders: readonly string[]): (lowerName: string) => boolean {
  let names: Set<string> | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] ?? '').toLowerCase() !== 'connection') continue
    for (const token of (rawHeaders[i + 1] ?? '').toLowerCase().split(',')) {
      const name = token.trim()
      if (name === '' || name === 'keep-alive' || name === 'close') continue
      names ??= new Set()
      names.add(name)
    }
  }
  return (lowerName) => names !== undefined && names.has(lowerName)
}
