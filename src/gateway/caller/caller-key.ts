/**
 * The secret that a caller presents. Clients send it as `x-api-key`, as a bearer, or (with an
 * `apiKeyHelper`) as both; two different ones are refused, because guessing which was meant could bill
 * the wrong member.
 */
export type CallerKey =
  | { readonly kind: 'key'; readonly keyText: string; readonly isOauthStyle: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'conflicting' }

export function readCallerKey(rawHeaders: readonly string[]): CallerKey {
  const presented = new Set<string>()
  let hasBearer = false
  let hasOauthBeta = false
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    if (name === 'x-api-key' && value.trim() !== '') presented.add(value.trim())
    if (name === 'authorization') {
      const match = /^bearer +(\S.*)$/i.exec(value.trim())
      hasBearer ||= match !== null
      // Another scheme is a credential that we do not know: never the key, and never ignored.
      if (value.trim() !== '') presented.add(match?.[1] ?? value)
    }
    if (name === 'anthropic-beta' && /(^|,)\s*oauth-/.test(value)) hasOauthBeta = true
  }
  const [secret] = presented
  if (secret === undefined) return { kind: 'missing' }
  if (presented.size > 1) return { kind: 'conflicting' }
  return { kind: 'key', keyText: secret, isOauthStyle: hasBearer && hasOauthBeta }
}
