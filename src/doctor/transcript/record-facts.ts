import type { Figure, Quota, Refusal } from '../verdict/evidence.ts'
import { asFields, isTrue, numberOf, textOf, type Fields } from './json-fields.ts'
import { figuresOfInfo, figuresOfStatusLine, quotaOf } from './rate-limit-figures.ts'

/**
 * What one record of the client says that matters here. Transcripts write their names in one case, streams
 * (`--output-format stream-json`) in another; both are read. What a prompt or a tool's output says is never
 * taken for a refusal.
 */
export type RecordFacts = {
  readonly refusal?: Refusal
  readonly figures?: readonly Figure[]
  /** A stream tells the service's own fields in a record before the refusal that they belong to. */
  readonly quota?: Quota
  /** What a person asked, whole. */
  readonly prompt?: string
  /** What the client notes as the last prompt; it may be cut. */
  readonly lastPrompt?: string
  readonly queue?: { readonly isAdded: boolean; readonly prompt: string | undefined }
  /** An answer came through. */
  readonly isAnswer?: boolean
  readonly atMs: number | undefined
  readonly place: Place
}

/** In which session, and how the client ran there. */
export type Place = {
  readonly sessionId: string | undefined
  readonly clientVersion: string | undefined
  readonly entrypoint: string | undefined
  readonly workFolder: string | undefined
}

export type Reading = {
  /** For a record without a time of its own, or with one that lies ahead. */
  readonly fallbackMs: number
  readonly latestMs: number
}

export function factsOf(record: Fields, reading: Reading): RecordFacts {
  const atMs = timeOf(record, reading)
  const place: Place = {
    sessionId: textOf(record, 'sessionId', 'session_id'),
    clientVersion: textOf(record, 'version', 'claude_code_version'),
    entrypoint: textOf(record, 'entrypoint'),
    workFolder: textOf(record, 'cwd'),
  }
  const base = { atMs, place }
  const context = { record, atMs, place, figureMs: atMs ?? reading.fallbackMs }
  switch (record['type']) {
    case 'assistant':
      return { ...base, ...assistantFacts(context) }
    case 'user':
      return { ...base, ...promptFacts(record) }
    case 'system':
      return { ...base, ...systemFacts(context) }
    case 'last-prompt': {
      const lastPrompt = textOf(record, 'lastPrompt')
      return { ...base, ...(lastPrompt === undefined ? {} : { lastPrompt }) }
    }
    case 'queue-operation': {
      const isAdded = record['operation'] === 'enqueue'
      const text = textOf(record, 'content') ?? ''
      const prompt = text === '' || ownWords.test(text) ? undefined : text
      return { ...base, queue: { isAdded, prompt } }
    }
    case 'rate_limit_event': {
      const info = asFields(record['rate_limit_info'])
      const what = 'rate_limit_event of the stream'
      const quota = quotaOf(info)
      const figures = figuresOfInfo(info, { atMs: context.figureMs, what })
      return { ...base, figures, ...(quota === undefined ? {} : { quota }) }
    }
    case 'result':
      return { ...base, ...resultFacts(context) }
    default:
      return { ...base, ...otherFacts(context) }
  }
}

type Context = {
  readonly record: Fields
  readonly atMs: number | undefined
  readonly place: Place
  readonly figureMs: number
}

function timeOf(record: Fields, { latestMs }: Reading): number | undefined {
  const text = textOf(record, 'timestamp')
  const atMs = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isFinite(atMs) && atMs > 0 && atMs <= latestMs ? atMs : undefined
}

function assistantFacts(context: Context): Partial<RecordFacts> {
  const { record, figureMs } = context
  const message = asFields(record['message'])
  const isError = isTrue(record, 'isApiErrorMessage', 'is_api_error_message')
  const isSynthetic = textOf(message, 'model') === '<synthetic>'
  if (!isError && !isSynthetic) return { isAnswer: true }
  const text = contentText(message?.['content'])
  // Before the client marked them, its own messages were told apart by their words alone.
  if (text === undefined || (!isError && !errorWords.test(text))) return {}
  const params = asFields(record['apiErrorParams'])
  const info = asFields(params?.['rate_limit_info']) ?? asFields(record['rate_limit_info'])
  const quota = quotaOf(asFields(record['quotaLimits']) ?? info)
  const what = 'rate-limit fields of the refusal'
  return {
    refusal: refusalOf(context, {
      text,
      quota,
      requestId: textOf(record, 'requestId', 'request_id'),
    }),
    figures: figuresOfInfo(info, { atMs: figureMs, what }),
  }
}

