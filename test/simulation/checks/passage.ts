import { MessageReader, type Message } from '../engine/message-reader.ts'
import type { Reply } from '../people/client.ts'

/** One request at the LLM API, and what it has said to it so far. */
export type Exchange = {
  readonly luck: string
  /** The body as far as it was sent. */
  text: string
  isWhole: boolean
  readonly reader: MessageReader
}

/** A key of ours, wherever it stands. */
const memberKey = /plim_[0-9a-z]/
const operatorKeys: ReadonlySet<string | undefined> = new Set(['sk-operator-1', 'sk-operator-2'])

/**
 * What passes between callers and the LLM API, held against each other: bodies arrive as they were sent, and nobody
 * sees the other side's key.
 */
export class Passage {
  readonly #bodies = new Map<string, string>()
  readonly #exchanges = new Map<string, Exchange>()
  /** What callers have read of streams. */
  readonly delivered = new Map<string, string>()
  readonly #onFault: (what: string, why: string) => void

  constructor(onFault: (what: string, why: string) => void) {
    this.#onFault = onFault
  }

  /** A caller is about to send this. */
  ask(luck: string, body: string): void {
    this.#bodies.set(luck, body)
  }

  /** The LLM API has read a whole request. */
  hear(luck: string, { headers, body }: Message): Exchange {
    const asked = this.#bodies.get(luck)
    if (asked !== undefined && asked !== body)
      this.#onFault('a request is changed on its way', `${luck}: ${body}`)
    // Whoever only looks whether the LLM API is back shows no key.
    if (headers.has('x-sim-luck') && !operatorKeys.has(headers.get('x-api-key')))
      this.#onFault("a request goes without the operator's key", luck)
    for (const [name, value] of headers) {
      const isOurs = memberKey.test(value) || name.startsWith('x-plimsoll-')
      if (isOurs) this.#onFault('the LLM API is told what is ours', `${luck}: ${name}`)
    }
    const exchange: Exchange = {
      luck,
      text: '',
      isWhole: false,
      reader: new MessageReader({
        body: (text) => (exchange.text += text),
        end: () => (exchange.isWhole = true),
      }),
    }
    this.#exchanges.set(luck, exchange)
    return exchange
  }

  /** A caller has read this, and reads no more. */
  read(luck: string, reply: Reply): void {
    if (reply.kind !== 'answer') return
    const exchange = this.#exchanges.get(luck)
    if (exchange === undefined || reply.headers.get('request-id') !== `req_up_${luck}`) return
    this.delivered.set(luck, reply.body)
    const fault = faultOfBody(reply, exchange)
    if (fault !== null) this.#onFault('an answer is changed on its way', `${luck}: ${fault}`)
  }

  /** The exchange of a request that goes on at the LLM API; undefined where there is none. */
  running(luck: string): Exchange | undefined {
    const exchange = this.#exchanges.get(luck)
    return exchange?.isWhole === false ? exchange : undefined
  }
}

/** What the LLM API said from its beginning on; behind it, between two events, there may be a last word of ours. */
function faultOfBody(
  { body, isWhole }: Extract<Reply, { kind: 'answer' }>,
  { text, isWhole: isSaid }: Exchange,
): string | null {
  if (text.startsWith(body)) {
    return isWhole && isSaid && body !== text ? `it ends after ${body.length} bytes` : null
  }
  const lastAt = body.lastIndexOf('event: error\n')
  const isBetween = lastAt === 0 || body.startsWith('\n\n', lastAt - 2)
  const isLast = [-1, body.length - 2].includes(body.indexOf('\n\n', Math.max(0, lastAt)))
  const isLastWord = lastAt >= 0 && isBetween && isLast
  if (isLastWord && text.startsWith(body.slice(0, lastAt))) return null
  const same = sameLength(body, text)
  return `byte ${same} is another one: ${body.slice(same, same + 60)}`
}

function sameLength(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length += 1
  return length
}
