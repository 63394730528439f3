import { freshId, type Random } from '../system/random.ts'
import {
  bytesPerToken,
  isFields,
  listOf,
  tokensOf,
  totalOf,
  type DemoFields,
  type InputCount,
} from './demo-tokens.ts'
import { lastUserBlocks, promptOf, type Wishes } from './demo-wishes.ts'

/** The demo's answer to a request: blocks as the API has them, and what they count. */
export type DemoAnswer = {
  readonly blocks: readonly DemoBlock[]
  readonly stopReason: 'end_turn' | 'max_tokens' | 'tool_use'
  readonly outputTokens: number
  readonly thinkingTokens: number
}

export type DemoBlock =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'tool_use'
      readonly id: string
      readonly name: string
      readonly input: object
    }

export type Asked = {
  readonly request: DemoFields
  readonly wishes: Wishes
  readonly counted: InputCount
  readonly random: Random
}

/** What the API adds around each block of an answer. */
const blockTokens = 3

export function answer(asked: Asked): DemoAnswer {
  const tool = chooseTool(asked)
  const thinking = thinkingText(asked.request)
  const maxTokens = Number(asked.request['max_tokens'])
  const thinkingTokens = thinking === undefined ? 0 : tokensOf(thinking) + blockTokens
  const blocks: DemoBlock[] = []
  if (thinking !== undefined) blocks.push(thinkingBlock(asked, thinking))
  const text = tool === undefined ? answerText(asked) : `I will use ${tool.name}, as you asked.`
  const wanted = asked.wishes.outputTokens ?? thinkingTokens + tokensOf(text) + blockTokens
  const outputTokens = Math.max(1, Math.min(wanted, maxTokens))
  const textTokens = Math.max(0, outputTokens - thinkingTokens - blockTokens)
  const isWished = asked.wishes.outputTokens !== undefined
  blocks.push({
    type: 'text',
    text: cutAt(isWished ? text + filler(textTokens) : text, textTokens),
  })
  const isCut = wanted > maxTokens
  if (tool === undefined || isCut) {
    const stopReason = isCut ? 'max_tokens' : 'end_turn'
    return {
      blocks,
      stopReason,
      outputTokens,
      thinkingTokens: Math.min(thinkingTokens, outputTokens),
    }
  }
  blocks.push(tool)
  const toolTokens = tokensOf(JSON.stringify(tool)) + blockTokens
  return { blocks, stopReason: 'tool_use', outputTokens: outputTokens + toolTokens, thinkingTokens }
}

function thinkingText(request: DemoFields): string | undefined {
  const thinking = request['thinking']
  if (!isFields(thinking)) return undefined
  if (thinking['type'] !== 'enabled' && thinking['type'] !== 'adaptive') return undefined
  return 'The person is trying out a gateway. A short, honest answer with real token counts helps most; then one thing worth trying next.'
}

function thinkingBlock({ request, random }: Asked, text: string): DemoBlock {
  const thinking = request['thinking']
  const isOmitted = isFields(thinking) && thinking['display'] === 'omitted'
  const signature = random.bytes(48).toString('base64')
  return { type: 'thinking', thinking: isOmitted ? '' : text, signature }
}

/** Cuts a text at a number of tokens, and never inside a character. */
function cutAt(text: string, tokens: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= tokens * bytesPerToken) return text
  return new TextDecoder().decode(bytes.subarray(0, tokens * bytesPerToken), { stream: true })
}

const fillerLine = ' The mark on the hull shows how much more the ship may carry.'

function filler(tokens: number): string {
  return fillerLine.repeat(Math.ceil((tokens * bytesPerToken) / fillerLine.length))
}

function answerText({ request, counted, random }: Asked): string {
  const result = toolResultOf(request)
  if (result !== undefined) {
    return `The tool answered: ${result}\n\nThat is a whole round of tool use: two requests, two lines in \`${command} history\`, each with its own tokens.`
  }
  const prompt = promptOf(request).trim().replaceAll(/\s+/g, ' ')
  const said = prompt.length > 120 ? `${prompt.slice(0, 119)}…` : prompt
  const first = [
    `Hello! I am Plimsoll's built-in demo upstream: no language model lives here, but every token I count is metered, priced and held against your limits like a real one.`,
    said === '' ? '' : `You wrote: "${said}".`,
    countText(counted),
  ]
  return [first.filter((part) => part !== '').join('\n\n'), tip(random)].join('\n\n')
}

