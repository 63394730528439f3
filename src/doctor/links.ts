/** Where a person looks or changes something. A message's own link is followed only to where it can be trusted. */
export const usagePageUrl = 'https://claude.ai/settings/usage'
export const apiBillingUrl = 'https://console.anthropic.com/settings/billing'
export const statusPageUrl = 'https://status.anthropic.com'

/**
 * The usage page of the service that refused: the one that the message names, if it lies on the service that
 * this machine's client is set to or on claude.ai itself, else the known one.
 */
export function usagePageOf(message: string, baseUrl: string | undefined): string {
  const host = hostOf(baseUrl)
  for (const [text] of message.matchAll(/(?:https?:\/\/|\b)[\w.-]+(?::\d+)?\/[\w/?=&.%-]*\w/g)) {
    const url = parse(/^https?:/.test(text) ? text : `https://${text}`)
    if (url === undefined || !/usage|billing|plan/.test(url.pathname)) continue
    const isKnown = url.protocol === 'https:' && /^(.+\.)?claude\.(ai|com)$/.test(url.hostname)
    if (isKnown || url.host === host) return `${url.origin}${url.pathname}`
  }
  return usagePageUrl
}

const hostOf = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : parse(url)?.host

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
