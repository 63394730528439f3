import type { Usage } from '../core/usage.ts'
import { isRecord } from './anthropic-request.ts'
import { startsWith, type EventData } from './sse-events.ts'

/**
 * How much of an answer passed, measured in bytes of its text, without decoding the events that carry it.
 * Nearly all events of a stream are such deltas, so they have a fast path: a delta in the form that the
 * API writes is measured in place, and everything else is parsed.
 */
export type Delivered = {
  readonly textBytes: number
  readonly thinkingBytes: number
  readonly toolBytes: number
  /** What tools that run at the upstream brought in; it is input of the same answer. */
  readonly toolResultBytes: number
  /** Uses of such tools, by their meters. */
  readonly toolUses: Usage
  /** How long blocks of thinking were open: their text may be withheld, their time is not. */
  readonly thinkingMs: number
  /** The upstream's own coarse count of withheld thinking, where it sends one. */
  readonly thinkingTokensHint: number
}

export type DeliveryMeter = {
  /** `other` means that the event is not about content and somebody else should read it. */
  take(data: EventData, nowMs: number): 'content' | 'other'
  /** The content of a message that came whole. */
  takeContent(content: unknown): void
  delivered(nowMs: number): Delivered
}

type State = {
  textBytes: number
  thinkingBytes: number
  toolBytes: number
  toolResultBytes: number
  toolUses: { web_search: number; web_fetch: number; code_execution: number }
  closedThinkingMs: number
  openThinkingSinceMs: number | null
  thinkingTokensHint: number
}

/** A hint above this is a mistake; no answer thinks as long. */
const hintMax = 10_000_000

export function createDeliveryMeter(): DeliveryMeter {
  const state: State = {
    textBytes: 0,
    thinkingBytes: 0,
    toolBytes: 0,
    toolResultBytes: 0,
    toolUses: { web_search: 0, web_fetch: 0, code_execution: 0 },
    closedThinkingMs: 0,
    openThinkingSinceMs: null,
    thinkingTokensHint: 0,
  }
  return {
    take(data, nowMs) {
      if (takeKnownDelta(data, state)) return 'content'
      return takeParsed(data, state, nowMs)
    },
    takeContent(content) {
      if (!Array.isArray(content)) return
      for (const block of content) {
        if (!isRecord(block)) continue
        takeBlock(block, state)
        countToolUse(block, state)
        if (isToolResult(block)) state.toolResultBytes += lengthOf(JSON.stringify(block['content']))
      }
    },
    delivered: (nowMs) => ({
      textBytes: state.textBytes,
      thinkingBytes: state.thinkingBytes,
      toolBytes: state.toolBytes,
      toolResultBytes: state.toolResultBytes,
      toolUses: { ...state.toolUses },
      thinkingMs:
        state.closedThinkingMs +
        (state.openThinkingSinceMs === null ? 0 : nowMs - state.openThinkingSinceMs),
      thinkingTokensHint: state.thinkingTokensHint,
    }),
  }
}

const deltaHead = Buffer.from('{"type":"content_block_delta","index":')
const deltaMiddle = Buffer.from(',"delta":{"type":"')
const deltaKinds = [
  { prefix: Buffer.from('text_delta","text":"'), field: 'textBytes' },
  { prefix: Buffer.from('input_json_delta","partial_json":"'), field: 'toolBytes' },
  { prefix: Buffer.from('thinking_delta","thinking":"'), field: 'thinkingBytes' },
] as const

function takeKnownDelta(data: EventData, state: State): boolean {
  const { bytes, start, end } = data
  if (!startsWith(data, start, deltaHead)) return false
  let at = start + deltaHead.length
  while (at < end && isDigit(bytes[at])) at += 1
  if (!startsWith(data, at, deltaMiddle)) return false
  at += deltaMiddle.length
  for (const { prefix, field } of deltaKinds) {
    if (!startsWith(data, at, prefix)) continue
    const textStart = at + prefix.length
    if (data.isCutOff) {
      // Too long to keep: its size stands for its text.
      state[field] += data.byteCount - (textStart - start)
      return true
    }
    const text = measureString(bytes, textStart, end)
    if (text === undefined || !isOnlyClosing(bytes, text.closeAt + 1, end)) return false
    state[field] += text.byteCount
    return true
  }
  return false
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39

/** Whether nothing but closing braces and the padding that the API adds is left. */
function isOnlyClosing(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]
    if (byte !== 0x7d && byte !== 0x20) return false
  }
  return true
}

