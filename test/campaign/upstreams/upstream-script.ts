import {
  event,
  message,
  messageDelta,
  messageStart,
  textDelta,
} from '../../e2e/scripted-upstream.ts'

/** One way in which an upstream answers: the bytes of its body, how they are cut, and how they end. */
export type Script = {
  readonly kind: (typeof kinds)[number]
  readonly isStream: boolean
  readonly head: readonly string[]
  readonly body: Buffer
  /** Where the body is cut into pieces, ascending. */
  readonly cuts: readonly number[]
  readonly ending: 'end' | 'finish' | 'reset'
  /** The caller leaves once it has seen this much of the body; null reads on to the end. */
  readonly leavesAfter: number | null
  /** The usage of a reply that nothing was done to; null where something was. */
  readonly exact: { readonly input: number; readonly output: number } | null
  /** An error event about the operator's account stands in it: the caller gets ours instead. */
  readonly hasAccountError: boolean
}

export const kinds = ['whole', 'mutated', 'cut', 'left', 'account'] as const
export type Dice = (below: number) => number

/** A small generator of numbers, so that the same seed does the same again. */
export function diceOf(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

export function rollScript(dice: Dice): Script {
  const kind = kinds[dice(kinds.length)] ?? 'whole'
  const isStream = kind === 'account' || dice(5) > 0
  const report = { input: 1 + dice(5000), output: 1 + dice(900) }
  let texts = isStream ? streamOf(dice, report) : [jsonOf(dice, report)]
  if (kind === 'account') texts = withAccountError(texts, dice)
  let body: Buffer = Buffer.from(texts.join(''))
  if (kind === 'mutated') body = mutate(texts, dice)
  if (kind === 'cut') body = body.subarray(0, dice(body.length))
  const ending = kind === 'cut' ? (['finish', 'reset', 'end'] as const)[dice(3)] : 'end'
  return {
    kind,
    isStream,
    head: headOf(isStream, dice(20) === 0),
    body,
    cuts: cutsOf(body.length, dice),
    ending: ending ?? 'end',
    leavesAfter: kind === 'left' ? dice(body.length) : null,
    exact: kind === 'whole' ? report : null,
    hasAccountError: kind === 'account',
  }
}

function headOf(isStream: boolean, isBare: boolean): readonly string[] {
  if (isBare) return []
  return [`content-type: ${isStream ? 'text/event-stream; charset=utf-8' : 'application/json'}`]
}

type Report = { readonly input: number; readonly output: number }
const words = [
  'word ',
  'gr\u00fc\u00dfe ',
  '\u{1f600}',
  '"quoted" \\ ',
  'event: error\n',
  'data: {}\n\n',
  '',
]

function textOf(dice: Dice): string {
  return (words[dice(words.length)] ?? '').repeat(1 + dice(40))
}

function jsonOf(dice: Dice, { input, output }: Report): string {
  const text = JSON.stringify(message(textOf(dice), { input_tokens: input, output_tokens: output }))
  return dice(3) === 0 ? ` ${text}\n` : text
}

function streamOf(dice: Dice, { input, output }: Report): string[] {
  const texts = [event(messageStart({ input_tokens: input, output_tokens: 1 }))]
  const block = { type: 'text', text: '' }
  texts.push(event({ type: 'content_block_start', index: 0, content_block: block }))
  for (let count = dice(12); count > 0; count -= 1) texts.push(innerEvent(dice))
  texts.push(event({ type: 'content_block_stop', index: 0 }))
  texts.push(event(messageDelta({ output_tokens: output })))
  texts.push(event({ type: 'message_stop' }))
  return dice(4) === 0 ? texts.map((text) => text.replaceAll('\n', '\r\n')) : texts
}

function innerEvent(dice: Dice): string {
  switch (dice(8)) {
    case 0:
      return 'event: ping\ndata: {"type": "ping"}\n\n'
    case 1:
      return ': a comment\n\n'
    case 2:
      return event({ type: 'brand_new', text: 'event: error' })
    case 3: {
      const delta = { type: 'thinking_delta', thinking: textOf(dice), estimated_tokens: dice(50) }
      return event({ type: 'content_block_delta', index: 0, delta })
    }
    case 4: {
      const delta = { type: 'input_json_delta', partial_json: textOf(dice) }
      return event({ type: 'content_block_delta', index: 0, delta })
    }
    default:
      return event(textDelta(textOf(dice)))
  }
}

const accountErrors = [
  ['billing_error', 'x'],
  ['invalid_request_error', 'Your credit balance is too low to access the API.'],
  ['rate_limit_error', "You're out of extra usage. Add more and keep going."],
  ['authentication_error', 'invalid x-api-key'],
] as const

function withAccountError(texts: readonly string[], dice: Dice): string[] {
  const [type, text] = accountErrors[dice(accountErrors.length)] ?? accountErrors[0]
  const error = event({ type: 'error', error: { type, message: text } })
  return [...texts.slice(0, 1 + dice(texts.length - 2)), error]
}

const absurd = [
  '-5',
  '1e18',
  '7.5',
  '"500"',
  'null',
  '[]',
  'NaN',
  '99999999999999999999',
  'true',
  '{}',
  '49000000',
]

function mutate(given: readonly string[], dice: Dice): Buffer {
  const texts = [...given]
  for (let count = 1 + dice(3); count > 0; count -= 1) mutateEvents(texts, dice)
  let text = texts.join('')
  if (dice(2) === 0) {
    const value = absurd[dice(absurd.length)] ?? 'null'
    const places = [...text.matchAll(/"(?:in|out)put_tokens":(\d+)/g)]
    const place = places[dice(Math.max(1, places.length))]
    if (place !== undefined)
      text =
        text.slice(0, place.index) +
        place[0].replace(/\d+$/, value) +
        text.slice(place.index + place[0].length)
  }
  const bytes = Buffer.from(text)
  for (let count = dice(3); count > 0 && bytes.length > 0; count -= 1)
    bytes[dice(bytes.length)] = dice(256)
  return bytes
}

function mutateEvents(texts: string[], dice: Dice): void {
  if (texts.length === 0) return
  const at = dice(texts.length)
  const other = dice(texts.length)
  const moved = texts[at] ?? ''
  switch (dice(6)) {
    case 0:
      texts.splice(at, 1)
      return
    case 1:
      texts.splice(other, 0, moved)
      return
    case 2:
      texts[at] = texts[other] ?? ''
      texts[other] = moved
      return
    case 3:
      texts.splice(
        at,
        0,
        event({ type: 'error', error: { type: 'api_error', message: 'Internal' } }),
      )
      return
    case 4:
      texts[at] = moved.slice(0, dice(moved.length + 1))
      return
    default:
      texts.splice(at, 0, 'data: [1]\n\n', 'nonsense\n', 'data:\n\n')
  }
}

function cutsOf(length: number, dice: Dice): readonly number[] {
  const most = [1, 7, 60, 2000][dice(4)] ?? 60
  const cuts: number[] = []
  for (let at = 1 + dice(most); at < length && cuts.length < 400; at += 1 + dice(most))
    cuts.push(at)
  return cuts
}
