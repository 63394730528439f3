import type { DemoAnswer, DemoBlock } from './demo-answer.ts'
import type { DemoFields, InputCount } from './demo-tokens.ts'
import type { Wishes } from './demo-wishes.ts'

/** An answer as the API writes it: one message, or the events of a stream. */
export type Written = {
  readonly request: DemoFields
  readonly wishes: Wishes
  readonly counted: InputCount
  readonly answer: DemoAnswer
  readonly messageId: string
}

export function messageOf(written: Written): object {
  const { answer } = written
  return {
    ...shellOf(written),
    content: answer.blocks,
    stop_reason: answer.stopReason,
    ...usagePart(written, answer.outputTokens),
  }
}

function shellOf({ request, messageId }: Written): object {
  return {
    id: messageId,
    type: 'message',
    role: 'assistant',
    model: request['model'],
    content: [],
    stop_reason: null,
    stop_sequence: null,
  }
}

function usagePart(written: Written, outputTokens: number): { readonly usage?: object } {
  const { counted, wishes, request, answer } = written
  if (wishes.failure === 'no-usage') return {}
  const isBad = wishes.failure === 'bad-usage'
  const usage = {
    input_tokens: isBad ? -counted.input : counted.input,
    cache_creation_input_tokens: counted.cacheWrite5m + counted.cacheWrite1h,
    cache_read_input_tokens: counted.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: counted.cacheWrite5m,
      ephemeral_1h_input_tokens: counted.cacheWrite1h,
    },
    output_tokens: isBad ? 1e15 : outputTokens,
    output_tokens_details: {
      thinking_tokens: Math.min(answer.thinkingTokens, outputTokens),
    },
    server_tool_use:
      wishes.webSearches > 0
        ? { web_search_requests: wishes.webSearches, web_fetch_requests: 0 }
        : null,
    service_tier: 'standard',
  }
  return { usage: request['speed'] === 'fast' ? { ...usage, speed: 'fast' } : usage }
}

/** The events of a stream, in order; each is one write. */
export function* eventsOf(written: Written): Generator<string> {
  const { answer } = written
  yield event('message_start', { message: { ...shellOf(written), ...usagePart(written, 1) } })
  yield event('ping', {})
  for (const [index, block] of answer.blocks.entries()) {
    yield event('content_block_start', { index, content_block: opened(block) })
    for (const delta of deltasOf(block)) yield event('content_block_delta', { index, delta })
    yield event('content_block_stop', { index })
  }
  const delta = { stop_reason: answer.stopReason, stop_sequence: null }
  yield event('message_delta', { delta, ...usagePart(written, answer.outputTokens) })
  if (written.wishes.failure !== 'no-stop') yield event('message_stop', {})
}

export function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function opened(block: DemoBlock): object {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'text':
      return { type: 'text', text: '' }
    case 'tool_use':
      return { ...block, input: {} }
  }
}

function* deltasOf(block: DemoBlock): Generator<object> {
  switch (block.type) {
    case 'thinking':
      for (const thinking of pieces(block.thinking)) yield { type: 'thinking_delta', thinking }
      yield { type: 'signature_delta', signature: block.signature }
      break
    case 'text':
      for (const text of pieces(block.text)) yield { type: 'text_delta', text }
      break
    case 'tool_use':
      for (const partial of pieces(JSON.stringify(block.input))) {
        yield { type: 'input_json_delta', partial_json: partial }
      }
  }
}

const pieceChars = 24
/** Very long answers come in larger pieces, so that a stream stays a few hundred events. */
const piecesMax = 400

function* pieces(text: string): Generator<string> {
  const chars = Array.from(text)
  const size = Math.max(pieceChars, Math.ceil(chars.length / piecesMax))
  for (let at = 0; at < chars.length; at += size) yield chars.slice(at, at + size).join('')
}