/** The UTF-8 length of a JSON string as it reads when its escapes are undone. */
function measureString(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly byteCount: number; readonly closeAt: number } | undefined {
  let byteCount = 0
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]
    if (byte === 0x22) return { byteCount, closeAt: i }
    if (byte !== 0x5c) {
      byteCount += 1
      continue
    }
    i += 1
    if (bytes[i] !== 0x75) {
      byteCount += 1
      continue
    }
    const unit = Number.parseInt(bytes.toString('latin1', i + 1, i + 5), 16)
    i += 4
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(bytes, i + 1)) {
      byteCount += 4
      i += 6
    } else byteCount += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
  }
  return undefined
}

const lowSurrogate = /^\\u[dD][c-fC-F]/

function isLowSurrogate(bytes: Buffer, at: number): boolean {
  return lowSurrogate.test(bytes.toString('latin1', at, at + 6))
}

const contentEvent = /"content_block_(?:start|delta|stop)"/
/** How far into an event its type is looked for, when it is not where the API writes it. */
const typeBytesMax = 256

function takeParsed(data: EventData, state: State, nowMs: number): 'content' | 'other' {
  const headEnd = Math.min(data.end, data.start + typeBytesMax)
  const head = data.bytes.toString('latin1', data.start, headEnd)
  if (!contentEvent.test(head)) return 'other'
  let event: unknown
  try {
    event = JSON.parse(data.bytes.toString('utf8', data.start, data.end))
  } catch {
    // Too long to be kept, or broken: its size stands for what it brought.
    if (toolResultHead.test(head)) state.toolResultBytes += data.byteCount
    else state.textBytes += data.byteCount
    return 'content'
  }
  if (!isRecord(event)) return 'content'
  // The words may stand inside some other event; only its type decides.
  switch (event['type']) {
    case 'content_block_start':
      closeThinking(state, nowMs)
      takeStart(event['content_block'], { state, nowMs, byteCount: data.byteCount })
      return 'content'
    case 'content_block_delta':
      if (isRecord(event['delta'])) takeBlock(event['delta'], state)
      return 'content'
    case 'content_block_stop':
      closeThinking(state, nowMs)
      return 'content'
    default:
      return 'other'
  }
}

type Start = { readonly state: State; readonly nowMs: number; readonly byteCount: number }

function takeStart(block: unknown, { state, nowMs, byteCount }: Start): void {
  if (!isRecord(block)) return
  if (isThinkingBlock(block)) state.openThinkingSinceMs = nowMs
  countToolUse(block, state)
  if (isToolResult(block)) state.toolResultBytes += byteCount
}

const toolResultHead = /"type"\s*:\s*"\w+_tool_result"/

function isToolResult(block: Readonly<Record<string, unknown>>): boolean {
  return typeof block['type'] === 'string' && block['type'].endsWith('_tool_result')
}

function countToolUse(block: Readonly<Record<string, unknown>>, { toolUses }: State): void {
  if (block['type'] !== 'server_tool_use') return
  const name = String(block['name'])
  if (name.startsWith('web_search')) toolUses.web_search += 1
  else if (name.startsWith('web_fetch')) toolUses.web_fetch += 1
  else if (name.includes('code_execution')) toolUses.code_execution += 1
}

function closeThinking(state: State, nowMs: number): void {
  if (state.openThinkingSinceMs === null) return
  state.closedThinkingMs += nowMs - state.openThinkingSinceMs
  state.openThinkingSinceMs = null
}

function isThinkingBlock(block: unknown): boolean {
  const type = isRecord(block) ? block['type'] : undefined
  return type === 'thinking' || type === 'redacted_thinking'
}

/** A block of a message, or a delta of one: the fields that carry the model's words are the same. */
function takeBlock(block: Readonly<Record<string, unknown>>, state: State): void {
  state.textBytes += lengthOf(block['text'])
  state.thinkingBytes += lengthOf(block['thinking'])
  state.toolBytes += lengthOf(block['partial_json'])
  if (block['type'] === 'tool_use' || block['type'] === 'server_tool_use') {
    state.toolBytes += lengthOf(JSON.stringify(block['input'] ?? {}))
  }
  const hint = block['estimated_tokens']
  if (typeof hint === 'number' && Number.isInteger(hint) && hint > 0 && hint <= hintMax) {
    state.thinkingTokensHint = Math.min(hintMax, state.thinkingTokensHint + hint)
  }
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0
}
