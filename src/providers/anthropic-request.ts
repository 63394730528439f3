import type { ServiceMarks } from '../core/usage.ts'
import { estimateInput } from './anthropic-input.ts'
import { scanPriced } from './json-scan.ts'

/**
 * What a request to the Messages API says about its own cost. Only the fields that price, route or meter
 * it are looked at; everything else is the upstream's business and passes as it came.
 */
export type RequestReading =
  | {
      readonly kind: 'ok'
      readonly model: string
      /** Models that may serve it instead of, or beside, `model`: fallbacks and advisors. */
      readonly otherModels: readonly string[]
      /** The most that any of those models may write. */
      readonly maxTokens: number
      readonly isStream: boolean
      readonly isThinking: boolean
      readonly inputTokensExpected: number
      readonly inputTokensMax: number
      /** Dearer ways of serving that the request asks for, in the form of `ServiceMarks`. */
      readonly marks: ServiceMarks
      readonly sessionId: string | null
    }
  | { readonly kind: 'problem'; readonly message: string }

/** The vendor's dearest answers end at 300,000 tokens; past this bound sums of money would not fit. */
export const maxTokensMax = 10_000_000
const modelCharsMax = 200
const depthMax = 500

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function readRequest(body: Uint8Array): RequestReading {
  const parsed = parseBody(body)
  if (parsed.kind === 'problem') return parsed
  const { fields } = parsed
  const fault = findFault(fields)
  if (fault !== undefined) return problem(fault)
  const { model, max_tokens: maxTokens } = fields
  if (typeof model !== 'string' || typeof maxTokens !== 'number')
    return problem('model: Field required')
  const ways = findAlternatives(fields, { model, maxTokens })
  if (ways === undefined) return problem(`fallbacks: at most ${otherModelsMax} other models`)
  const input = estimateInput(fields, body.length)
  return {
    kind: 'ok',
    model,
    otherModels: ways.models,
    maxTokens: ways.maxTokens,
    isStream: fields['stream'] === true,
    isThinking: isThinking(fields['thinking']),
    inputTokensExpected: input.expected,
    inputTokensMax: input.max,
    marks: ways.marks,
    sessionId: findSessionId(fields['metadata']),
  }
}

const problem = (message: string): RequestReading & { kind: 'problem' } => ({
  kind: 'problem',
  message,
})

type Fields = Readonly<Record<string, unknown>>
type ParsedBody =
  | { readonly kind: 'fields'; readonly fields: Fields }
  | { readonly kind: 'problem'; readonly message: string }

