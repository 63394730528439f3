import type { Chance } from '../engine/chance.ts'
import type { HistoryLog } from '../history-log.ts'
import { models } from '../plans.ts'
import type { Asking, Client, Reply } from './client.ts'

/** What a member's client asks for, before it stands in an HTTP request. */
export type LlmRequest = {
  readonly luck: string
  readonly model: string
  readonly maxTokens: number
  readonly isStream: boolean
  readonly words: number
  readonly isForbiddingExtraUsage: boolean
  /** As clients do that have signed in: the key as a bearer token, and figures in native headers. */
  readonly isBearer: boolean
}

export function drawRequest(chance: Chance, luck: string): LlmRequest {
  return {
    luck,
    model: chance.percent(60) ? 'sim-cheap' : chance.pick(models),
    maxTokens: chance.pick([16, 64, 256, 600]),
    isStream: chance.percent(70),
    words: chance.pick([5, 20, 100, 300]),
    isForbiddingExtraUsage: chance.percent(5),
    isBearer: chance.percent(25),
  }
}

export function writeRequest(request: LlmRequest, keyText: string): Asking {
  const { luck, model, maxTokens, isStream, words } = request
  const body = JSON.stringify({
    model,
    max_tokens: maxTokens,
    ...(isStream ? { stream: true } : {}),
    messages: [{ role: 'user', content: 'word '.repeat(words) }],
  })
  return {
    method: 'POST',
    path: '/v1/messages',
    headers: [
      request.isBearer
        ? (['authorization', `Bearer ${keyText}`] as const)
        : (['x-api-key', keyText] as const),
      ...(request.isBearer ? ([['anthropic-beta', 'oauth-2025-04-20']] as const) : []),
      ['content-type', 'application/json'],
      ['anthropic-version', '2023-06-01'],
      ['x-sim-luck', luck],
      ...(request.isForbiddingExtraUsage ? ([['x-plimsoll-extra-usage', 'never']] as const) : []),
    ],
    body,
  }
}

/** One request to the gateway, in the history. */
export async function askMessages(
  parts: { readonly client: Client; readonly history: HistoryLog; readonly process: string },
  seat: { readonly customerId: string; readonly memberId: string },
  { request, asking }: { readonly request: LlmRequest; readonly asking: Asking },
): Promise<Reply> {
  const { client, history, process } = parts
  const call = history.invoke(process, { operation: 'request', ...seat, ...request })
  const reply = await client.ask(asking)
  if (reply.kind === 'refused') call.fail({ reason: 'nobody listens' })
  else if (reply.kind === 'lost') call.unknown()
  else {
    const { status, headers, body, isWhole } = reply
    const decision = headers.get('x-plimsoll-decision') ?? null
    const source = headers.get('x-plimsoll-source') ?? null
    const position = Number(headers.get('x-plimsoll-position') ?? 0)
    const refusal = status === 200 || !isWhole ? null : body
    call.ok({ status, decision, source, position, refusal, isWhole, bodyBytes: body.length })
  }
  return reply
}

/** What costs nothing: tokens that are counted, and the list of models. */
export function writeFreeRequest(chance: Chance, keyText: string): Asking {
  const isCount = chance.percent(50)
  return {
    method: isCount ? 'POST' : 'GET',
    path: isCount ? '/v1/messages/count_tokens' : '/v1/models?limit=5',
    headers: [
      ['x-api-key', keyText],
      ['content-type', 'application/json'],
      ['x-sim-luck', `free-${chance.below(1_000_000)}`],
    ],
    body: isCount ? '{"model":"sim-cheap","messages":[{"role":"user","content":"hi"}]}' : '',
  }
}
