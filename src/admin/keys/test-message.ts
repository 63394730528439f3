import { readAllowedDecisionId } from '../../operations/decision-id.ts'
import { requestDetails, type RequestDetails } from '../../operations/request-details.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { TestMessageAnswer } from '../contract/keys.ts'
import { AdminFailure } from '../failures.ts'

/**
 * One small message through the real gateway, with the member's own key: what comes back is what any client of
 * theirs would get. The page cannot send it itself, because its content security policy lets it talk to this server
 * alone.
 */
export type TestMessage = {
  readonly keyText: string
  readonly model: string
  readonly text: string
}

const outputTokensMax = 100
const answerMaxMs = 60_000
const settleMaxMs = 5000
const bytesMax = 256 * 1024

export async function sendTestMessage(
  parts: AdminApiParts,
  message: TestMessage,
): Promise<TestMessageAnswer> {
  const { clock } = parts
  const startMs = clock.elapsedMs()
  const { response, text } = await ask(parts, message)
  const tookMs = Math.round(clock.elapsedMs() - startMs)
  const decisionId = response.headers.get('x-plimsoll-decision')
  const holdId = decisionId === null ? undefined : readAllowedDecisionId(decisionId)?.holdId
  const details = holdId === undefined ? null : await settled(parts, holdId)
  const said = response.ok && text !== null ? answerText(text) : null
  return {
    status: response.status,
    text: said,
    problem: said === null ? problemText(text, response.status) : null,
    decisionId,
    holdId: holdId ?? null,
    source: details?.source ?? null,
    costNanos: details?.settle?.costNanos.toString() ?? null,
    chargedNanos: details?.settle?.chargedNanos.toString() ?? null,
    tookMs,
  }
}

async function ask(
  { about, clock }: AdminApiParts,
  { keyText, model, text }: TestMessage,
): Promise<{ readonly response: Response; readonly text: string | null }> {
  const stopping = new AbortController()
  const cancel = clock.after(answerMaxMs, () => stopping.abort())
  try {
    const response = await fetch(new URL('v1/messages', `${about.gatewayUrl}/`), {
      method: 'POST',
      redirect: 'error',
      signal: stopping.signal,
      headers: {
        'x-api-key': keyText,
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model,
        max_tokens: outputTokensMax,
        messages: [{ role: 'user', content: text }],
      }),
    })
    return { response, text: await bounded(response) }
  } catch (cause) {
    throw Object.assign(unanswered(cause, stopping.signal.aborted), { cause })
  } finally {
    cancel()
  }
}

/** The message may have been answered, and paid for: whoever sends it again under its key hears the same. */
export class UnansweredMessage extends AdminFailure {}

function unanswered(cause: unknown, isLate: boolean): AdminFailure {
  const reason = cause instanceof Error ? cause.cause : undefined
  const isRefused = reason instanceof Error && 'code' in reason && reason.code === 'ECONNREFUSED'
  if (isRefused) return new AdminFailure('gateway_away', 'The gateway could not be reached.')
  const what = isLate
    ? `The gateway gave no answer within ${answerMaxMs / 1000} seconds`
    : 'The answer of the gateway broke off'
  return new UnansweredMessage('gateway_away', `${what}; the history shows what became of it.`)
}

/** Null when it is longer than is shown; it is read to its end all the same, as it is paid for whole. */
async function bounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes <= bytesMax) chunks.push(chunk)
  }
  return bytes <= bytesMax ? Buffer.concat(chunks).toString() : null
}

/** The request as it ended; as it stands where that takes longer than anybody waits here. */
async function settled(
  parts: AdminApiParts,
  holdId: RequestDetails['holdId'],
): Promise<RequestDetails | null> {
  const { storage, clock } = parts
  let isLate = false
  let wake = (): void => undefined
  const stopListening = storage.onCommit(() => wake())
  const cancel = clock.after(settleMaxMs, () => {
    isLate = true
    wake()
  })
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve
      })
      const details = await requestDetails(parts, holdId)
      if (isLate || (details !== null && details.state !== 'open')) return details
      await changed
    }
  } finally {
    cancel()
    stopListening()
  }
}

function answerText(text: string): string | null {
  const content = fieldOf(parsed(text), 'content')
  if (!Array.isArray(content)) return null
  const texts = content
    .map((part) => fieldOf(part, 'text'))
    .filter((part) => typeof part === 'string')
  return texts.length === 0 ? null : texts.join('\n')
}

function problemText(text: string | null, status: number): string {
  if (text === null) return `The answer is longer than ${bytesMax / 1024} kB, so it is not shown.`
  const message = fieldOf(fieldOf(parsed(text), 'error'), 'message')
  return typeof message === 'string' ? message : `The gateway answered ${status} without words.`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
