import type { Chance } from './chance.ts'
import type { Message } from './message-reader.ts'
import type { UpstreamMix } from './upstream.ts'

/** How an answer goes wrong; `none` is an answer as it should be. */
export const troubles = [
  'none',
  'cut before the head',
  'cut in the middle',
  'stalls',
  'error event',
  'account error event',
  'overloaded',
  'rate limited',
  'bad request',
  'credential refused',
  'payment required',
  'usage goes down',
  'no usage',
  'usage is absurd',
  'event is missing',
  'event comes twice',
  'events change places',
  'half an event at the end',
] as const
export type Trouble = (typeof troubles)[number]

export type Answer = {
  readonly said: {
    readonly requestId: string
    readonly trouble: Trouble
    readonly inputTokens: number
    readonly outputTokens: number
    readonly cacheReadTokens: number
    readonly cacheWrite5mTokens: number
    readonly cacheWrite1hTokens: number
    readonly searches: number
    readonly maxTokens: number
    /** A last report of usage is among what it says. */
    readonly isReported: boolean
  }
  /** Written one after another; what is left out never comes. */
  readonly parts: readonly (string | typeof cut)[]
}

/** Stands in what is told to the operator alone, and that no caller may read. */
export const ofOperator = 'account of the operator'

/** The upstream breaks off, without another word. */
export const cut = Symbol('cut')

type Terms = {
  readonly chance: Chance
  readonly wish: string
  readonly date: string
  readonly mix: UpstreamMix
}

type Asked = { readonly model?: string; readonly max_tokens?: number; readonly stream?: boolean }

export function writeAnswer(message: Message, terms: Terms): Answer {
  const { chance, wish, mix } = terms
  const [, path = ''] = message.firstLine.split(' ')
  const isFine = !chance.percent(mix.troublePercent)
  const trouble = isFine ? 'none' : chance.pick(troubles)
  const isMessages = /^\/v1\/messages(\?|$)/.test(path)
  const asked = readAsked(message.body)
  const said: Answer['said'] = {
    isReported: true,
    requestId: isMessages ? `req_up_${wish}` : '',
    trouble,
    inputTokens: Math.max(1, Math.ceil(message.body.length / chance.between(3, 5))),
    // Who asks for a long answer gets one.
    outputTokens: wish.endsWith(long)
      ? (asked.max_tokens ?? 1)
      : outputOf(asked.max_tokens ?? 1, chance),
    cacheReadTokens: chance.percent(20) ? chance.below(500) : 0,
    cacheWrite5mTokens: chance.percent(10) ? chance.below(200) : 0,
    cacheWrite1hTokens: chance.percent(10) ? chance.below(200) : 0,
    searches: chance.percent(8) ? chance.between(1, 3) : 0,
    maxTokens: asked.max_tokens ?? 1,
  }
  if (!isMessages) {
    return { said, parts: [json(terms, 200, { input_tokens: said.inputTokens, data: [] })] }
  }
  const failed = failureParts(trouble, terms)
  if (failed !== null) return { said, parts: failed }
  const parts =
    asked.stream === true ? streamParts(said, asked, terms) : wholeParts(said, asked, terms)
  const isReported = parts.some((part) => part !== cut && lastReport.test(part))
  return { said: { ...said, isReported: trouble !== 'no usage' && isReported }, parts }
}

const long = '-long'
const longWordsMax = 8000
const isLong = ({ requestId }: Answer['said']): boolean => requestId.endsWith(long)

const lastReport = /"type":"message_delta"|"stop_reason":"end_turn"/

function readAsked(body: string): Asked {
  try {
    return JSON.parse(body) as Asked
  } catch {
    return {}
  }
}

/** Mostly a small part of what was asked for, now and then all of it. */
const outputOf = (maxTokens: number, chance: Chance): number =>
  chance.percent(15) ? maxTokens : Math.max(1, chance.below(Math.ceil(maxTokens / 3)))

function failureParts(trouble: Trouble, terms: Terms): Answer['parts'] | null {
  const error = (status: number, type: string, message: string): Answer['parts'] => [
    json(terms, status, { type: 'error', error: { type, message } }),
  ]
  switch (trouble) {
    case 'cut before the head':
      return [cut]
    case 'overloaded':
      return error(529, 'overloaded_error', 'Overloaded')
    case 'rate limited':
      return error(429, 'rate_limit_error', 'Number of requests has exceeded your rate limit')
    case 'bad request':
      return error(400, 'invalid_request_error', 'messages: at least one message is required')
    case 'credential refused':
      return error(401, 'authentication_error', `invalid x-api-key (${ofOperator})`)
    case 'payment required':
      return error(402, 'billing_error', `the credit balance is too low (${ofOperator})`)
    default:
      return null
  }
}

