import { createHash } from 'node:crypto'

/**
 * Counts tokens the way the demo upstream states it: one token for every three bytes of the JSON text of
 * a block, and prompt caching as the API does it: a prefix is written on first sight and read afterwards,
 * until its time is over. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export const bytesPerToken = 3

export type InputCount = {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
}

export const totalOf = ({ input, cacheRead, cacheWrite5m, cacheWrite1h }: InputCount): number =>
  input + cacheRead + cacheWrite5m + cacheWrite1h

export type PromptCache = {
  /** Counts a request, and remembers the prefixes that it marks. */
  count(request: DemoFields, nowMs: number): InputCount
  /** Counts without remembering. */
  countOnly(request: DemoFields): number
}

export type DemoFields = Readonly<Record<string, unknown>>
type Lifetime = '5m' | '1h'

/** A block of the prompt, with the digest of everything up to and including it. */
type Segment = {
  readonly tokens: number
  readonly prefix: string
  readonly mark: Lifetime | undefined
}

const lifetimeMs: Readonly<Record<Lifetime, number>> = { '5m': 300_000, '1h': 3_600_000 }
const prefixesMax = 10_000

export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

export function createPromptCache(): PromptCache {
  const expiries = new Map<string, number>()
  return {
    countOnly: (request) => sumTokens(segmentsOf(request)),
    count(request, nowMs) {
      const segments = segmentsOf(request)
      const lastMarked = segments.findLastIndex((segment) => segment.mark !== undefined)
      const lastKnown = segments.findLastIndex(
        ({ prefix }, index) => index <= lastMarked && (expiries.get(prefix) ?? 0) > nowMs,
      )
      const written = { '5m': 0, '1h': 0 }
      let pending = 0
      for (const { tokens, mark, prefix } of segments.slice(lastKnown + 1, lastMarked + 1)) {
        pending += tokens
        if (mark === undefined) continue
        written[mark] += pending
        pending = 0
        remember(expiries, prefix, nowMs + lifetimeMs[mark])
      }
      const known = segments[lastKnown]
      // A read keeps an entry alive for as long again.
      if (known !== undefined) {
        remember(expiries, known.prefix, nowMs + lifetimeMs[known.mark ?? '5m'])
      }
      return {
        input: sumTokens(segments.slice(lastMarked + 1)),
        cacheRead: sumTokens(segments.slice(0, lastKnown + 1)),
        cacheWrite5m: written['5m'],
        cacheWrite1h: written['1h'],
      }
    },
  }
}

function remember(expiries: Map<string, number>, prefix: string, expiresAtMs: number): void {
  const expiry = Math.max(expiresAtMs, expiries.get(prefix) ?? 0)
  expiries.delete(prefix)
  expiries.set(prefix, expiry)
  if (expiries.size <= prefixesMax) return
  for (const oldest of expiries.keys()) {
    expiries.delete(oldest)
    return
  }
}

function sumTokens(segments: readonly Segment[]): number {
  let tokens = 0
  for (const segment of segments) tokens += segment.tokens
  return tokens
}

/** Tools, then the system prompt, then the messages: the order in which the API builds a prompt. */
function segmentsOf(request: DemoFields): readonly Segment[] {
  const blocks = [...listOf(request['tools']), ...listOf(request['system'])]
  for (const message of listOf(request['messages'])) {
    const role = isFields(message) ? message['role'] : ''
    const content = isFields(message) ? listOf(message['content']) : [message]
    for (const block of content) blocks.push({ role, block })
  }
  const isLastMarked = isFields(request['cache_control'])
  const segments: Segment[] = []
  let prefix = String(request['model'])
  for (const [index, block] of blocks.entries()) {
    const mark = isLastMarked && index === blocks.length - 1 ? '5m' : markOf(block)
    const text = JSON.stringify(block, (key, value: unknown) =>
      key === 'cache_control' ? undefined : value,
    )
    prefix = createHash('sha256').update(prefix).update(text).digest('base64')
    segments.push({ tokens: tokensOf(text), prefix, mark })
  }
  return segments
}

function markOf(block: unknown): Lifetime | undefined {
  if (!isFields(block)) return undefined
  const control = block['cache_control']
  if (isFields(control)) return control['ttl'] === '1h' ? '1h' : '5m'
  return markOf(block['block'])
}

export function isFields(value: unknown): value is DemoFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A prompt's parts may be a list of blocks, or one text that stands for a list of one. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}