function countText(counted: InputCount): string {
  const number = (count: number): string => count.toLocaleString('en-US')
  const written = counted.cacheWrite5m + counted.cacheWrite1h
  const cached = [
    counted.cacheRead > 0 ? `${number(counted.cacheRead)} read from the prompt cache` : '',
    written > 0 ? `${number(written)} written to the prompt cache` : '',
  ].filter((part) => part !== '')
  const detail = cached.length === 0 ? '' : ` (${cached.join(', ')})`
  return `Your request came to ${number(totalOf(counted))} input tokens${detail}. \`${command} usage\` shows what this answer took.`
}

/** How the command line is called from a checkout. */
const command = 'npm run plimsoll --'

const tips = [
  'Worth a try: send "demo-output-tokens: 8000" a few times until your session is used up, and read the refusal.',
  'Worth a try: `npm run plimsoll -- topup 5`, then `npm run plimsoll -- extra on`: once your session is used up, the very next request is paid from the balance.',
  'Worth a try: "demo-fail: cut-mid-stream" breaks my answer in the middle; `npm run plimsoll -- history` shows what that cost.',
  'Worth a try: kill the gateway with -9 while I am writing, start it again, and run `npm run plimsoll -- verify`.',
  'Worth a try: "demo-fail: 402-credit" makes me refuse the operator, not you; the gateway tells the two apart.',
  'Worth a try: `npm run story` plays the scene that this project was built for, twice.',
] as const

function tip(random: Random): string {
  const [byte = 0] = random.bytes(1)
  return tips[byte % tips.length] ?? tips[0]
}

function toolResultOf(request: DemoFields): string | undefined {
  const block = lastUserBlocks(request).findLast(
    (candidate) => isFields(candidate) && candidate['type'] === 'tool_result',
  )
  if (!isFields(block)) return undefined
  const texts = listOf(block['content']).map((part) => (isFields(part) ? part['text'] : part))
  return texts
    .filter((text) => typeof text === 'string')
    .join(' ')
    .slice(0, 300)
}

/** Uses a tool when the prompt names one, or asks for one in general, or the request demands it. */
function chooseTool({ request, random }: Asked): (DemoBlock & { type: 'tool_use' }) | undefined {
  const tools = listOf(request['tools']).filter((tool) => isFields(tool))
  if (tools.length === 0 || toolResultOf(request) !== undefined) return undefined
  const choice = request['tool_choice']
  const choiceType = isFields(choice) ? choice['type'] : 'auto'
  if (choiceType === 'none') return undefined
  const prompt = promptOf(request)
  const isNamed = ({ name }: DemoFields): boolean =>
    typeof name === 'string' && new RegExp(`\\b${RegExp.escape(name)}\\b`, 'i').test(prompt)
  const demanded = tools.find(({ name }) => isFields(choice) && name === choice['name'])
  const isWanted = choiceType === 'any' || /\b(use|call|try|run)\b.*\btools?\b/i.test(prompt)
  const isAsked = isWanted || /\b(use|call|run)\b/i.test(prompt)
  const chosen =
    demanded ?? (isAsked ? tools.find(isNamed) : undefined) ?? (isWanted ? tools[0] : undefined)
  if (chosen === undefined || typeof chosen['name'] !== 'string') return undefined
  const input = inputFor(chosen['input_schema'])
  return { type: 'tool_use', id: freshId(random, 'toolu'), name: chosen['name'], input }
}

/** Harmless values for the fields that a tool requires. */
function inputFor(schema: unknown): object {
  if (!isFields(schema) || !isFields(schema['properties'])) return {}
  const input: Record<string, unknown> = {}
  for (const name of listOf(schema['required'])) {
    if (typeof name !== 'string') continue
    input[name] = valueFor(name, schema['properties'][name])
  }
  return input
}

function valueFor(name: string, schema: unknown): unknown {
  if (!isFields(schema)) return 'demo'
  const [option] = listOf(schema['enum'])
  if (option !== undefined) return option
  switch (schema['type']) {
    case 'number':
    case 'integer':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
    case 'boolean':
      return false
    case 'array':
      return []
    case 'object':
      return inputFor(schema)
    default:
      return textFor(name)
  }
}

function textFor(name: string): string {
  if (/command/i.test(name)) return "echo 'hello from the demo upstream'"
  if (/path|file/i.test(name)) return 'README.md'
  if (/url/i.test(name)) return 'http://127.0.0.1/'
  return 'demo'
}
