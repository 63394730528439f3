import type { EvidenceLine } from './verdict/verdict.ts'
import { asFields, textOf } from './transcript/json-fields.ts'

const answerMaxMs = 5_000
const answerCharsMax = 4 * 1024 * 1024

/** A Plimsoll gateway decides the refusal once more from its ledger, for the member whose key it is. */
export async function askGateway(asked: {
  readonly pageUrl: string
  readonly decisionId: string
  readonly key: string
  readonly nowMs: number
}): Promise<EvidenceLine> {
  const { pageUrl, decisionId, key, nowMs } = asked
  const line = (side: EvidenceLine['side'], text: string): EvidenceLine => ({
    side,
    text,
    source: { kind: 'official', what: 'asked of the Plimsoll gateway' },
    atMs: nowMs,
  })
  try {
    const path = `/api/me/decisions/${encodeURIComponent(decisionId)}`
    const url = new URL(pageUrl.replace(/\/+$/, '') + path)
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${key}` },
      redirect: 'error',
      signal: AbortSignal.timeout(answerMaxMs),
    })
    const text = (await answer.text()).slice(0, answerCharsMax)
    if (!answer.ok) return line('note', `the gateway could not be asked (${answer.status})`)
    const fields = asFields(JSON.parse(text))
    const verdict = textOf(fields, 'verdict') ?? 'it gave no verdict'
    return line(
      fields?.['isConfirmed'] === true ? 'for' : 'against',
      `it proved the refusal anew: ${verdict}`,
    )
  } catch {
    return line('note', 'the gateway did not answer')
  }
}

/**
 * The page that a gateway's refusal names, with its path behind a proxy, if it lies on this machine or on the host that the client is set to:
 * a key is shown to nobody else.
 */
export function gatewayPage(message: string, baseUrl: string | undefined): string | undefined {
  const named = /What is left: (https?:\/\/\S+)/.exec(message)?.[1]
  if (named === undefined || !URL.canParse(named)) return undefined
  const url = new URL(named)
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  const isSet =
    baseUrl !== undefined && URL.canParse(baseUrl) && new URL(baseUrl).hostname === url.hostname
  return isHere || isSet ? url.origin + url.pathname : undefined
}