function json({ wish, date }: Terms, status: number, content: object): string {
  const body = JSON.stringify(content)
  return [
    `HTTP/1.1 ${status} OK`,
    `date: ${date}`,
    'content-type: application/json',
    `request-id: req_up_${wish}`,
    'keep-alive: timeout=600',
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

function usageOf(said: Answer['said'], outputTokens: number): object {
  if (said.trouble === 'no usage') return {}
  const isAbsurd = said.trouble === 'usage is absurd'
  return {
    usage: {
      input_tokens: isAbsurd ? -said.inputTokens : said.inputTokens,
      cache_read_input_tokens: said.cacheReadTokens,
      cache_creation_input_tokens: said.cacheWrite5mTokens + said.cacheWrite1hTokens,
      cache_creation: {
        ephemeral_5m_input_tokens: said.cacheWrite5mTokens,
        ephemeral_1h_input_tokens: said.cacheWrite1hTokens,
      },
      server_tool_use: said.searches > 0 ? { web_search_requests: said.searches } : null,
      output_tokens: isAbsurd ? 1e15 : outputTokens,
    },
  }
}

const shellOf = (said: Answer['said'], { model }: Asked): object => ({
  id: `msg_${said.requestId}`,
  type: 'message',
  role: 'assistant',
  model,
})

function wholeParts(said: Answer['said'], asked: Asked, terms: Terms): Answer['parts'] {
  const content = [{ type: 'text', text: 'word '.repeat(Math.min(50, said.outputTokens)) }]
  const text = json(terms, 200, {
    ...shellOf(said, asked),
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    ...usageOf(said, said.outputTokens),
  })
  const half = Math.floor(text.length / 2)
  if (said.trouble === 'cut in the middle') return [text.slice(0, half), cut]
  if (said.trouble === 'stalls') return [text.slice(0, half)]
  return [text]
}

function streamParts(said: Answer['said'], asked: Asked, terms: Terms): Answer['parts'] {
  const { chance, wish, date } = terms
  const head = [
    'HTTP/1.1 200 OK',
    `date: ${date}`,
    'content-type: text/event-stream; charset=utf-8',
    `request-id: req_up_${wish}`,
    'transfer-encoding: chunked',
    'keep-alive: timeout=600',
    '',
    '',
  ].join('\r\n')
  const events = disturbed(eventsOf(said, asked, chance), said.trouble, chance)
  const half = chance.between(0, events.length - 1)
  const [chunks, last] = [events.map(chunk), '0\r\n\r\n']
  const inside = events[half] ?? ''
  const firstHalf = inside.slice(0, Math.max(1, inside.length >> 1))
  switch (said.trouble) {
    case 'cut in the middle':
      return [head, ...chunks.slice(0, half), cut]
    case 'stalls':
      return chance.percent(50)
        ? [head, ...chunks.slice(0, half)]
        : [head, ...chunks.slice(0, half), chunk(firstHalf)]
    case 'half an event at the end':
      return [head, ...chunks.slice(0, half), chunk(firstHalf), cut]
    case 'error event':
      return [head, ...chunks.slice(0, half), chunk(errorEvent('overloaded_error')), last]
    case 'account error event':
      return [head, ...chunks.slice(0, half), chunk(errorEvent('billing_error', ofOperator)), last]
    default:
      return [head, ...chunks, last]
  }
}

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

const errorEvent = (type: string, message = 'The model provider says no'): string =>
  event('error', { error: { type, message } })

function eventsOf(said: Answer['said'], asked: Asked, chance: Chance): string[] {
  const message = { ...shellOf(said, asked), content: [], ...usageOf(said, 1) }
  // A long answer is longer than what the gateway looks at once, and than what a slow reader takes at once.
  const wordsMax = isLong(said) ? longWordsMax : 12
  const texts = Array.from({ length: chance.between(1, 6) }, () =>
    event('content_block_delta', {
      index: 0,
      delta: { type: 'text_delta', text: 'word '.repeat(chance.between(1, wordsMax)) },
    }),
  )
  return [
    event('message_start', { message }),
    ...(chance.percent(20) ? [event('ping', {})] : []),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...texts,
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      ...usageOf(said, said.outputTokens),
    }),
    event('message_stop', {}),
  ]
}

const lastOutput = /"output_tokens":\d+/

/** Events of the upstream that are lost, doubled or out of order on their way to us. */
function disturbed(events: string[], trouble: Trouble, chance: Chance): string[] {
  const at = chance.below(events.length)
  const some = events[at] ?? ''
  switch (trouble) {
    case 'event is missing':
      return events.toSpliced(at, 1)
    case 'event comes twice':
      return events.toSpliced(at, 0, some)
    case 'usage goes down':
      return events.flatMap((one) =>
        one.includes('"type":"message_delta"')
          ? [one, one.replace(lastOutput, '"output_tokens":0')]
          : [one],
      )
    case 'events change places':
      return events.toSpliced(at, 1).toSpliced(chance.below(events.length), 0, some)
    default:
      return events
  }
}