const errorWords =
  /^(API Error|Claude (AI )?usage limit reached|You've hit your|You're out of|Credit balance is too low|Failed to authenticate|Invalid API key|There's an issue with the selected model|Request too large|Usage limit reached|Prompt is too long|OAuth token|Context limit reached|(5-hour|Session|Weekly|Opus|Sonnet)( weekly)? limit reached)/

function refusalOf(
  { record, atMs, place }: Context,
  said: Pick<Refusal, 'text' | 'quota' | 'requestId'> & Partial<Refusal>,
): Refusal {
  return {
    status: numberOf(record, 'apiErrorStatus', 'api_error_status'),
    type: textOf(record, 'apiErrorType', 'api_error_type'),
    errorClass: textOf(record, 'error'),
    model: textOf(record, 'requestedModel'),
    isSidechain: isTrue(record, 'isSidechain'),
    isRetrying: false,
    atMs,
    sessionId: place.sessionId,
    clientVersion: place.clientVersion,
    entrypoint: place.entrypoint,
    ...said,
    text: said.text.slice(0, messageMax),
  }
}

const messageMax = 4_000

/** A retry that is under way. It counts only while no answer and no final refusal follows. */
function systemFacts(context: Context): Partial<RecordFacts> {
  const { record } = context
  const error = asFields(record['error'])
  if (record['subtype'] === 'api_error' && error !== undefined) {
    const status = numberOf(error, 'status')
    const said = textOf(error, 'formatted', 'message') ?? 'the client tries again'
    const text =
      said.startsWith('API Error') || status === undefined ? said : `API Error: ${status} ${said}`
    const quota = quotaOf(asFields(error['rateLimits']))
    const requestId = textOf(error, 'requestId')
    const errorClass = undefined
    return {
      refusal: refusalOf(context, { text, quota, requestId, status, errorClass, isRetrying: true }),
    }
  }
  if (record['subtype'] === 'api_retry') {
    const status = numberOf(record, 'error_status')
    const text = `API Error: ${status ?? ''} (trying again)`
    return {
      refusal: refusalOf(context, {
        text,
        quota: undefined,
        requestId: undefined,
        status,
        isRetrying: true,
      }),
    }
  }
  return {}
}

/** The last record of a stream. Its subtype is "success" also when it failed. */
function resultFacts(context: Context): Partial<RecordFacts> {
  const { record } = context
  const text = textOf(record, 'result')
  if (record['is_error'] !== true) return { isAnswer: true }
  if (text === undefined) return {}
  return { refusal: refusalOf(context, { text, quota: undefined, requestId: undefined }) }
}

/** Hook and status-line inputs, which people pipe in as well. */
function otherFacts(context: Context): Partial<RecordFacts> {
  const { record, figureMs } = context
  const text = textOf(record, 'last_assistant_message')
  if (record['hook_event_name'] === 'StopFailure' && text !== undefined) {
    return { refusal: refusalOf(context, { text, quota: undefined, requestId: undefined }) }
  }
  if (record['rate_limits'] === undefined) return {}
  return { figures: figuresOfStatusLine(record, { atMs: figureMs, what: 'status line' }) }
}

function promptFacts(record: Fields): Partial<RecordFacts> {
  const isNotes = isTrue(record, 'isMeta', 'isSidechain', 'isCompactSummary', 'isSynthetic')
  const text = isNotes ? undefined : contentText(asFields(record['message'])?.['content'])
  if (text === undefined || ownWords.test(text)) return {}
  return { prompt: text }
}

/** What the client writes in a person's name. */
const ownWords =
  /^\s*(<(command-(name|message|args)|local-command-|bash-(input|stdout|stderr)|system-reminder|task-notification)|Caveat: The messages below|\[Request interrupted|This session is being continued)/

/** The text of a message: one text, or the text blocks. A tool's output is none of a person's words. */
function contentText(content: unknown): string | undefined {
  if (typeof content === 'string') return content === '' ? undefined : content
  if (!Array.isArray(content)) return undefined
  const blocks: readonly unknown[] = content
  const fields = blocks.slice(0, 200).map(asFields)
  if (fields.some((block) => block?.['type'] === 'tool_result')) return undefined
  const texts = fields.flatMap((block) =>
    block?.['type'] === 'text' ? (textOf(block, 'text') ?? []) : [],
  )
  return texts.length === 0 ? undefined : texts.join('\n')
}