function parseBody(body: Uint8Array): ParsedBody {
  let text: string
  try {
    text = decoder.decode(body)
  } catch {
    return problem('The request body is not valid UTF-8')
  }
  // Depth is bounded before the parser builds anything.
  const scan = scanPriced(text, depthMax)
  if (scan.isTooDeep) {
    return problem(`The request body is nested too deeply: more than ${depthMax} levels`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return problem(`The request body is not valid JSON: ${describe(error)}`)
  }
  if (!isRecord(value)) return problem('The request body must be a JSON object')
  if (scan.duplicateKey !== undefined) {
    // Readers differ in which one they take: it could be priced as one model and run as another.
    return problem(`${scan.duplicateKey.slice(0, 100)}: Duplicate field`)
  }
  return { kind: 'fields', fields: value }
}

/** The parser quotes the text around a fault, which may be somebody's prompt: only the place is kept. */
function describe(error: unknown): string {
  const place = error instanceof Error ? /at position \d+/.exec(error.message)?.[0] : undefined
  return place === undefined ? 'it ends or breaks off unexpectedly' : `unexpected text ${place}`
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function findFault(fields: Fields): string | undefined {
  const { model, max_tokens: maxTokens, stream } = fields
  if (model === undefined) return 'model: Field required'
  if (typeof model !== 'string') return 'model: Input should be a valid string'
  if (model.length === 0) return 'model: String should have at least 1 character'
  if (model.length > modelCharsMax) {
    return `model: String should have at most ${modelCharsMax} characters`
  }
  if (/\p{Cc}/u.test(model)) return 'model: String should have no control characters'
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    return 'stream: Input should be a valid boolean'
  }
  const lookalike = findLookalike(fields, pricedFields)
  if (lookalike !== undefined) return `${lookalike.slice(0, 100)}: Extra inputs are not permitted`
  return (
    findFallbacksFault(fields['fallbacks']) ??
    findLookalikeWithin(fields) ??
    findTokensFault(maxTokens)
  )
}

function findLookalikeWithin(fields: Fields): string | undefined {
  for (const list of ['fallbacks', 'tools']) {
    for (const item of listed(fields[list])) {
      const lookalike = findLookalike(item, pricedWithin)
      if (lookalike === undefined) continue
      return `${list}: ${lookalike.slice(0, 100)}: Extra inputs are not permitted`
    }
  }
  return undefined
}

function listed(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter((item) => isRecord(item)) : []
}

/** Fields that price or route a request, and those of the lists within it that do. */
const pricedFields = new Set(
  'model max_tokens stream fallbacks tools speed inference_geo service_tier thinking'.split(' '),
)
const pricedWithin = new Set('model max_tokens speed inference_geo'.split(' '))

/** Nearly every field: it can be taken for no other one. */
const plainField = /^[a-z0-9_]*$/

/**
 * Some readers take `Model` for `model`, as the API does not: such a body could be priced as one thing and
 * run as another. The API would refuse these fields as well.
 */
function findLookalike(fields: Fields, priced: ReadonlySet<string>): string | undefined {
  for (const field in fields) {
    if (plainField.test(field)) continue
    if (priced.has(field.toUpperCase().toLowerCase())) return field
  }
  return undefined
}

/** The API's own forms, and no others: which models may answer has to be known before one does. */
function findFallbacksFault(fallbacks: unknown): string | undefined {
  if (fallbacks === undefined || fallbacks === null || fallbacks === 'default') return undefined
  const isList =
    Array.isArray(fallbacks) &&
    fallbacks.every((item) => isRecord(item) && typeof item['model'] === 'string')
  return isList
    ? undefined
    : 'fallbacks: Input should be "default" or a list of objects with a model'
}

function findTokensFault(maxTokens: unknown): string | undefined {
  if (maxTokens === undefined) return 'max_tokens: Field required'
  if (typeof maxTokens !== 'number') return 'max_tokens: Input should be a valid integer'
  if (maxTokens > maxTokensMax) {
    return `max_tokens: Input should be less than or equal to ${maxTokensMax}`
  }
  if (!Number.isInteger(maxTokens)) {
    return 'max_tokens: Input should be a valid integer, got a number with a fractional part'
  }
  if (maxTokens < 1) return 'max_tokens: Input should be greater than or equal to 1'
  return undefined
}

function isThinking(thinking: unknown): boolean {
  if (!isRecord(thinking)) return false
  return thinking['type'] === 'enabled' || thinking['type'] === 'adaptive'
}

/** What the request may become on its way: another model, a longer answer, a dearer way of serving. */
type Alternatives = {
  readonly models: readonly string[]
  readonly maxTokens: number
  readonly marks: ServiceMarks
}

const otherModelsMax = 8

/**
 * `fallbacks` name models that may answer instead, each with settings of its own; an advisor tool names a
 * model that is asked on the way. Undefined when they are too many to be priced together.
 */
function findAlternatives(
  fields: Fields,
  { model, maxTokens }: { readonly model: string; readonly maxTokens: number },
): Alternatives | undefined {
  const ways = [...listed(fields['fallbacks']), ...listed(fields['tools'])]
  const models = new Set<string>()
  const marks = new Set(marksOf(fields))
  let tokens = maxTokens
  for (const way of ways) {
    if (typeof way['model'] !== 'string') continue
    if (way['model'] !== model) models.add(way['model'].slice(0, modelCharsMax))
    for (const mark of marksOf(way)) marks.add(mark)
    const own = way['max_tokens']
    if (typeof own === 'number' && own > tokens) tokens = Math.min(Math.ceil(own), maxTokensMax)
  }
  if (models.size > otherModelsMax) return undefined
  return { models: [...models], maxTokens: tokens, marks: [...marks] }
}

/** https://platform.claude.com/docs/en/build-with-claude/fast-mode and …/data-residency */
function marksOf(fields: Fields): ServiceMarks {
  const marks: string[] = []
  if (fields['speed'] === 'fast') marks.push('speed:fast')
  if (fields['inference_geo'] === 'us') marks.push('inference_geo:us')
  return marks
}

const sessionPattern = /^[\w-]{1,64}$/

/** Clients put a JSON text there; older ones a text that ends in `_session_<id>`. */
function findSessionId(metadata: unknown): string | null {
  const userId = isRecord(metadata) ? metadata['user_id'] : undefined
  if (typeof userId !== 'string' || userId.length > 2000) return null
  let sessionId: unknown = /_session_([\w-]+)$/.exec(userId)?.[1]
  if (userId.startsWith('{')) {
    try {
      const parsed: unknown = JSON.parse(userId)
      if (isRecord(parsed)) sessionId = parsed['session_id']
    } catch {
      return null
    }
  }
  return typeof sessionId === 'string' && sessionPattern.test(sessionId) ? sessionId : null
}
